"""Requests of the demo's notebook to an agent, and what came of a run."""

from __future__ import annotations

import json
from typing import Any

from support import ROOT

NOTEBOOK = ROOT / "notebook_templates/dex_templates/flights/notebooks/flights.ipynb"


def cells() -> dict[str, str]:
    return {cell["id"]: "".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]}


def request_of(cell: str) -> str:
    return cells()[cell].partition("\n")[2]


def statuses(run: Any) -> dict[str, str]:
    return {check.name: check.status for check in run.verdict.checks}
