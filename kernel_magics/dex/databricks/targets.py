"""``%run`` of a notebook: its cells in this notebook, with its names."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dex.databricks.checking import refuse_circle
from dex.notebook import Cell, Notebook, RunReference, read_notebook, resolve_run

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

#: Where a run's parameters are handed to its widgets.
_PARAMETERS = "DEX_PARAMETERS"


class Targets:
    """The notebooks that run in this kernel right now, the innermost one last.

    Args:
        shell: whose names they share.
        root: folder of the project, or None.
        notebook: file of the notebook that this kernel runs.
    """

    def __init__(self, shell: InteractiveShell, root: Path | None, notebook: Path) -> None:
        self._shell = shell
        self._root = root
        self._chain: list[Path] = [notebook]

    def find(self, reference: RunReference) -> Path:
        """Return the file that a ``%run`` in the notebook that runs now means."""
        return resolve_run(reference, self._chain[-1], self._root)

    def run(self, target: Path, arguments: Mapping[str, str]) -> None:
        """Run the cells of a notebook; ``dbutils.notebook.exit`` in it ends it alone.

        While it runs, its widgets have the values of ``arguments``.

        Raises:
            NotebookError: DEX-DATABRICKS-04, it is running already; or it cannot be read.
            Exception: what a cell raised, with the file and line in its traceback.
        """
        from dex_dbutils.utilities import NotebookExit

        resolved = target.resolve()
        before = tuple(path.resolve() for path in self._chain)
        if resolved in before:
            raise refuse_circle((*before, resolved))
        notebook = read_notebook(target)
        self._chain.append(target)
        try:
            with _widget_values(arguments):
                for cell in notebook.cells:
                    if cell.type == "code":
                        self._cell(notebook, cell)
        except NotebookExit as exit_:
            print(f"{target.name} exited: {exit_.value}")
        finally:
            self._chain.pop()

    def _cell(self, notebook: Notebook, cell: Cell) -> None:
        source = cell.source if cell.language == "python" else f"%{cell.language} {cell.source}"
        text = self._shell.transform_cell(source)
        name = str(notebook.path) if cell.first_line else f"{notebook.path}, cell {cell.number}"
        tree = ast.parse(text, name)
        ast.increment_lineno(tree, max(0, cell.first_line - 1))
        for node in tree.body:
            # a bare expression is shown, as below a cell
            whole: Any = ast.Interactive([node]) if isinstance(node, ast.Expr) and node is tree.body[-1] else None
            code = compile(whole or ast.Module([node], []), name, "single" if whole else "exec")
            exec(code, self._shell.user_ns)  # noqa: S102 - the person's own code, which the cell asks for


@contextmanager
def _widget_values(arguments: Mapping[str, str]) -> Iterator[None]:
    before = os.environ.get(_PARAMETERS)
    given = json.loads(before) if before else {}
    if arguments:
        os.environ[_PARAMETERS] = json.dumps({**given, **arguments})
    try:
        yield
    finally:
        if arguments:
            os.environ.pop(_PARAMETERS, None)
            if before is not None:
                os.environ[_PARAMETERS] = before
