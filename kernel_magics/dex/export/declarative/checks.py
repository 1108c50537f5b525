"""Checks of a notebook that say something of every row: what becomes an expectation."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: Finds what a name stands for where it is read: an expression, and the number of the statement that sets it.
Resolve = Callable[[str, int], "tuple[ast.expr, int] | None"]
_COMPARED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "=", ast.NotEq: "<>"}
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_OPPOSITE = {"IS NULL": "IS NOT NULL", "IS NOT NULL": "IS NULL"}


@dataclass(frozen=True)
class Check:
    """A check that no row of a frame is as a condition says.

    Attributes:
        frame: the frame.
        at: number of the statement where it is read.
        condition: SQL that is true for a row that passes.
        name: what the check says.
    """

    frame: ast.expr
    at: int
    condition: str
    name: str


def is_check(node: ast.stmt) -> bool:
    """Return whether a statement does nothing but to end the notebook where something does not hold."""
    return isinstance(node, ast.Assert) or (
        isinstance(node, ast.If) and not node.orelse and all(isinstance(inner, ast.Raise) for inner in node.body)
    )


def check_of(node: ast.stmt, at: int, resolve: Resolve, imports: Mapping[str, str]) -> Check | None:
    """Return what a check says of every row, or None where it says something else.

    Args:
        node: an assert, or an `if` that raises.
        at: number of the statement.
        resolve: what names stand for.
        imports: name -> what it stands for.
    """
    test, good = (node.test, True) if isinstance(node, ast.Assert) else (node.test, False)  # type: ignore[attr-defined]
    found = _none_of(test, good, at, resolve)
    if found is None:
        return None
    frame, at = _resolved(*found, resolve)
    if isinstance(frame, ast.Call) and _method(frame) == "limit":
        frame, at = _resolved(frame.func.value, at, resolve)  # type: ignore[attr-defined]  # a method
    if not isinstance(frame, ast.Call) or _method(frame) not in ("filter", "where") or len(frame.args) != 1:
        return None
    bad = _condition(frame.args[0], imports)
    if bad is None:
        return None
    condition = _none(bad)
    return Check(frame.func.value, at, condition, _message(node) or condition)  # type: ignore[attr-defined]  # a method


def _none_of(test: ast.expr, good: bool, at: int, resolve: Resolve) -> tuple[ast.expr, int] | None:
    """Return the frame of which a test says that it has no row; ``good`` where the test has to hold."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _none_of(test.operand, not good, at, resolve)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _counted(test, good, at, resolve)
    value, at = _resolved(test, at, resolve)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        name = value.func.attr
        if name == "isEmpty" and good or name in ("count", "head", "take") and not good:
            return value.func.value, at
    return None


def _counted(test: ast.Compare, good: bool, at: int, resolve: Resolve) -> tuple[ast.expr, int] | None:
    left, right, operator = test.left, test.comparators[0], type(test.ops[0])
    if isinstance(left, ast.Constant):
        left, right = right, left
        operator = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.LtE, ast.LtE: ast.GtE}.get(operator, operator)
    value, at = _resolved(left, at, resolve)
    if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "len" and len(value.args) == 1:
        value, at = _resolved(value.args[0], at, resolve)
    if (
        not isinstance(value, ast.Call)
        or not isinstance(value.func, ast.Attribute)
        or not isinstance(right, ast.Constant)
    ):
        return None
    name, limit = value.func.attr, right.value
    if name == "first" and limit is None:
        return (value.func.value, at) if good == (operator is ast.Is) else None
    if name not in ("count", "take", "head", "collect") or isinstance(limit, bool):
        return None
    says_none = (operator, limit) in ((ast.Eq, 0), (ast.Lt, 1), (ast.LtE, 0))
    says_some = (operator, limit) in ((ast.Gt, 0), (ast.NotEq, 0), (ast.GtE, 1))
    return (value.func.value, at) if (says_none if good else says_some) else None


def _resolved(node: ast.expr, at: int, resolve: Resolve) -> tuple[ast.expr, int]:
    for _ in range(20):
        found = resolve(node.id, at) if isinstance(node, ast.Name) else None
        if found is None:
            break
        node, at = found
    return node, at


def _condition(node: ast.expr, imports: Mapping[str, str]) -> str | None:
    """Return the SQL of a condition, as far as it means the same."""
    if isinstance(node, ast.Constant):
        return node.value.strip() if isinstance(node.value, str) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        inner = _condition(node.operand, imports)
        return f"NOT ({inner})" if inner else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
        left, right = _condition(node.left, imports), _condition(node.right, imports)
        word = "AND" if isinstance(node.op, ast.BitAnd) else "OR"
        return f"({left}) {word} ({right})" if left and right else None
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = _value(node.left, imports), _value(node.comparators[0], imports)
        compared = _COMPARED.get(type(node.ops[0]))
        return f"{left} {compared} {right}" if left and right and compared else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        column = _value(node.func.value, imports)
        values = [_value(argument, imports) for argument in node.args]
        if len(node.args) == 1 and isinstance(node.args[0], ast.List | ast.Tuple):
            values = [_value(element, imports) for element in node.args[0].elts]
        if column is None or None in values or node.keywords:
            return None
        if node.func.attr in ("isNull", "isNotNull") and not values:
            return f"{column} {'IS NULL' if node.func.attr == 'isNull' else 'IS NOT NULL'}"
        if node.func.attr == "isin" and values:
            return f"{column} IN ({', '.join(str(value) for value in values)})"
        if node.func.attr == "between" and len(values) == 2:
            return f"{column} BETWEEN {values[0]} AND {values[1]}"
    return None


def _value(node: ast.expr, imports: Mapping[str, str]) -> str | None:
    """Return the SQL of a column or a literal."""
    if isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int):
            return str(value)
        return f"'{value}'" if isinstance(value, str) and not {"'", "\\"} & set(value) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        number = node.operand.value
        return f"-{number}" if isinstance(number, int) else None
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant):
        return _column_name(node.slice)
    if isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
        name = ast.unparse(node.func)
        root, _, last = name.rpartition(".")
        stands_for = f"{imports.get(root, root)}.{last}" if root else imports.get(name, name)
        if stands_for in ("pyspark.sql.functions.col", "pyspark.sql.functions.column"):
            return _column_name(node.args[0])
        if stands_for == "pyspark.sql.functions.lit":
            return _value(node.args[0], imports)
    return None


def _column_name(node: ast.Constant) -> str | None:
    """Return a column's name as SQL has it: parts with other signs in backticks, or ``a-b`` would be a difference."""
    if not isinstance(node.value, str) or "`" in node.value:
        return node.value if isinstance(node.value, str) else None
    return ".".join(part if _WORD.fullmatch(part) else f"`{part}`" for part in node.value.split("."))


def _none(bad: str) -> str:
    """Return the condition of a row that is not as another condition says, unknown counted as not."""
    for words, opposite in _OPPOSITE.items():
        if bad.upper().endswith(f" {words}") and len(bad.split()) == len(words.split()) + 1:
            return f"{bad[: -len(words)]}{opposite}"
    return f"({bad}) IS NOT TRUE"


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _message(node: ast.stmt) -> str:
    """Return what a check says where it does not hold, if that is a literal text."""
    said: ast.expr | None = node.msg if isinstance(node, ast.Assert) else None
    if isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise) and isinstance(node.body[0].exc, ast.Call):
        said = node.body[0].exc.args[0] if node.body[0].exc.args else None
    return said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else ""
