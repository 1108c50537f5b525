"""Where in a notebook a line of its exported module, or of its generated tests, comes from."""

from __future__ import annotations

import ast
import re
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from dex_dbutils import NotebookError
from dex_dbutils.config import Project

from dex.export.mapping import file_digest, read_maps
from dex.export.models import Model
from dex.export.module_parts import parse_module
from dex.export.places.aligning import counterparts, kept_lines, nearest
from dex.notebook import Cell, Notebook, read_notebook

#: The docstring of a generated test names the cell that the test comes from.
_TEST_OF = re.compile(r"Cell \S+ \((?P<cell>.+?)\)(?:, line (?P<line>\d+))?")
_NEEDED = {"notebook", "module", "files", "cells", "blocks", "glue"}
#: Shorter lines, such as a lone bracket, say nothing about where they stand.
_TELLING = 4


class Place(Model):
    """A place in a notebook.

    Attributes:
        notebook: its path, below the project.
        cell_id: id of the cell; None for a part of the module that the export makes.
        cell: its number, counted from 1 over all cells; None where the notebook has it no more.
        line: line in the cell, counted from 1.
        file_line: line of the notebook's file, where it is a source file.
        about: the line is the nearest that can be told, as module or cell were edited since the export.
    """

    notebook: str
    cell_id: str | None = None
    cell: int | None = None
    line: int | None = None
    file_line: int | None = None
    about: bool = False

    def __str__(self) -> str:
        """Return it as a person reads it."""
        if self.cell_id is None:
            return f"{self.notebook}, a part that the export makes"
        if self.cell is None:
            return f"{self.notebook}, a cell that is gone"
        in_file = f" (line {self.file_line} of the file)" if self.file_line else ""
        return f"{self.notebook}, cell {self.cell}, {'about ' if self.about else ''}line {self.line}{in_file}"


class NotebookPlaces:
    """Finds the places in the notebooks of a project that lines of their modules come from.

    Args:
        project: where the source maps of its exports are.
    """

    def __init__(self, project: Project) -> None:
        self._modules = [
            ExportedModule(project.root, known)
            for _, known in read_maps(project.root)
            if str(known["module"]).endswith(".py")
        ]

    @property
    def modules(self) -> list[str]:
        """Paths of the exported modules, below the project."""
        return [module.path for module in self._modules]

    def find(self, file: str, line: int, said: AbstractSet[str] = frozenset()) -> Place | None:
        """Return the place that a line of a module comes from; None for a file that no notebook was exported to.

        Args:
            file: path of the module or of its test file, on whatever machine and in whatever folder it ran.
            line: line of it, counted from 1.
            said: texts of which one is known to stand in the line: they tell which edition of the module ran.
        """
        path = re.sub(r"[\\/]+", "/", file)
        for module in self._modules:
            if _ends_with(path, module.tail):
                return module.place(line, {text.strip() for text in said})
            if any(_ends_with(path, test) for test in module.tests):
                return module.place_of_test(line)
        return None


class _Line(NamedTuple):
    """A line of a module: its block, its line in the block's exported text, what it says, whether that is unchanged."""

    block: int
    at: int
    text: str
    kept: bool


class ExportedModule:
    """A module with its source map.

    Args:
        root: folder of the project.
        known: the source map.
    """

    def __init__(self, root: Path, known: dict[str, Any]) -> None:
        self._root, self._known = root, known
        self.path = str(known["module"])
        self.tail = "/".join(self.path.split("/")[-2:])  # package and file: all that stays the same in a wheel
        self.tests = [path for path in known["files"] if path.startswith("tests/")]
        self._blocks: list[dict[str, Any]] = known["blocks"]

    def place(self, line: int, said: AbstractSet[str]) -> Place:
        """Return the place that a line of the module comes from, as `NotebookPlaces.find`."""
        found, sure = self._line_at(line, said)
        if found is None:
            return Place(notebook=self._notebook_path, about=not sure)
        block = self._blocks[found.block]
        return self._in_cell(block["cell"], self._cell_lines(found.block)[found.at], sure)

    def place_of_test(self, line: int) -> Place | None:
        """Return the place that the generated test at a line of the test file comes from; None between the tests."""
        for node in self._test_functions:
            first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
            if first <= line <= (node.end_lineno or line):
                named = _TEST_OF.match(ast.get_docstring(node) or "")
                if named is None or named["cell"] not in self._known["cells"]:
                    return None
                return self._in_cell(named["cell"], int(named["line"] or 1), named["line"] is not None)
        return None

    @cached_property
    def _test_functions(self) -> list[ast.FunctionDef]:
        found: list[ast.FunctionDef] = []
        for test in self.tests:
            try:
                tree = ast.parse((self._root / test).read_text("utf-8"))
            except (OSError, ValueError, SyntaxError):
                continue
            found += [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        return found

    def _line_at(self, line: int, said: AbstractSet[str]) -> tuple[_Line | None, bool]:
        """Return what is known of a line of the module, and whether that is sure; None for what the export makes.

        Where it is not known whether the module that ran is the exported one or the one in the project, the text of
        the line tells.
        """
        versions = [version for version in (self._edited, self._exported) if version]
        for version in versions:
            if line in version and (not said or version[line].text in said):
                return version[line], version[line].kept and (bool(said) or len(versions) == 1)
        if said & self._made_by_the_export:
            return None, True
        for version in versions:
            if same := [at for at, there in version.items() if len(there.text) >= _TELLING and there.text in said]:
                return version[min(same, key=lambda at: abs(at - line))], False
        return next((version[line] for version in versions if line in version), None), False

    def _cell_lines(self, number: int) -> list[int]:
        """Return for each line of a block as it was exported the line of the cell that it was made from."""
        block = self._blocks[number]
        first, last = block["notebook_lines"]
        own = counterparts(block["text"], self._known["cells"][block["cell"]][first - 1 : last])
        return [first + nearest(own, index) for index in range(len(own))]

    @cached_property
    def _exported(self) -> dict[int, _Line]:
        """The lines of the module as it was exported."""
        return {
            block["module_lines"][0] + index: _Line(number, index, text.strip(), True)
            for number, block in enumerate(self._blocks)
            for index, text in enumerate(block["text"])
        }

    @cached_property
    def _edited(self) -> dict[int, _Line]:
        """The lines of the module as it is in the project now; none where it is the exported one, or no Python."""
        try:
            source = (self._root / self.path).read_text("utf-8")
            if file_digest(source) == self._known["files"].get(self.path):
                return {}
            parts = parse_module(source, set(self._known["glue"].get("headings", ())))
        except (OSError, ValueError, SyntaxError):
            return {}
        numbers = {(block["cell"], block["segment"]): number for number, block in enumerate(self._blocks)}
        found: dict[int, _Line] = {}
        for part in parts.blocks:
            number = numbers.get((part.cell, part.segment))
            if number is None:
                continue
            then = self._blocks[number]["text"]
            kept, near = kept_lines(part.lines, then), counterparts(part.lines, then)
            for index, text in enumerate(part.lines):
                at = kept[index]
                line = nearest(near, index) if at is None else at
                found[part.line + index] = _Line(number, line, text.strip(), at is not None)
        return found

    @cached_property
    def _made_by_the_export(self) -> set[str]:
        return {line.strip() for lines in self._known["glue"].values() for line in lines}

    def _in_cell(self, cell_id: str, line: int, sure: bool) -> Place:
        """Return a place in a cell as it is now, from the line that it had at the export."""
        place = Place(notebook=self._notebook_path, cell_id=cell_id, about=True)
        then: list[str] = self._known["cells"][cell_id]
        cell = self._cell(cell_id, then)
        if cell is None:
            return place
        now = cell.source.split("\n")
        at = min(line, len(then)) - 1
        index = kept_lines(then, now)[at]
        if index is None:
            sure, index = False, nearest(counterparts(then, now), at)
        in_file = cell.first_line + index if cell.first_line else None
        return place.model_copy(
            update={"cell": cell.number, "line": index + 1, "file_line": in_file, "about": not sure}
        )

    def _cell(self, cell_id: str, then: list[str]) -> Cell | None:
        """Return a cell of the notebook as it is now: by its id, else the one cell of the same text."""
        cells = self._notebook.cells if self._notebook else ()
        by_id = [cell for cell in cells if cell.id == cell_id]
        by_text = [cell for cell in cells if cell.source.split("\n") == then]
        return next((found[0] for found in (by_id, by_text) if len(found) == 1), None)

    @cached_property
    def _notebook(self) -> Notebook | None:
        try:
            return read_notebook(self._root / self._notebook_path)
        except NotebookError:
            return None

    @property
    def _notebook_path(self) -> str:
        return str(self._known["notebook"])


def _ends_with(path: str, tail: str) -> bool:
    return path == tail or path.endswith(f"/{tail}")
