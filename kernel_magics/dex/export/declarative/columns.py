"""Columns of a table as DDL says them."""

from __future__ import annotations

import ast

from dex.export.purity import parse_sql


def columns_of(schema: str) -> list[tuple[str, str]]:
    """Return name and type of each column; nothing where there is no schema.

    Args:
        schema: source of a text with the columns as DDL.
    """
    if not schema:
        return []
    trees = parse_sql(f"CREATE TABLE t ({ast.literal_eval(schema)})") or ()
    found: list[tuple[str, str]] = []
    for tree in trees:
        for column in getattr(tree.this, "expressions", []):
            if type(column).__name__ == "ColumnDef" and column.args.get("kind") is not None:
                found.append((column.name, column.args["kind"].sql(dialect="databricks")))
    return found
