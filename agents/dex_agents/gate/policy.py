"""What proposed code may hold: an allow-list over its syntax tree. What is not listed is refused."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from dex_agents.gate import names
from dex_agents.gate.sql_text import refused_sql


@dataclass(frozen=True)
class Breach:
    """A place where code does what it may not.

    Args:
        line: line in the code, counted from 1.
        what: what stands there, in one sentence.
    """

    line: int
    what: str

    def __str__(self) -> str:
        """Return the breach in one line."""
        return f"line {self.line}: {self.what}"


@dataclass(frozen=True)
class Shape:
    """The parts of code that keeps to the policy.

    Args:
        function: name of the function that its last line calls.
        arguments: frames that the call is given, in their order.
        into: name that is bound.
    """

    function: str
    arguments: tuple[str, ...]
    into: str


_STATEMENTS = (
    ast.Return, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.If, ast.Expr, ast.Pass, ast.FunctionDef,
)  # fmt: skip
_EXPRESSIONS = (
    ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Dict, ast.Set, ast.List, ast.Tuple, ast.ListComp, ast.SetComp,
    ast.DictComp, ast.GeneratorExp, ast.Compare, ast.Call, ast.JoinedStr, ast.FormattedValue, ast.Constant,
    ast.Attribute, ast.Subscript, ast.Starred, ast.Name, ast.Lambda, ast.Slice, ast.NamedExpr,
)  # fmt: skip
_PARTS = (
    ast.Load, ast.Store, ast.boolop, ast.operator, ast.unaryop, ast.cmpop, ast.comprehension, ast.arguments, ast.arg,
    ast.keyword, ast.alias,
)  # fmt: skip
#: Operators that make a short line take for ever or fill the memory; columns need none of them.
_REFUSED_OPERATORS = (ast.Pow, ast.LShift)
#: Largest number that `range` may be given, and that may repeat a text or a list.
MOST_REPEATS = 1_000
#: Expressions that can only be a Spark column, never SQL text.
_NO_TEXT = (ast.Compare, ast.BoolOp, ast.UnaryOp)


def check_policy(tree: ast.Module, frames: Iterable[str], into: str) -> tuple[list[Breach], Shape | None]:
    """Return where code breaks the policy, and its shape where it has one.

    Args:
        tree: the code.
        frames: names of the frames that it may use.
        into: the name that it must bind.
    """
    visitor = _Visitor(tree, list(frames))
    breaches = visitor.breaches
    shape = None
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body[:-1]:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef) and not docstring:
            breaches.append(Breach(node.lineno, "a statement outside of a function; only the last line may be one"))
    if tree.body:
        shape = _shape(tree.body[-1], functions, set(frames), into)
        if shape is None:
            line = tree.body[-1].lineno
            breaches.append(Breach(line, f"the last line is not `{into} = function(frames)`"))
    else:
        breaches.append(Breach(1, "there is no code"))
    return sorted(breaches, key=lambda breach: breach.line), shape


def _shape(node: ast.stmt, functions: set[str], frames: set[str], into: str) -> Shape | None:
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
        return None
    call = node.value
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and not call.keywords):
        return None
    arguments = [argument.id for argument in call.args if isinstance(argument, ast.Name)]
    fits = call.func.id in functions and len(arguments) == len(call.args) and set(arguments) <= frames
    return Shape(call.func.id, tuple(arguments), into) if fits and node.targets[0].id == into else None


class _Visitor(ast.NodeVisitor):
    def __init__(self, tree: ast.Module, frames: list[str]) -> None:
        self.breaches: list[Breach] = []
        self._modules: dict[str, str] = {}
        self._known = {*names.BUILTINS, *frames}
        self._text: dict[str, bool] = {}  # local name -> whether it may hold text
        self._called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            self._collect(node)
        for statement in tree.body:
            self.visit(statement)

    def _collect(self, node: ast.AST) -> None:
        """Remember every name that the code binds itself."""
        if isinstance(node, ast.FunctionDef):
            self._known.add(node.name)
        elif isinstance(node, ast.arg):
            self._known.add(node.arg)
            self._text[node.arg] = True
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            self._known.add(node.id)
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    maybe = not self._no_text(node.value)
                    self._text[target.id] = self._text.get(target.id, False) or maybe
                else:
                    for part in ast.walk(target):
                        if isinstance(part, ast.Name):
                            self._text[part.id] = True

    def _refuse(self, node: ast.AST, what: str) -> None:
        self.breaches.append(Breach(getattr(node, "lineno", 1), what))

    def generic_visit(self, node: ast.AST) -> None:
        if not isinstance(node, (*_STATEMENTS, *_EXPRESSIONS, *_PARTS)) or isinstance(node, _REFUSED_OPERATORS):
            self._refuse(node, f"{type(node).__name__} is not allowed")
            return
        super().generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name in ("pyspark.sql.functions", "pyspark.sql.types") and alias.asname:
                self._bind(node, alias.asname, alias.name)
            else:
                self._refuse(node, f"`import {alias.name}` is not allowed")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level or module not in names.IMPORTS:
            self._refuse(node, f"an import from `{'.' * node.level}{module}` is not allowed")
            return
        for alias in node.names:
            allowed = names.IMPORTS[module]
            if allowed is None:
                allowed = names.functions() if module == "pyspark.sql.functions" else names.types()
            if alias.name not in allowed or alias.name in names.SQL_FUNCTIONS:
                self._refuse(node, f"`{alias.name}` may not be imported from `{module}`")
            elif module == "pyspark.sql" and alias.name in ("functions", "types"):
                self._bind(node, alias.asname or alias.name, f"pyspark.sql.{alias.name}")
            else:
                self._bind(node, alias.asname or alias.name, "")

    def _bind(self, node: ast.stmt, name: str, module: str) -> None:
        if name in names.BUILTINS or name.startswith("__"):
            self._refuse(node, f"`{name}` may not be given another meaning")
        self._known.add(name)
        if module:
            self._modules[name] = module

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.decorator_list:
            self._refuse(node, "a decorator is not allowed")
        if getattr(node, "type_params", None):
            self._refuse(node, "type parameters are not allowed")
        self._check_name(node, node.name)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._check_name(node, node.id)
        if isinstance(node.ctx, ast.Load):
            if node.id not in self._known:
                near = difflib.get_close_matches(node.id, self._known, n=1)
                self._refuse(node, f"`{node.id}` is not known" + (f"; did you mean `{near[0]}`?" if near else ""))
            elif node.id in self._modules:
                self._refuse(node, f"`{node.id}` may only be used as `{node.id}.name`")
            elif node.id == "range" and id(node) not in self._called:
                self._refuse(node, "`range` may only be called")
        elif node.id in self._modules or node.id in names.BUILTINS:
            self._refuse(node, f"`{node.id}` may not be given another meaning")

    def visit_arg(self, node: ast.arg) -> None:
        self._check_name(node, node.arg)
        if node.arg in self._modules or node.arg in names.BUILTINS:
            self._refuse(node, f"`{node.arg}` may not be given another meaning")
        if node.annotation is not None:
            self.visit(node.annotation)

    def _check_name(self, node: ast.AST, name: str) -> None:
        if name.startswith("__"):
            self._refuse(node, f"`{name}` is not allowed")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._refuse(node, f"setting `.{node.attr}` is not allowed")
        if isinstance(node.value, ast.Name) and node.value.id in self._modules:
            module = self._modules[node.value.id]
            allowed = names.functions() if module.endswith("functions") else names.types()
            if node.attr not in allowed:
                self._refuse(node, f"`{node.value.id}.{node.attr}` is not allowed")
            elif node.attr in names.SQL_FUNCTIONS and id(node) not in self._called:
                self._refuse(node, f"SQL must be written out where `{node.attr}` is called")
            return
        if node.attr in names.SQL_METHODS and id(node) not in self._called:
            self._refuse(node, f"SQL must be written out where `{node.attr}` is called")
        if node.attr not in names.METHODS:
            self._refuse(node, f"`.{node.attr}` is not allowed")
        self.visit(node.value)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        sides = (node.left, node.right)
        repeats = isinstance(node.op, ast.Mult) and any(
            _is_text(s) or isinstance(s, ast.List | ast.Tuple) for s in sides
        )
        if repeats and not any(_is_small(side) for side in sides):
            self._refuse(node, f"a text or a list may be repeated {MOST_REPEATS:,} times at most")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        of_range = isinstance(node.func, ast.Name) and node.func.id == "range"
        if of_range and not all(_is_small(value) or _is_length(value) for value in node.args):
            self._refuse(node, f"`range` takes numbers up to {MOST_REPEATS:,} here, or `len(...)`")
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        module = None
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            module = self._modules.get(node.func.value.id)
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        if module is not None and name in names.SQL_FUNCTIONS:
            for value in values:
                self._check_sql(node, value, must_be_text=True)
        elif module is None and name in names.SQL_METHODS:
            for value in values:
                self._check_sql(node, value, must_be_text=name == "selectExpr")
        elif name == "agg":
            for value in node.args:
                if isinstance(value, ast.Dict):
                    self._refuse(node, "`.agg` with a dict names functions by text; use F")
        for keyword in node.keywords:
            if keyword.arg is not None:
                self._check_name(node, keyword.arg)
        self.generic_visit(node)

    def _check_sql(self, node: ast.AST, value: ast.expr, *, must_be_text: bool) -> None:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            problem = refused_sql(value.value)
            if problem:
                self._refuse(node, f"the SQL text {value.value!r}: {problem}")
        elif must_be_text or not self._no_text(value):
            self._refuse(node, "SQL must be written out as text, or as Spark columns")

    def _no_text(self, value: ast.expr) -> bool:
        """Return whether an expression can only be a Spark column."""
        if isinstance(value, _NO_TEXT):
            return True
        if isinstance(value, ast.BinOp):
            return isinstance(value.op, ast.BitAnd | ast.BitOr | ast.BitXor)
        if isinstance(value, ast.Name):
            return self._text.get(value.id) is False
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            owner = value.func.value
            of_module = isinstance(owner, ast.Name) and self._modules.get(owner.id, "").endswith("functions")
            return of_module or value.func.attr in {
                "isNull",
                "isNotNull",
                "isin",
                "between",
                "contains",
                "eqNullSafe",
                "rlike",
                "like",
                "ilike",
                "isNaN",
                "otherwise",
                "over",
            }
        return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_small(node: ast.expr) -> bool:
    """Return whether an expression is a number that is written out and not large."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value <= MOST_REPEATS


def _is_length(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"
