"""The page that shows the demo's export, filled from an export."""

from __future__ import annotations

import re
from pathlib import Path

from dex.export import export_notebook
from dex_dbutils.config import find_project
from dex_templates import create_project
from support import ROOT

PAGE = ROOT / "docs/demo-export.md"
#: A place of the page: what it shows, and the fence that shows it.
_PLACE = re.compile(r"<!-- (\S+) -->\n(?:\n(`{3,})\w*\n.*?\n\2\n)?", re.DOTALL)
_LANGUAGES = {".py": "py", ".yml": "yml"}


def filled(page: str, folder: Path) -> str:
    """Return a page with the files of the demo's export, and its report, at the places that name them.

    Args:
        page: its text.
        folder: where the demo project is made.
    """
    project = create_project("flights", folder / "flights")
    report = export_notebook(project / "notebooks/flights.ipynb", find_project(project))

    def show(place: re.Match[str]) -> str:
        name = place[1]
        text = report.to_text() if name == "report" else (project / name).read_text("utf-8")
        language = "text" if name == "report" else _LANGUAGES[Path(name).suffix]
        return f"<!-- {name} -->\n\n```{language}\n{text.rstrip()}\n```\n"

    return _PLACE.sub(show, page)


def save(folder: Path) -> None:
    """Fill the page in this checkout."""
    PAGE.write_text(filled(PAGE.read_text("utf-8"), folder), "utf-8")
