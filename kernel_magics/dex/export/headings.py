"""The headings of a notebook's text cells, and titles of its code cells."""

from __future__ import annotations

from dex.notebook import Notebook


def headline(notebook: Notebook) -> tuple[str, str]:
    """Return the notebook's first heading and the paragraph below it."""
    for cell in notebook.cells:
        if cell.type == "markdown":
            lines = [line.strip() for line in cell.source.split("\n")]
            first = next(iter(_headings(lines)), None)
            if first is not None:
                below = "\n".join(lines[first + 1 :]).strip().split("\n\n")[0]
                return _words(lines[first]) or notebook.path.stem, (
                    below if not below.startswith(("#", "-", "*", "|", "<", "!", "```", "~~~")) else ""
                )
        if cell.type == "code" and cell.source.strip() and cell.language == "python":
            break
    return notebook.path.stem.replace("_", " ").strip().capitalize() or "Notebook", ""


def headings_of(notebook: Notebook) -> dict[int, str]:
    """Return the headings below the first one, as comments, by the number of their cell."""
    found: dict[int, str] = {}
    first = True
    for cell in notebook.cells:
        title = cell.title if cell.type == "code" else ""
        if cell.type == "markdown":
            lines = cell.source.split("\n")
            title = next((_words(lines[i]) for i in _headings(lines)), "")
        if title and not (first and cell.type == "markdown"):
            found[cell.number if cell.type == "markdown" else cell.number - 1] = f"# {printable(title)}"
        if cell.type == "markdown" and title:
            first = False
    return found


def printable(text: str, keep: str = "") -> str:
    """Return a text without control characters, but those to keep, and without bytes that are not UTF-8."""
    kept = "".join(c if (c >= " " and not "\x7f" <= c <= "\x9f") or c in keep else " " for c in text)
    return kept.encode("utf-8", "replace").decode("utf-8")


def _headings(lines: list[str]) -> list[int]:
    """Return which lines of Markdown are headings: a comment of code between fences is none."""
    found: list[int] = []
    fence = ""
    for number, line in enumerate(lines):
        mark = line.lstrip()[:3]
        if fence:
            fence = "" if mark == fence else fence
        elif mark in ("```", "~~~"):
            fence = mark
        elif mark.startswith("#"):
            found.append(number)
    return found


def _words(heading: str) -> str:
    return heading.strip().lstrip("#").strip()
