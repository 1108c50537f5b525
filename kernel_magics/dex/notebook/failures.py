"""How a cell ended that raised: a failure with its place and the frames of the notebook, or an exit, which is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from dex_dbutils import NotebookError, Where

#: Last lines of a cell's traceback that are shown.
TRACEBACK_LINES = 12
#: Where a cell's frames stand in a traceback: number of the execution, line of the cell.
_CELL_LINE = re.compile(r"Cell In\[(\d+)\], line (\d+)")
_FRAME_OF_A_FILE = re.compile(r"File\s")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class CellFailed(NotebookError):
    """A cell failed: the notebook was read and run, but is not sound.

    Args:
        code: as `DexError`.
        what: as `DexError`.
        where: the notebook, the cell and its line.
        remedy: as `DexError`.
        traceback: last lines of what the kernel told about the error.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, what: str, where: Where, remedy: str, traceback: Sequence[str] = ()) -> None:
        super().__init__(code, what, where, remedy)
        self.traceback = tuple(traceback)

    def __str__(self) -> str:
        """Return the message as a person reads it, the end of the traceback below it."""
        return "\n".join([super().__str__(), *(f"  | {line}".rstrip() for line in self.traceback)])

    def to_dict(self) -> dict[str, Any]:
        """Return the parts for ``--json`` output and the panel."""
        return {**super().to_dict(), "traceback": list(self.traceback)}


def cell_failed(cell: Any, where: Where, name: str, value: str, out: Path | None) -> CellFailed:
    """Return the error of a cell that raised, with its line and the end of its traceback.

    Args:
        cell: the executed cell, its outputs below it.
        where: notebook and cell; the cell is None for one that was put in.
        name: name of the exception.
        value: its text.
        out: where the executed notebook is written.
    """
    lines = (value or "").strip().splitlines()
    what = f"{name}: {lines[0]}" if lines else name
    told = _traceback(cell)
    frames = [found.groups() for line in told if (found := _CELL_LINE.search(line))]
    places = [int(line) for run, line in frames if run == str(cell["execution_count"])]
    return CellFailed(
        "DEX-NOTEBOOK-08",
        f"A cell failed: {what}",
        replace(where, line=places[-1]) if places and where.cell is not None else where,
        f"The whole traceback is in {out}." if out else "--out keeps the whole traceback.",
        told[-TRACEBACK_LINES:],
    )


def show_exit(cell: Any) -> None:
    """Have an executed cell say that it ended the notebook, in place of the error that a kernel makes of it."""
    import nbformat

    cell["outputs"] = [
        nbformat.v4.new_output("display_data", {"text/plain": "\n".join(output["traceback"])})
        if output["output_type"] == "error" and output["ename"] == "NotebookExit"
        else output
        for output in cell["outputs"]
    ]


def _traceback(cell: Any) -> list[str]:
    """Return the lines of the traceback below a cell, without colours and installed packages' frames."""
    told = next((list(out["traceback"]) for out in reversed(cell["outputs"]) if out["output_type"] == "error"), [])
    frames = [_COLOURS.sub("", part) for part in told]
    own = [frame for frame in frames if not (_FRAME_OF_A_FILE.match(frame) and _is_installed(frame))]
    return [line.rstrip() for line in "\n".join(own).splitlines() if line.strip(" -")]


def _is_installed(frame: str) -> bool:
    import dex

    first = frame.partition("\n")[0]
    return "site-packages" in first or str(Path(dex.__file__).parent) in first
