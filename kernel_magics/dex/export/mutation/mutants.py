"""Mutants of a module's functions: one small mistake each, of the kinds that people make and reviewers miss."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass

#: Functions and classes that an export generates around those of the notebook.
_GENERATED = frozenset(("main", "run", "_flag", "Params"))
_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
#: Calls of a chain that give a frame of the same shape when they are left out.
_DROPPED = frozenset(
    "where filter dropDuplicates drop_duplicates distinct dropna fillna withColumn withColumns withColumnRenamed".split()
)
_OPPOSITE = {
    "asc": "desc",
    "desc": "asc",
    "isNull": "isNotNull",
    "isNotNull": "isNull",
    "min": "max",
    "max": "min",
    "lower": "upper",
    "upper": "lower",
}
_JOINS = {"left": "inner", "inner": "left", "outer": "inner", "right": "inner", "left_anti": "left_semi"}


@dataclass(frozen=True)
class Mutant:
    """A module with one mistake.

    Attributes:
        function: function or method that holds it.
        line: its line in the module.
        change: what was changed, as a person reads it.
        source: text of the whole module with the mistake.
    """

    function: str
    line: int
    change: str
    source: str


def mutants_of(source: str, *, count: int | None = None, seed: int = 1) -> list[Mutant]:
    """Return mutants of the functions at the top of a module and of the methods of its classes, in the order of their lines.

    What an export generates is left out, and so are texts that nothing computes with: docstrings and annotations. `main` is
    left out with all that it holds: what a test knows of it is that it runs, and what holds for every load of its tables.

    Args:
        source: text of the module.
        count: most mutants; a seeded choice of all where there are more.
        seed: the same seed and text give the same mutants.
    """
    tree = ast.parse(source)
    plain = ast.unparse(tree)
    found: list[Mutant] = []
    seen = {plain}
    for function, place, name in _functions(tree):
        for path, new, change in _changes(function, place):
            mutated = copy.deepcopy(tree)
            line = _at(mutated, path).lineno
            _replace(mutated, path, new)
            text = ast.unparse(ast.fix_missing_locations(mutated))
            if text not in seen:
                seen.add(text)
                found.append(Mutant(name, line, change, text))
    if count is not None and len(found) > count:
        chosen = sorted(random.Random(seed).sample(range(len(found)), count))
        found = [found[n] for n in chosen]
    return sorted(found, key=lambda m: m.line)


#: Way from a module to a node: field names, and the index where the field is a list.
Path = tuple[tuple[str, int | None], ...]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(tree: ast.Module) -> Iterator[tuple[Function, Path, str]]:
    """Yield the functions and methods of a module, with the way to each and its name."""
    for number, node in enumerate(tree.body):
        if isinstance(node, Function) and node.name not in _GENERATED:
            yield node, (("body", number),), node.name
        elif isinstance(node, ast.ClassDef) and node.name not in _GENERATED:
            for index, method in enumerate(node.body):
                if isinstance(method, Function):
                    yield method, (("body", number), ("body", index)), f"{node.name}.{method.name}"


def _changes(function: Function, place: Path) -> Iterator[tuple[Path, ast.expr, str]]:
    """Yield way, new node and wording of every mistake."""
    skipped = _not_computed(function)
    for path, node in _expressions(function, place):
        if id(node) not in skipped:
            for new in _instead_of(node):
                yield path, new, f"{_short(node)} -> {_short(new)}"


def _instead_of(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        yield ast.Compare(node.left, [_COMPARISONS[type(node.ops[0])](), *node.ops[1:]], node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield ast.BinOp(node.left, _OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from _other_constant(node)
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        method = node.func
        if method.attr in _DROPPED and isinstance(method.value, ast.Call | ast.Name | ast.Attribute):
            yield method.value
        if method.attr in _OPPOSITE:
            yield ast.Call(ast.Attribute(method.value, _OPPOSITE[method.attr], ast.Load()), node.args, node.keywords)


def _other_constant(node: ast.Constant) -> Iterator[ast.expr]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and value:
        yield ast.Constant(_JOINS.get(value, f"{value}_"))


def _not_computed(function: Function) -> set[int]:
    """Return ids of nodes that change nothing: docstrings, annotations, messages of asserts and errors."""
    found: set[int] = set()
    for node in ast.walk(function):
        parts: list[ast.AST | None] = []
        if isinstance(node, Function):
            parts = [
                node.returns,
                *node.decorator_list,
                *(a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg)),
            ]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            parts = [node.value]
        elif isinstance(node, ast.AnnAssign):
            parts = [node.annotation]
        elif isinstance(node, ast.Assert):
            parts = [node.msg]
        elif isinstance(node, ast.Raise):
            parts = [node.exc]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            parts = [node]
        found.update(id(inner) for part in parts if part is not None for inner in ast.walk(part))
    return found


def _expressions(node: ast.AST, path: Path) -> Iterator[tuple[Path, ast.expr]]:
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield from _with_path(value, (*path, (name, None)))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield from _with_path(item, (*path, (name, index)))


def _with_path(node: ast.AST, path: Path) -> Iterator[tuple[Path, ast.expr]]:
    if isinstance(node, ast.JoinedStr):  # its texts are no nodes of their own
        return
    if isinstance(node, ast.expr):
        yield path, node
    yield from _expressions(node, path)


def _at(node: ast.AST, path: Path) -> ast.expr:
    found: ast.AST = node
    for name, index in path:
        value = getattr(found, name)
        found = value if index is None else value[index]
    assert isinstance(found, ast.expr)
    return found


def _replace(node: ast.AST, path: Path, new: ast.expr) -> None:
    parent: ast.AST = node
    for name, index in path[:-1]:
        value = getattr(parent, name)
        parent = value if index is None else value[index]
    name, index = path[-1]
    if index is None:
        setattr(parent, name, copy.deepcopy(new))
    else:
        getattr(parent, name)[index] = copy.deepcopy(new)


def _short(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 50 else f"...{text[-47:]}"
