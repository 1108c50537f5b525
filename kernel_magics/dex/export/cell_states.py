"""How the cells of a notebook stand to the module that was exported from it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, Literal

from dex_dbutils import DexError
from dex_dbutils.config import Project

from dex.export.exporting import Exporter, module_name, shown_path
from dex.export.mapping import map_path, read_map
from dex.export.models import ExportRefused, Model
from dex.export.module import Block
from dex.notebook import Notebook, read_notebook

State = Literal["exported", "changed", "refused"]


class CellState(Model):
    """How one cell stands to the exported module.

    Attributes:
        cell_id: id of the cell.
        cell: its number, counted from 1 over all cells.
        state: ``exported`` as it stands; ``changed`` since the export, which a new cell has too; ``refused``.
        functions: functions and classes of the module that come from the cell.
    """

    cell_id: str
    cell: int
    state: State
    functions: tuple[str, ...] = ()


class CellStates(Model):
    """How the cells of a notebook stand to its module.

    Attributes:
        module: path of the module, below the project; None where the notebook was never exported.
        cells: in order; cells without code for a job are left out.
    """

    module: str | None
    cells: tuple[CellState, ...] = ()


def cell_states(path: Path, project: Project) -> CellStates:
    """Return how the cells of a notebook stand to its exported module; nothing is written.

    A notebook that was never exported has no cells to speak of. Where the notebook cannot be exported any more, the
    cells in the way are ``refused``, and nothing is said of the others.

    Raises:
        NotebookError: the notebook cannot be read.
        ExportError: DEX-EXPORT-01, there is no project, or the notebook is not inside.
    """
    notebook = read_notebook(path)
    known = read_map(project.root / map_path(module_name(path)))
    if known.get("notebook") != shown_path(path, project):
        return CellStates(module=None)
    module = str(known.get("module"))
    try:
        draft = Exporter(project).draft(path)
    except ExportRefused as refused:
        return CellStates(module=module, cells=_refused(notebook, {r.cell for r in refused.refusals}))
    except DexError as error:
        cell = error.where.cell if error.where else None
        return CellStates(module=module, cells=_refused(notebook, {cell} if cell else set()))
    then = _blocks_then(known)
    now: dict[str, list[Block]] = {}
    for block in draft.blocks:
        now.setdefault(block.cell.id, []).append(block)
    return CellStates(
        module=module,
        cells=tuple(
            CellState(
                cell_id=cell.id,
                cell=cell.number,
                state="exported" if then.get(cell.id) == _digests(now.get(cell.id, [])) else "changed",
                functions=_functions(now.get(cell.id, [])),
            )
            for cell in notebook.cells
            if cell.id in now or cell.id in then
        ),
    )


def _refused(notebook: Notebook, numbers: set[int]) -> tuple[CellState, ...]:
    return tuple(
        CellState(cell_id=cell.id, cell=cell.number, state="refused")
        for cell in notebook.cells
        if cell.number in numbers
    )


def _blocks_then(known: dict[str, Any]) -> dict[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for entry in known.get("blocks", []):
        found.setdefault(entry["cell"], []).append((entry["segment"], entry["notebook_sha256"]))
    return {cell: sorted(blocks) for cell, blocks in found.items()}


def _digests(blocks: list[Block]) -> list[tuple[int, str]]:
    return sorted((block.segment, block.digest) for block in blocks)


def _functions(blocks: list[Block]) -> tuple[str, ...]:
    """Return what a person can import from the module: its functions and classes."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return tuple(
        piece.node.name
        for block in blocks
        if block.place == "module"
        for piece in block.pieces
        if isinstance(piece.node, definitions)
    )
