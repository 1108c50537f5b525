"""What a recording will watch: functions of the module, asserts of `main`, tables."""

from __future__ import annotations

import ast
import re
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
Function = ast.FunctionDef | ast.AsyncFunctionDef
#: Calls that give the time, in Python and in Spark.
_CLOCKS = frozenset("now utcnow today current_date current_timestamp curdate localtimestamp".split())
_CLOCK_IN_SQL = re.compile(
    r"\b(current_date|current_timestamp|curdate|localtimestamp)\b|\b(now|getdate)\(\)", re.IGNORECASE
)


class Watched(Model):
    """A function to watch, or a method.

    Attributes:
        name: its name in the module; of a method, behind that of its class: ``Rate.of``.
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
        functions: functions at the top of the module and methods of its classes, with the reason where one cannot be
            recorded.
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
    defined = {n.name: n for n in tree.body if isinstance(n, Function | ast.ClassDef)}
    reaching = _reaching(defined)
    functions = [
        Watched(
            name=name,
            cell=block.cell.id,
            digest=digest(piece.text),
            reason=_reason(node, name.partition(".")[0], reaching, defined),
            ordered=_sorts(node),
        )
        for block in blocks
        if block.place == "module"
        for piece in block.pieces
        if isinstance(piece.node, Function | ast.ClassDef) and piece.node.name in defined
        for name, node in _functions(defined[piece.node.name])
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


def _functions(node: Function | ast.ClassDef) -> list[tuple[str, Function]]:
    """Return a function, or the methods of a class that are called by their names, each with its name."""
    if not isinstance(node, ast.ClassDef):
        return [(node.name, node)]
    methods = [n for n in node.body if isinstance(n, Function) and not n.name.startswith("__")]
    return [(f"{node.name}.{method.name}", method) for method in methods]


def _reaching(defined: dict[str, Function | ast.ClassDef]) -> dict[str, set[str]]:
    """Return for every function and class those of the module that a call of it may run."""
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


def _reason(
    node: Function, owner: str, reaching: dict[str, set[str]], defined: dict[str, Function | ast.ClassDef]
) -> str:
    """Return why calls of a function cannot be recorded, or nothing."""
    for name in sorted(reaching[owner]):
        through = "" if name == node.name else f" through `{name}`"
        if writes(defined[name]):
            return f"it may change something outside of itself{through}"
        if _reads(defined[name]):
            return f"it reads tables or files{through}, which a test does not have"
        if _asks_the_time(defined[name]):
            return f"it asks for the time{through}, and another day has another one"
    if node.decorator_list:
        return "it is decorated, so that its calls are not its own"
    if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(node)):
        return "it is a generator"
    return ""


def _reads(node: ast.AST) -> bool:
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


def _asks_the_time(node: ast.AST) -> bool:
    """Return whether a function's result may be another one tomorrow."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            name = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", "")
            if name in _CLOCKS or (name in ("unix_timestamp", "time", "time_ns") and not part.args):
                return True
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and _CLOCK_IN_SQL.search(part.value):
            return True
    return False


def _sorts(node: Function) -> bool:
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


def scratch_name(module: str) -> str:
    """Return what stands behind an environment's name where a module is recorded, and before the names of its schemas."""
    return f"record_{module}"
