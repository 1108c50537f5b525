"""Asserts whose truth their text alone decides: ``assert type("2") == int`` never holds, whatever the data."""

from __future__ import annotations

import ast
from typing import Any

#: Builtins that only compute, and whose cost is that of their arguments.
_SAFE: dict[str, Any] = {
    f.__name__: f
    for f in (abs, all, any, bool, dict, float, int, isinstance, len, list, max, min, repr, set, sorted, str, sum)
} | {"tuple": tuple, "type": type, "bytes": bytes, "complex": complex}
_NODES = (
    *(ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Call, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.BinOp),
    *(ast.cmpop, ast.boolop, ast.unaryop, ast.Add, ast.Sub, ast.Div, ast.FloorDiv),
    *(ast.List, ast.Tuple, ast.Set, ast.Dict, ast.IfExp),
)


def decided(test: ast.expr, bound: set[str] | frozenset[str] = frozenset()) -> bool | None:
    """Return what an expression of literals and plain builtins is; None where that is not all, or it cannot be computed.

    Args:
        test: what an assert asserts.
        bound: names that the notebook binds: they are builtins no more.
    """
    for node in ast.walk(test):
        if not isinstance(node, _NODES):
            return None
        if isinstance(node, ast.Name) and (node.id not in _SAFE or node.id in bound):
            return None
        if isinstance(node, ast.Call) and not isinstance(node.func, ast.Name):
            return None
    try:
        code = compile(ast.fix_missing_locations(ast.Expression(test)), "<assert>", "eval", dont_inherit=True)
        return bool(eval(code, {"__builtins__": {}, **_SAFE}))  # nothing but the names above
    except Exception:  # noqa: BLE001  what it raises is the notebook's business
        return None
