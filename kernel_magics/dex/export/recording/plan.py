"""What a recording will watch: functions of the module, asserts of `main`, tables."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from dex.export.models import Model
from dex.export.module import Block, digest
from dex.export.pieces import Piece
from dex.export.purity import writes
from dex.export.tables import Tables

_SORTING = ("orderBy", "sort")
#: Methods that keep the order of the rows.
_ORDERED = ("limit", "select", "drop", "withColumn", "withColumns", "withColumnRenamed", "head", "take", "collect")
_NOT_PLAIN = ast.AsyncFunctionDef | ast.Yield | ast.YieldFrom


class Watched(Model):
    """A function to watch.

    Attributes:
        name: its name in the module.
        cell: id of its cell.
        digest: SHA-256 of its text.
        reason: why it is not recorded; empty where it is.
        ordered: it sorts what it gives.
    """

    name: str
    cell: str
    digest: str
    reason: str = ""
    ordered: bool = False


class WatchedAssert(Model):
    """An assert of `main`: the line of the module, and where it comes from."""

    module_line: int
    cell: str
    line: int
    digest: str


@dataclass(frozen=True)
class RecordingPlan:
    """What a recording of a notebook will watch.

    Attributes:
        functions: functions at the top of the module, with the reason where one cannot be recorded.
        asserts: asserts at the top level of the notebook.
        tables: what `main` reads and writes.
        missing: parameters without a value.
        cells: first line of each block in the module, and the id of its cell.
        numbers: number of each cell by its id.
    """

    functions: list[Watched] = field(default_factory=list)
    asserts: list[WatchedAssert] = field(default_factory=list)
    tables: Tables = field(default_factory=Tables)
    missing: tuple[str, ...] = ()
    cells: list[tuple[int, str]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def function(self, name: str) -> Watched | None:
        """Return what is watched under a name, or None."""
        return next((f for f in self.functions if f.name == name), None)


def plan_recording(
    pieces: list[Piece], blocks: list[Block], module: str, tables: Tables, missing: tuple[str, ...]
) -> RecordingPlan:
    """Return what a recording will watch.

    Args:
        pieces: the notebook's statements, placed.
        blocks: the same as blocks of the module.
        module: source of the module.
        tables: what `main` reads and writes.
        missing: parameters without a value.
    """
    tree = ast.parse(module)
    lines = module.split("\n")
    defined = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    reaching = _reaching(defined)
    functions = [
        Watched(
            name=piece.node.name,
            cell=block.cell.id,
            digest=digest(piece.text),
            reason=_reason(defined[piece.node.name], reaching[piece.node.name], tree),
            ordered=_sorts(defined[piece.node.name]),
        )
        for block in blocks
        if block.place == "module"
        for piece in block.pieces
        if isinstance(piece.node, ast.FunctionDef) and piece.node.name in defined
    ]
    main = defined.get("main")
    there = [n.lineno for n in main.body if isinstance(n, ast.Assert)] if main else []
    asked = [p for p in pieces if p.place == "main" and isinstance(p.node, ast.Assert)]
    asserts = [
        WatchedAssert(module_line=line, cell=p.cell.id, line=p.statement.line, digest=digest(p.text))
        for line, p in zip(there, asked, strict=False)
        if len(there) == len(asked)
    ]
    markers = {block.marker: block.cell.id for block in blocks}
    cells = [(n, markers[t.strip()]) for n, t in enumerate(lines, start=1) if t.strip() in markers]
    numbers = {block.cell.id: block.cell.number for block in blocks}
    return RecordingPlan(functions, asserts, tables, missing, cells, numbers)


def _reaching(defined: dict[str, ast.FunctionDef]) -> dict[str, set[str]]:
    """Return for every function the functions of the module that a call of it may run."""
    direct = {
        name: {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in defined}
        for name, node in defined.items()
    }
    found: dict[str, set[str]] = {}
    for name in defined:
        seen, todo = {name}, [name]
        while todo:
            new = direct[todo.pop()] - seen
            seen |= new
            todo += new
        found[name] = seen
    return found


def _reason(node: ast.FunctionDef, reaching: set[str], tree: ast.Module) -> str:
    """Return why calls of a function cannot be recorded, or nothing."""
    defined = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    for name in sorted(reaching):
        if writes(defined[name]):
            through = "" if name == node.name else f" through `{name}`"
            return f"it may change something outside of itself{through}"
        if _reads(defined[name]):
            through = "" if name == node.name else f" through `{name}`"
            return f"it reads tables or files{through}, which a test does not have"
    if node.decorator_list:
        return "it is decorated, so that its calls are not its own"
    if any(isinstance(part, _NOT_PLAIN) for part in ast.walk(node)):
        return "it is a generator or asynchronous"
    return ""


def _reads(node: ast.FunctionDef) -> bool:
    """Return whether a function takes rows from elsewhere than its arguments."""
    return any(
        (isinstance(part, ast.Attribute) and part.attr in ("read", "readStream"))
        or (
            isinstance(part, ast.Call)
            and (
                (isinstance(part.func, ast.Attribute) and part.func.attr in ("table", "sql"))
                or (isinstance(part.func, ast.Name) and part.func.id == "open")
            )
        )
        for part in ast.walk(node)
    )


def _sorts(node: ast.FunctionDef) -> bool:
    """Return whether every value that a function returns is a frame in an order."""
    bound = {
        n.targets[0].id: n.value for n in node.body if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
    }
    returned = [n.value for n in ast.walk(node) if isinstance(n, ast.Return)]
    return bool(returned) and all(value is not None and _is_sorted(value, bound) for value in returned)


def _is_sorted(node: ast.expr, bound: dict[str, ast.expr]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in bound and _is_sorted(bound[node.id], {})
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in _SORTING:
            return True
        if node.func.attr not in _ORDERED:
            return False
        node = node.func.value
    return False


class RecordingJob(Model):
    """What to record.

    Attributes:
        root: folder of the project.
        package: its package.
        module: name of the module.
        seed: seed of every choice.
        environment: environment to record in; None for the project's default.
        functions: what to watch.
        asserts: asserts at the top level of the notebook.
        reads: tables that `main` reads, by layer and name.
        writes: tables that it writes.
        params: values of parameters without a default.
        cells: first line of each block in the module, and the id of its cell.
    """

    root: str
    package: str
    module: str
    seed: int
    environment: str | None = None
    functions: list[Watched]
    asserts: list[WatchedAssert] = Field(default_factory=list)
    reads: list[tuple[str, str]] = Field(default_factory=list)
    writes: list[tuple[str, str]] = Field(default_factory=list)
    params: dict[str, Any] = Field(default_factory=dict)
    cells: list[tuple[int, str]] = Field(default_factory=list)
