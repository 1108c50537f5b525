"""What can be said of a Databricks notebook before anything of it runs."""

from __future__ import annotations

from pathlib import Path

from dex_dbutils import NotebookError, Where

from dex.notebook import Cell, Magic, Notebook, parse_run, read_notebook, resolve_run

_OTHER_LANGUAGES = {"scala": "Scala", "r": "R"}
_NO_KERNEL = "Run it on Databricks, or write the cell in Python."


def counts_on_databricks(notebook: Notebook) -> bool:
    """Return whether a notebook says that it is one of Databricks: a source file, or an .ipynb that was made there."""
    document = notebook.document.get("json")
    metadata = document.get("metadata") if isinstance(document, dict) else None
    made_there = isinstance(metadata, dict) and "application/vnd.databricks.v1+notebook" in metadata
    return notebook.format == "source" or made_there


def check_runnable(notebook: Notebook, root: Path | None) -> None:
    """Refuse a notebook that cannot come to its end here, before a cell has run.

    Looked at are the notebook and all that it reaches with ``%run``.

    Raises:
        NotebookError: DEX-NOTEBOOK-10, a cell is Scala or R; DEX-DATABRICKS-01 to -03, a ``%run`` cannot be read, or
            its notebook is not there or outside of the project; DEX-DATABRICKS-04, notebooks run each other in a
            circle.
    """
    _check(notebook, root, (notebook.path.resolve(),), set())


def refuse_circle(chain: tuple[Path, ...]) -> NotebookError:
    """Return the error for notebooks that run each other; the last one of the chain is in it before."""
    shown = " -> ".join(path.name for path in chain[chain.index(chain[-1]) :])
    return NotebookError(
        "DEX-DATABRICKS-04",
        f"Notebooks run each other in a circle: {shown}.",
        Where(str(chain[-2])),
        "Take one of these %run out; move what both need to a notebook of its own.",
    )


def _check(notebook: Notebook, root: Path | None, chain: tuple[Path, ...], seen: set[Path]) -> None:
    for cell in notebook.cells:
        if cell.type != "code":
            continue
        for magic in _magics(cell):
            if magic.name in _OTHER_LANGUAGES and magic.sigil in ("%", "%%"):
                raise NotebookError(
                    "DEX-NOTEBOOK-10",
                    f"Cell {cell.number} is {_OTHER_LANGUAGES[magic.name]}, which no kernel here runs.",
                    Where(str(notebook.path), cell=cell.number, line=magic.line),
                    _NO_KERNEL,
                )
            if magic.name == "run" and magic.sigil == "%":
                _check_run(notebook, cell, magic, root, chain, seen)


def _check_run(
    notebook: Notebook, cell: Cell, magic: Magic, root: Path | None, chain: tuple[Path, ...], seen: set[Path]
) -> None:
    try:
        target = resolve_run(parse_run(magic), notebook.path, root)
    except NotebookError as error:
        where = Where(str(notebook.path), cell=cell.number, line=magic.line)
        raise NotebookError(error.code, error.what, where, error.remedy) from None
    resolved = target.resolve()
    if resolved in chain:
        raise refuse_circle((*chain, resolved))
    if resolved not in seen:
        _check(read_notebook(target), root, (*chain, resolved), seen)
        seen.add(resolved)


def _magics(cell: Cell) -> list[Magic]:
    """Return the magics of a cell that stand at its top level; a cell that is no Python fails when it is reached."""
    try:
        return [s.magic for s in cell.statements if s.magic is not None]
    except NotebookError:
        return []
