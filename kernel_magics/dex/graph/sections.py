"""Sections of a notebook that could be tasks of their own: those below Markdown headings of the second level."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dex_dbutils import NotebookError

from dex.export import changed_in_place
from dex.graph.facts import Facts
from dex.graph.models import Place, Question
from dex.notebook import Cell, Notebook, flow_of

_HEADING = re.compile(r"##\s+(.+?)\s*#*\s*$")
_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
#: Magics that change what the cells below them have.
_SETUP = ("run", "pip", "conda", "cd", "env", "load_ext", "dex_env")


@dataclass(frozen=True)
class Section:
    """A heading and the cells below it; the first has no heading."""

    title: str
    cells: tuple[Cell, ...]

    @property
    def numbers(self) -> list[int]:
        """The numbers of its cells of code."""
        return [cell.number for cell in self.cells if cell.type == "code" and cell.source.strip()]

    @property
    def slug(self) -> str:
        """Its heading as a part of a task's key: what stands before a colon."""
        return re.sub(r"\W+", "_", self.title.partition(":")[0], flags=re.ASCII).strip("_").lower() or "section"


@dataclass(frozen=True)
class Split:
    """What became of a notebook's sections.

    Attributes:
        sections: those that are tasks; none where the notebook is one task.
        shared: cells that every task needs: those above the first of them, and definitions.
        question: why it is one task although it could be several.
    """

    sections: tuple[Section, ...] = ()
    shared: tuple[int, ...] = ()
    question: Question | None = None


def split(notebook: Notebook, shown: str, facts: Facts) -> Split:
    """Return the sections that exchange tables and nothing else, or why the notebook is one task.

    Args:
        notebook: what was read.
        shown: its path in places.
        facts: what it does.
    """
    above, sections = _with_setup(_sections(notebook), facts)
    writing = [s for s in sections if any(use.how != "read" and use.cell in s.numbers for use in facts.uses)]
    if len(writing) < 2 or facts.pipeline:
        return Split()
    reasons = list(_reasons(above, sections, facts))
    if not reasons:
        shared = tuple(number for each in above for number in each.numbers)
        definitions = tuple(c.number for s in sections for c in s.cells if c.number in s.numbers and _only_defines(c))
        tasks = tuple(s for s in sections if any(not _only_defines(c) for c in s.cells if c.number in s.numbers))
        return Split(tasks, (*shared, *definitions))
    names = ", ".join(f"'{section.title}'" for section in writing)
    told = "; ".join(dict.fromkeys(text for text, _ in reasons[:3]))
    more = f" (and {len(reasons) - 3} more)" if len(reasons) > 3 else ""
    return Split(
        question=Question(
            code="DEX-GRAPH-19",
            text=f"Its sections {names} write tables, and could be tasks but for this: {told}{more}. It is one task.",
            places=[Place(notebook=shown, cell=cell) for cell in dict.fromkeys(cell for _, cell in reasons[:3])],
            remedy="Let each section read what it needs from tables, or say that it is one: `dex: task {sections: false}`.",
        )
    )


def _sections(notebook: Notebook) -> list[Section]:
    found: list[tuple[str, list[Cell]]] = [("", [])]
    for cell in notebook.cells:
        title = _heading(cell) if cell.type == "markdown" else None
        if title is not None:
            found.append((title, []))
        found[-1][1].append(cell)
    return [Section(title, tuple(cells)) for title, cells in found]


def _heading(cell: Cell) -> str | None:
    fenced = False
    for line in cell.source.split("\n"):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        match = None if fenced else _HEADING.match(line)
        if match:
            return match.group(1)
    return None


def _with_setup(sections: Sequence[Section], facts: Facts) -> tuple[list[Section], list[Section]]:
    """Return the sections above the first that touches a table, and the others that hold code."""
    touching = {use.cell for use in facts.uses} | {value.cell for value in facts.values}
    first = next((i for i, s in enumerate(sections) if i and touching & set(s.numbers)), len(sections))
    return list(sections[:first]), [section for section in sections[first:] if section.numbers]


def _reasons(above: Sequence[Section], sections: Sequence[Section], facts: Facts) -> Iterator[tuple[str, int]]:
    """Yield what sections exchange besides tables, with the cell that shows it."""
    setup = {number for section in above for number in section.numbers}
    home = {number: i for i, section in enumerate(sections) for number in section.numbers}
    for use in facts.uses:
        if use.how != "read" and use.cell in setup:
            yield f"the cells above the first heading write {use.name.table}", use.cell
    touching = {use.cell for use in facts.uses} | {value.cell for value in facts.values}
    for section in sections:
        if not touching & set(section.numbers) and not all(_only_defines(c) for c in section.cells):
            yield f"'{section.title}' does something, and reads and writes no table", section.numbers[0]
    given: dict[object, int] = {}
    for shared, cell in facts.gives:
        given.setdefault(shared, cell)
        if shared[1].startswith("spark.conf") and home.get(cell, len(sections)) < len(sections) - 1:
            yield f"cell {cell} sets {shared[1]}, which holds below it", cell
    for shared, cell in facts.takes:
        maker = given.get(shared)
        if maker in home and home.get(cell) != home[maker]:
            kind, name = shared
            what = {"view": f"the temporary view `{name}`", "widget": f"the widget `{name}`"}.get(kind, name)
            yield f"cell {cell} needs {what} of cell {maker}", cell
    yield from _names(above, sections, home)


def _names(above: Sequence[Section], sections: Sequence[Section], home: Mapping[int, int]) -> Iterator[tuple[str, int]]:
    """Yield variables that a section takes from another one."""
    setters: dict[str, Cell] = {}
    defined: dict[str, frozenset[str]] = {}
    for cell in (cell for section in (*above, *sections) for cell in section.cells if cell.type == "code"):
        try:
            statements = cell.statements
        except NotebookError:
            continue
        for statement in statements:
            magic = statement.magic
            if magic is not None and magic.name in _SETUP and cell.number in home:
                yield f"cell {cell.number} has `{magic.title}`, which holds below it", cell.number
            if statement.node is None:
                continue
            flow = flow_of(statement.node)
            for name in flow.needs:
                setter = setters.get(name)
                if setter is None or name in defined or setter.number not in home:
                    continue
                if home[setter.number] != home.get(cell.number):
                    yield f"cell {cell.number} needs `{name}` of cell {setter.number}", cell.number
            holds = _defines(statement.node)
            for name in flow.binds:
                setters[name] = cell
                if holds:
                    defined[name] = frozenset(flow.needs)
                else:
                    defined.pop(name, None)
            for name in changed_in_place(statement.node) & set(setters):
                setters[name] = cell
                defined.pop(name, None)
            _drop_dependent(defined, setters)


def _drop_dependent(defined: dict[str, frozenset[str]], setters: Container[str]) -> None:
    """Drop functions that need something which is set and is no definition."""
    while lost := [n for n, needs in defined.items() if any(o in setters and o not in defined for o in needs)]:
        for name in lost:
            del defined[name]


def _only_defines(cell: Cell) -> bool:
    """Return whether a cell holds nothing but imports, functions, classes and literal constants."""
    try:
        return all(_defines(statement.node) for statement in cell.statements if statement.node or statement.magic)
    except NotebookError:
        return False


def _defines(node: ast.stmt | None) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        try:
            ast.literal_eval(node.value)
        except (ValueError, SyntaxError, TypeError):
            return False
        return True
    return isinstance(node, _DEFINITIONS)
