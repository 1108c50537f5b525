"""What a notebook gets of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex_agents.display.html import run_html
from dex_agents.display.text import run_text

if TYPE_CHECKING:
    from dex_agents.models import Run

MIME_TYPE = "application/vnd.dex.run.v1+json"
#: Fields that differ from run to run; they go to the output's metadata, which nobody compares.
_VOLATILE = {"id", "started", "seconds", "tokens"}


def run_bundle(run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the data of one display, and its metadata."""
    left_out = _VOLATILE if run.outcome == "dry run" else _VOLATILE | {"prompt"}
    data = {
        "text/plain": run_text(run),
        "text/html": run_html(run),
        MIME_TYPE: run.model_dump(mode="json", exclude=left_out),
    }
    volatile = {
        "run_id": run.id,
        "started": run.started.isoformat(timespec="seconds"),
        "seconds": run.seconds,
        "tokens": run.tokens.total,
        "provider": run.provider,
        "model": run.model,
        "environment": run.environment,
        "verified": run.status == "passed",
        "prompt_sha256": run.prompt_sha256,
    }
    return data, {"dex": volatile}
