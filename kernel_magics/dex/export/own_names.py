"""Tables that a notebook names itself, so that no environment turns the name: `gold.orders`."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from dex.export.purity import keeps_tables, parse_sql

#: Formats whose name before a dot says that a path follows.
_PATHS = ("delta", "parquet", "csv", "json", "orc", "text", "iceberg", "avro")


@dataclass
class OwnNames:
    """What one statement or call does with tables that it names itself.

    Attributes:
        writes: tables written, as ``schema.table`` or ``table``.
        reads: tables read, as ``schema.table`` or ``catalog.schema.table``.
        drops: tables dropped, and schemas made or dropped.
        fixed: something else than a table of the current catalog may be changed.
    """

    writes: list[str] = field(default_factory=list)
    drops: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    fixed: bool = False


@dataclass
class OwnTables:
    """Such tables of a whole notebook.

    Attributes:
        first: the first that is written.
        reads: those read before they were written.
        left: those that are there in the end, for certain.
    """

    first: str = ""
    reads: dict[str, None] = field(default_factory=dict)
    left: dict[str, None] = field(default_factory=dict)
    _made: set[str] = field(default_factory=set)

    def take(self, names: OwnNames, *, certain: bool) -> None:
        """Note what a call does; ``certain`` says that it runs whatever the data says."""
        self.reads.update(dict.fromkeys(name for name in names.reads if name.lower() not in self._made))
        self.first = self.first or next(iter([*names.writes, *names.drops]), "")
        self._made.update(name.lower() for name in names.writes)
        if certain:
            self.left.update(dict.fromkeys(name for name in names.writes if "." in name))
        for name in names.drops:
            self.left.pop(name, None)

    def before(self, later: OwnTables) -> OwnTables:
        """Return what both do, this one first."""
        read = [*self.reads, *(name for name in later.reads if name.lower() not in self._made)]
        return OwnTables(
            self.first or later.first,
            dict.fromkeys(read),
            {**self.left, **later.left},
            self._made | later._made,
        )


def written_as(texts: tuple[str, ...]) -> OwnNames:
    """Return what a writer does that is given one of these names; an empty text is one that only the run knows."""
    fixed = any(not text or text.count(".") > 1 or text.partition(".")[0] in _PATHS for text in texts)
    return OwnNames(fixed=True) if fixed else OwnNames([text.replace("`", "") for text in texts])


def in_sql(query: ast.expr | None) -> OwnNames:
    """Return what the SQL of ``spark.sql`` does with tables."""
    from sqlglot import exp

    text = _text(query)
    statements = parse_sql(text) if text else None
    if query is None or statements is None or not statements:
        return OwnNames(fixed=not (isinstance(query, ast.Constant) and keeps_tables(query)))
    found = OwnNames()
    for statement in [s for s in statements if s is not None]:
        target = _target(statement)
        known = target is not None or isinstance(
            statement, exp.Query | exp.Describe | exp.Show | exp.Set | exp.Cache | exp.Refresh
        )
        if isinstance(statement, exp.Use):
            known = str(statement.args.get("kind") or "").upper() != "CATALOG" and "." not in statement.this.sql()
        if isinstance(statement, exp.Command):
            known = str(statement.this).upper() == "SHOW"
        if not known:
            found.fixed = True
            continue
        shared = {cte.alias.lower() for cte in statement.find_all(exp.CTE)}
        for table in statement.find_all(exp.Table):
            name = ".".join(part.name for part in (table.args.get("catalog"), table.args.get("db"), table.this) if part)
            if table is target:
                found.fixed = found.fixed or bool(table.catalog) or _HOLE in name or table.db.lower() in _PATHS
                made = bool(table.name) and not isinstance(statement, exp.Drop)  # a schema has no name of a table
                (found.writes if made else found.drops).append(name)
            elif table.db and table.db.lower() not in _PATHS and table.name.lower() not in shared and _HOLE not in name:
                found.reads.append(name)
    return found


def read_by(call: ast.Call) -> OwnNames:
    """Return the table that ``spark.table`` or ``spark.read.table`` reads under a name of the notebook's own."""
    first = call.args[0] if call.args else None
    asked = isinstance(call.func, ast.Attribute) and call.func.attr == "table"
    if not asked or not (isinstance(first, ast.Constant) and isinstance(first.value, str) and "." in first.value):
        return OwnNames()
    return OwnNames(reads=[first.value.replace("`", "")])


#: What stands in SQL for a value that only the run knows.
_HOLE = "dex_hole"


def _text(query: ast.expr | None) -> str:
    """Return SQL, with a word in place of each value that only the run knows."""
    if isinstance(query, ast.Constant) and isinstance(query.value, str):
        return query.value
    if isinstance(query, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else _HOLE for v in query.values)
    return ""


def _target(statement: Any) -> Any:
    """Return the table that a statement makes, fills or drops, where the warehouse of a local engine has it."""
    from sqlglot import exp

    target = None
    if isinstance(statement, exp.Drop):
        tables = list(statement.find_all(exp.Table))
        target = tables[0] if len(tables) == 1 else None
    elif isinstance(statement, exp.Insert) or (
        isinstance(statement, exp.Create)
        and statement.kind in ("TABLE", "VIEW", "SCHEMA", "DATABASE")
        and not statement.args.get("refresh")
        and statement.find(exp.LocationProperty, exp.StreamingTableProperty) is None
    ):
        target = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
    return target if isinstance(target, exp.Table) else None
