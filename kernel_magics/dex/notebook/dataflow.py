"""Which names a statement binds and which it needs, as Python's scopes have it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Flow:
    """The names of one top-level statement.

    Attributes:
        binds: names that it binds in the notebook's scope, in order.
        uses: names of the notebook's scope that it needs when it runs, in order; a name that it binds first is not
            among them.
        later: names that a function or lambda inside it needs when that is called.
        writes_global: names that a function inside it rebinds with ``global``.
        star: modules of ``from module import *``.
    """

    binds: tuple[str, ...]
    uses: tuple[str, ...]
    later: tuple[str, ...]
    writes_global: tuple[str, ...] = ()
    star: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Names that it needs now or later."""
        return tuple(dict.fromkeys((*self.uses, *self.later)))


def flow_of(node: ast.AST) -> Flow:
    """Return the names that a statement binds and needs."""
    visitor = _Names()
    visitor.visit(node)
    return Flow(
        tuple(dict.fromkeys(visitor.binds)),
        tuple(dict.fromkeys(visitor.uses)),
        tuple(dict.fromkeys(visitor.later)),
        tuple(dict.fromkeys(visitor.globals)),
        tuple(dict.fromkeys(visitor.star)),
    )


class _Names(ast.NodeVisitor):
    """Walks one scope in the order in which Python evaluates it."""

    def __init__(self) -> None:
        self.binds: list[str] = []
        self.uses: list[str] = []
        self.later: list[str] = []
        self.globals: list[str] = []
        self.nonlocals: list[str] = []
        self.star: list[str] = []
        self._sure: set[str] = set()  # bound for certain by now

    # -- names ---------------------------------------------------------------------------------------------------------

    def _bind(self, name: str) -> None:
        self.binds.append(name)
        self._sure.add(name)

    def _use(self, name: str) -> None:
        if name not in self._sure:
            self.uses.append(name)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._use(node.id)
        else:
            self._bind(node.id)

    def visit_Global(self, node: ast.Global) -> None:
        self.globals.extend(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.nonlocals.extend(node.names)

    # -- statements whose parts run in another order than they are written ---------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        self._each(node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)
        elif not isinstance(node.target, ast.Name):
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._use(node.target.id)
        self.visit(node.value)
        self.visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        with _Branch(self):
            self.visit(node.target)
            self._each(node.body)
            self._each(node.orelse)

    visit_AsyncFor = visit_For

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        with _Branch(self):
            self._each(node.body)
        with _Branch(self):
            self._each(node.orelse)

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        with _Branch(self):
            self._each(node.body)
            self._each(node.orelse)

    def visit_Try(self, node: Any) -> None:
        with _Branch(self):
            self._each(node.body)
            self._each(node.orelse)
        for handler in node.handlers:
            with _Branch(self):
                self.visit(handler)
        self._each(node.finalbody)

    visit_TryStar = visit_Try

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            self.visit(node.type)
        if node.name:
            self._bind(node.name)
        self._each(node.body)

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.visit(item.optional_vars)
        self._each(node.body)

    visit_AsyncWith = visit_With

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for case in node.cases:
            with _Branch(self):
                self.visit(case)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self.generic_visit(node)
        if node.name:
            self._bind(node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self._bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.generic_visit(node)
        if node.rest:
            self._bind(node.rest)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        with _Branch(self):
            self._each(node.values[1:])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        with _Branch(self):
            self.visit(node.body)
        with _Branch(self):
            self.visit(node.orelse)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.star.append("." * node.level + (node.module or ""))
            else:
                self._bind(alias.asname or alias.name)

    # -- scopes of their own -------------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._each(node.decorator_list)
        self._arguments(node.args)
        if node.returns is not None:
            self.visit(node.returns)
        self._function(node.args, node.body)
        self._bind(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._arguments(node.args)
        self._function(node.args, [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._each(node.decorator_list)
        self._each(node.bases)
        self._each(node.keywords)
        inner = _Names()
        inner._each(node.body)
        for name in inner.uses:
            self._use(name)
        self.later.extend(inner.later)  # methods do not see the names of the class's body
        self.globals.extend(inner.globals)
        self._bind(node.name)

    def _arguments(self, arguments: ast.arguments) -> None:
        self._each(arguments.defaults)
        self._each(default for default in arguments.kw_defaults if default is not None)
        for argument in _all_arguments(arguments):
            if argument.annotation is not None:
                self.visit(argument.annotation)

    def _function(self, arguments: ast.arguments, body: Iterable[ast.AST]) -> None:
        inner = _Names()
        names = {argument.arg for argument in _all_arguments(arguments)}
        inner._each(body)
        local = (names | set(inner.binds)) - set(inner.globals) - set(inner.nonlocals)
        self.later.extend(name for name in (*inner.uses, *inner.later, *inner.nonlocals) if name not in local)
        self.globals.extend(inner.globals)
        self.star.extend(inner.star)

    def _comprehension(self, node: ast.AST, generators: list[ast.comprehension], values: list[ast.expr]) -> None:
        self.visit(generators[0].iter)
        inner = _Names()
        for index, generator in enumerate(generators):
            if index:
                inner.visit(generator.iter)
            inner.visit(generator.target)
            inner._each(generator.ifs)
        inner._each(values)
        walrus = {
            n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr) and isinstance(n.target, ast.Name)
        }
        local = set(inner.binds) - walrus
        for name in inner.uses:
            if name not in local:
                self._use(name)
        self.later.extend(name for name in inner.later if name not in local)
        with _Branch(self):
            for name in inner.binds:
                if name in walrus:
                    self._bind(name)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self._comprehension(node, node.generators, [node.elt])

    visit_SetComp = visit_ListComp
    visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node, node.generators, [node.key, node.value])

    def _each(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)


class _Branch:
    """What is bound while it lasts may not be bound afterwards."""

    def __init__(self, names: _Names) -> None:
        self._names = names
        self._before: set[str] = set()

    def __enter__(self) -> None:
        self._before = set(self._names._sure)

    def __exit__(self, *_: object) -> None:
        self._names._sure = self._before


def _all_arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from arguments.posonlyargs
    yield from arguments.args
    yield from arguments.kwonlyargs
    if arguments.vararg:
        yield arguments.vararg
    if arguments.kwarg:
        yield arguments.kwarg
