"""Calls that run a query where they stand, and what else a function that defines a table must not do."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from dex.export.purity import root_name

_ACTIONS = frozenset(
    "collect toPandas toLocalIterator toArrow first head take tail isEmpty foreach foreachPartition show".split()
)
_GROUPED = frozenset("groupBy groupby rollup cube groupingSets pivot".split())


def actions_in(node: ast.AST, imports: Mapping[str, str], grouped: Collection[str] = ()) -> list[ast.Call]:
    """Return the calls that run a query.

    Args:
        node: code.
        imports: name -> what it stands for: `F.first` is no action.
        grouped: names of grouped frames, whose `count()` is a frame.
    """
    found: list[ast.Call] = []
    for part in ast.walk(node):
        if not isinstance(part, ast.Call) or not isinstance(part.func, ast.Attribute):
            continue
        owner, name = part.func.value, part.func.attr
        if isinstance(owner, ast.Name) and owner.id in imports:
            continue
        plain_count = name == "count" and not part.args and not part.keywords and not _is_grouped(owner, grouped)
        if name in _ACTIONS or plain_count:
            found.append(part)
    return found


def grouped_names(node: ast.AST) -> set[str]:
    """Return names that a statement binds to a grouped frame."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return {node.targets[0].id} if _is_grouped(node.value, ()) else set()
    return set()


def _is_grouped(node: ast.expr, grouped: Collection[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in grouped
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _GROUPED


def effects_in(node: ast.AST) -> list[ast.Call]:
    """Return the calls that reach the platform for something else than reading: files, other notebooks, task values."""
    found = []
    for part in ast.walk(node):
        if not isinstance(part, ast.Call) or not isinstance(part.func, ast.Attribute):
            continue
        if root_name(part.func) == "dbutils" and ast.unparse(part.func).split(".")[1:2] != ["secrets"]:
            found.append(part)
    return found
