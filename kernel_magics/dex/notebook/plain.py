"""Files of Python or SQL that are no notebooks: what a job runs as it is."""

from __future__ import annotations

from pathlib import Path

from dex.notebook.models import Cell, Notebook
from dex.notebook.source import is_source

_LANGUAGES = {".py": "python", ".sql": "sql"}


def is_plain(path: Path) -> bool:
    """Return whether a file is plain Python or SQL, and no notebook."""
    if path.suffix.lower() not in _LANGUAGES or not path.is_file():
        return False
    with path.open("rb") as file:
        return not is_source(path, file.readline(200).decode("utf-8", "replace"))


def read_plain(path: Path) -> Notebook:
    """Return a file of Python or SQL as a notebook of one cell."""
    language = _LANGUAGES[path.suffix.lower()]
    text = path.read_text("utf-8-sig", errors="surrogateescape")
    cell = Cell("1", 1, "code", text, language=language, first_line=1)
    return Notebook(path, "source", (cell,), language)
