"""A notebook made ready for a kernel: parameters put in, the environment set, source cells as notebook cells."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dex_dbutils import NotebookError, Where

from dex.notebook.ipynb import VENDOR_CELL
from dex.notebook.models import Cell, Notebook
from dex.notebook.parameters import assignments


@dataclass
class Executable:
    """What nbclient runs.

    Attributes:
        node: the notebook as nbformat has it; outputs are written into it.
        code: index and node of the code cells to run.
        numbers: number of the cell in the person's notebook, by index; None for cells that were put in.
        environment: the environment that its first ``%dex_env`` names; None where the project's default holds.
    """

    node: Any
    code: list[tuple[int, Any]]
    numbers: list[int | None]
    environment: str | None = None

    def number(self, index: int) -> int | None:
        """Return the number of a cell in the person's notebook."""
        return self.numbers[index]

    def change_outputs(self, change: Callable[[Any], Any]) -> None:
        """Put what a function returns of a cell's outputs in their place."""
        from nbformat import from_dict

        for _, cell in self.code:
            cell["outputs"] = from_dict(change(cell["outputs"]))

    def text(self) -> str:
        """Return the notebook with its outputs, as JSON."""
        import nbformat

        return str(nbformat.writes(self.node, version=nbformat.NO_CONVERT)).rstrip("\n") + "\n"


def executable(notebook: Notebook, parameters: Mapping[str, Any], environment: str | None) -> Executable:
    """Return a notebook as a kernel can run it; the file stays as it is.

    Raises:
        NotebookError: DEX-NOTEBOOK-06, a parameter cannot be set; DEX-NOTEBOOK-10, a cell is in a language that no
            local kernel runs.
    """
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

    cells: list[Any] = []
    numbers: list[int | None] = []
    for cell in notebook.cells:
        if cell.type == "markdown":
            node = new_markdown_cell(cell.source)
        elif cell.type == "raw":
            node = new_raw_cell(cell.source)
        elif cell.language == "sql":
            node = new_code_cell(f"%sql\n{cell.source}")
        elif cell.language != "python":
            raise NotebookError(
                "DEX-NOTEBOOK-10",
                f"Cell {cell.number} is {cell.language}, which no kernel here runs.",
                Where(str(notebook.path), cell=cell.number, line=1),
                "Run it on Databricks, or write the cell in Python.",
            )
        else:
            node = new_code_cell(_with_environment(cell, environment) if environment else cell.source)
        node["id"] = cell.id[:64]
        node["metadata"]["tags"] = [tag for tag in cell.tags if tag != "injected-parameters"] if cell.tags else []
        if not node["metadata"]["tags"]:
            del node["metadata"]["tags"]
        if cell.title:
            node["metadata"][VENDOR_CELL] = {"title": cell.title, "showTitle": True}
        if "injected-parameters" in cell.tags:
            continue  # of an earlier run
        cells.append(node)
        numbers.append(cell.number)
    _inject(notebook, cells, numbers, parameters)
    setup = _setup(notebook, environment)
    if setup:
        cells.insert(0, new_code_cell(setup, id="dex-binding", metadata={"tags": ["injected-dex"]}))
        numbers.insert(0, None)
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    node = new_notebook(cells=cells, metadata={**_metadata(notebook), **metadata})
    code = [(i, c) for i, c in enumerate(cells) if c["cell_type"] == "code"]
    return Executable(node, code, numbers, environment or _named_environment(notebook))


def _metadata(notebook: Notebook) -> dict[str, Any]:
    document = notebook.document.get("json", {})
    metadata = document.get("metadata") if isinstance(document, dict) else None
    copied: dict[str, Any] = json.loads(json.dumps(metadata)) if isinstance(metadata, dict) else {}
    return copied


def _inject(notebook: Notebook, cells: list[Any], numbers: list[int | None], parameters: Mapping[str, Any]) -> None:
    """Put a cell with the parameters below the one tagged ``parameters``, as papermill does."""
    if not parameters:
        return
    from nbformat.v4 import new_code_cell

    tagged = next((i for i, c in enumerate(cells) if "parameters" in c["metadata"].get("tags", [])), None)
    if tagged is None and any(
        word in cell.source for cell in notebook.cells if cell.type == "code" for word in ("widgets", "getArgument")
    ):
        return  # its widgets have the values
    cell = new_code_cell(assignments(parameters), id="dex-parameters", metadata={"tags": ["injected-parameters"]})
    place = 0 if tagged is None else tagged + 1
    cells.insert(place, cell)
    numbers.insert(place, None)


def _magics(cell: Cell) -> list[tuple[int, int, str, str]]:
    """Return first line, last line, name and arguments of the line magics of a cell."""
    try:
        statements = cell.statements
    except NotebookError:
        return []
    found = [s.magic for s in statements if s.magic is not None] + [m for s in statements for m in s.inner]
    return [(m.line, m.end_line, m.name, m.arguments) for m in found if m.sigil == "%"]


def _with_environment(cell: Cell, environment: str) -> str:
    """Return a cell's source with every ``%dex_env NAME`` naming another environment."""
    if "dex_env" not in cell.source:
        return cell.source
    lines = cell.source.split("\n")
    for line, _, name, arguments in _magics(cell):
        words = arguments.split()
        named = _environment_word(words)
        if name == "dex_env" and named is not None:
            words[named] = environment
            indent = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
            lines[line - 1] = f"{indent}%dex_env {' '.join(words)}"
    return "\n".join(lines)


def _environment_word(words: list[str]) -> int | None:
    """Return which word behind ``%dex_env`` is the environment's name."""
    for i, word in enumerate(words):
        if not word.startswith("-") and (i == 0 or words[i - 1] not in ("--engine", "--confirm")):
            return i
    return None


def _named_environment(notebook: Notebook) -> str | None:
    """Return the environment that the first ``%dex_env`` of a notebook names, or that is put in for it."""
    for cell in notebook.cells:
        for _, _, name, arguments in _magics(cell) if cell.type == "code" else ():
            if name == "dex_env":
                words = arguments.split()
                place = _environment_word(words)
                return words[place] if place is not None else None
    return "local" if _needs_binding(notebook, None) else None


def _setup(notebook: Notebook, environment: str | None) -> str:
    """Return what has to run before the first cell: the environment and, for a notebook of Databricks, its magics."""
    from dex.databricks import counts_on_databricks

    lines: list[str] = []
    if _needs_binding(notebook, environment):
        lines.append(f"%dex_env {environment}" if environment else "%dex_env local")
    if counts_on_databricks(notebook):
        lines.append("%dex_databricks on")
    return "\n".join(["%load_ext dex", *lines]) if lines else ""


def _needs_binding(notebook: Notebook, environment: str | None) -> bool:
    """Return whether the notebook counts on a session that its platform gives it."""
    for cell in notebook.cells:
        for _, _, name, arguments in _magics(cell):
            if name == "dex_env" or (name == "load_ext" and arguments.split()[:1] == ["dex"]):
                return False
    document = notebook.document.get("json")
    metadata = document.get("metadata") if isinstance(document, dict) else None
    made_there = isinstance(metadata, dict) and "application/vnd.databricks.v1+notebook" in metadata
    return notebook.format == "source" or made_there or environment is not None
