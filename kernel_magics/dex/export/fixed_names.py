"""Tables that a notebook names with their catalog or their environment, and that are the same in every environment."""

from __future__ import annotations

import ast

from dex.export.pieces import Log, Piece
from dex.export.purity import parse_sql

_REMEDY = "`get_table_name` gives the one of the environment"
_NAMING = ("table", "saveAsTable", "insertInto", "writeTo", "toTable")


def note_fixed_names(pieces: list[Piece], log: Log) -> None:
    """Note each table in three parts once, at the first statement that names it."""
    seen: set[str] = set()
    for piece in pieces:
        if piece.place == "drop" or piece.node is None:
            continue
        for name, remedy in _fixed(piece.node):
            if name not in seen:
                seen.add(name)
                log.note(piece, f"`{name}` is the same table in every environment: {remedy}")


def _fixed(node: ast.AST) -> list[tuple[str, str]]:
    """Return the names that stay the same, each with what gives the one of the environment."""
    found: list[tuple[str, str]] = []
    for call in ast.walk(node):
        if not (isinstance(call, ast.Call) and call.args):
            continue
        first = call.args[0]
        if isinstance(call.func, ast.Name) and call.func.id == "get_table_name" and isinstance(first, ast.Constant):
            found.append((ast.unparse(call), "`session.table(layer, table)` gives the one of the environment"))
        if not isinstance(call.func, ast.Attribute):
            continue
        if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
            continue
        if call.func.attr in _NAMING and first.value.count(".") >= 2:
            found.append((first.value, _REMEDY))
        elif call.func.attr == "sql" and first.value.count(".") >= 2:
            found += [(name, _REMEDY) for name in _in_sql(first.value)]
    return found


def _in_sql(text: str) -> list[str]:
    from sqlglot import exp

    tables = [table for tree in parse_sql(text) or [] if tree is not None for table in tree.find_all(exp.Table)]
    return [f"{table.catalog}.{table.db}.{table.name}" for table in tables if table.catalog]
