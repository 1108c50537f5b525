"""A notebook as typed values: cells, statements, magics."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

CellType = Literal["code", "markdown", "raw"]
Format = Literal["ipynb", "source"]


@dataclass(frozen=True)
class Magic:
    """A line or cell that IPython or Databricks understands, not Python.

    Attributes:
        sigil: ``%``, ``%%``, ``!``, ``!!``, ``?`` or another of IPython's first characters.
        name: name behind the sigil, empty for ``!``.
        arguments: rest of the line; continued lines are joined.
        body: lines below, of a cell magic or of a cell in another language.
        target: left side of ``names = %magic``.
        line: first line in the cell, counted from 1.
        end_line: last line in the cell.
    """

    sigil: str
    name: str
    arguments: str
    line: int
    end_line: int
    body: str = ""
    target: str = ""

    @property
    def title(self) -> str:
        """What a person calls it: ``%%agent``, ``!``."""
        return f"{self.sigil}{self.name}"


@dataclass(frozen=True)
class Statement:
    """One top-level statement of a code cell.

    Attributes:
        cell: number of its cell, counted from 1 over all cells.
        line: first line in the cell, counted from 1, without the comments above.
        end_line: last line in the cell.
        text: its source; a magic inside it stands as a name ``__dex_magic_N__``.
        comments: whole-line comments right above it, each with its line; the last one of a cell may stand alone.
        node: its syntax tree, positions as in the cell; None for a magic or for comments that stand alone.
        magic: what it is, if it is a magic.
        inner: magics inside it, such as ``%time f()`` in a loop.
    """

    cell: int
    line: int
    end_line: int
    text: str
    comments: tuple[tuple[int, str], ...] = ()
    node: ast.stmt | None = None
    magic: Magic | None = None
    inner: tuple[Magic, ...] = ()
    column: int = 0


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        id: stable name of the cell; made from its content where the file has none.
        number: counted from 1 over all cells.
        type: code, markdown or raw.
        source: its text, with newlines as ``\\n``.
        tags: tags of its metadata.
        language: python, sql, scala, r.
        title: title of a Databricks cell.
        failed: its saved output is an error.
        first_line: line of the file where its source begins, for source files; 0 for .ipynb.
        raw: exact text in the file, for source files.
    """

    id: str
    number: int
    type: CellType
    source: str
    tags: tuple[str, ...] = ()
    language: str = "python"
    title: str = ""
    failed: bool = False
    first_line: int = 0
    raw: str | None = None

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Top-level statements in order.

        Raises:
            NotebookError: DEX-NOTEBOOK-05, the cell is no Python.
        """
        from dex.notebook.statements import split_cell

        return split_cell(self)


@dataclass(frozen=True)
class Notebook:
    """A notebook, as it is in its file.

    Attributes:
        path: where it was read from.
        format: ipynb or Databricks source.
        cells: in order.
        language: of cells that do not say.
        document: the whole JSON of an .ipynb, or what is needed to write a source file again.
    """

    path: Path
    format: Format
    cells: tuple[Cell, ...]
    language: str = "python"
    document: Mapping[str, Any] = field(default_factory=dict)

    def cell(self, cell_id: str) -> Cell:
        """Return a cell by its id.

        Raises:
            KeyError: there is none.
        """
        for cell in self.cells:
            if cell.id == cell_id:
                return cell
        raise KeyError(cell_id)
