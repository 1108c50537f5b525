"""Show one result below a cell: text for logs, HTML for every notebook, JSON for the panel."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any


def show(data: Mapping[str, Any], volatile: Mapping[str, Any] | None = None) -> None:
    """Publish one final display.

    Args:
        data: content per MIME type, the same for the same input: `pytest --nbval` compares it.
        volatile: clock, cost and ids; they go to the output's metadata, which nobody compares.
    """
    from IPython.display import publish_display_data

    publish_display_data(data=dict(data), metadata={"dex": dict(volatile)} if volatile else None)


def show_object(value: Any) -> None:
    """Publish an object that knows its own MIME bundle."""
    bundle = value._repr_mimebundle_()
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, None)
    from IPython.display import publish_display_data

    publish_display_data(data=data, metadata=metadata)


def facts(kind: str, pairs: Mapping[str, str], payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bundle of a short list of facts.

    Args:
        kind: word in the MIME type ``application/vnd.dex.<kind>.v1+json``.
        pairs: label and value of each line.
        payload: the same as JSON.
    """
    width = max(len(label) for label in pairs)
    rows = "".join(
        f"<tr><th scope='row' style='text-align:left'>{escape(k)}</th><td style='text-align:left'>{escape(v)}</td></tr>"
        for k, v in pairs.items()
    )
    return {
        "text/plain": "\n".join(f"{label:<{width}}  {value}" for label, value in pairs.items()),
        "text/html": f"<table>{rows}</table>",
        f"application/vnd.dex.{kind}.v1+json": dict(payload),
    }
