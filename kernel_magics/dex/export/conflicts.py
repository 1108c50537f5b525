"""Conflicts that a sync left in a notebook: both texts in one cell, between lines that mark them."""

from __future__ import annotations

from dex_dbutils import ExportError, Where

from dex.notebook import RESOLVE, Cell, Notebook, merge_conflict

OURS, MIDDLE, THEIRS = "<<<<<<< notebook", "=======", ">>>>>>> module"


def both(mine: str, theirs: str) -> str:
    """Return two texts as one: lines that both begin or end with once, what differs between the marking lines."""
    a, b = mine.split("\n"), theirs.split("\n")
    least = min(len(a), len(b))
    head = next((i for i in range(least) if a[i] != b[i]), least)
    tail = next((i for i in range(least - head) if a[-1 - i] != b[-1 - i]), least - head)
    middle = [OURS, *a[head : len(a) - tail], MIDDLE, *b[head : len(b) - tail], THEIRS]
    return "\n".join([*a[:head], *middle, *a[len(a) - tail :]])


def conflict_in(cell: Cell) -> int | None:
    """Return the line where a conflict begins that a sync left in a cell; None where there is none."""
    lines = cell.source.split("\n")
    if cell.type == "code" and OURS in lines and any(line in lines for line in (MIDDLE, THEIRS)):
        return lines.index(OURS) + 1
    return None


def refuse_conflicts(notebook: Notebook, shown: str) -> None:
    """Raise where a cell still holds both texts of a conflict, of a sync or of a merge.

    Raises:
        ExportError: DEX-SYNC-04, of a sync; DEX-SYNC-10, of a merge.
    """
    for cell in notebook.cells:
        if (line := conflict_in(cell)) is not None:
            raise ExportError(
                "DEX-SYNC-04",
                f"Cell {cell.number} still holds both texts of a conflict.",
                Where(shown, line, cell=cell.number),
                "Keep one of them, or what both come to, and take the marking lines out.",
            )
    lines = [(cell, line, text) for cell in notebook.cells for line, text in enumerate(cell.source.split("\n"), 1)]
    if (at := merge_conflict([text for _, _, text in lines])) is not None:
        cell, line, _ = lines[at - 1]
        raise ExportError(
            "DEX-SYNC-10",
            "The notebook holds conflict markers of a git merge.",
            Where(shown, line, cell=cell.number),
            RESOLVE.format(shown),
        )
