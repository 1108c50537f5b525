"""What a SQL text would do, by parsing it; what is not understood counts as a write."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from dex.guard.effects import Effect, Read, Setting, Use, Write, split_name, written_name
from dex.guard.paths import FILE_FORMATS
from dex.guard.words import effects_of_words, identifiers_filled, names_in, statements_of, words_opened

_DIALECT = "databricks"
_parsing = threading.local()


def _not_while_guarding(_: logging.LogRecord) -> bool:
    """Drop the parser's warning that it takes a statement as opaque words: here that is foreseen."""
    return not getattr(_parsing, "on", False)


logging.getLogger("sqlglot").addFilter(_not_while_guarding)

#: A longer text is not parsed: it would take seconds, and counts as not understood.
LONGEST_SQL = 2_000_000

_OF_THE_SESSION = (exp.Set, exp.Cache, exp.Uncache, exp.Declare)
_INSIDE_A_QUERY = (exp.DML, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Into, exp.Command)
_LEVELS = {"SCHEMA": "schema", "DATABASE": "schema", "CATALOG": "catalog"}


@lru_cache(maxsize=512)
def effects_of_sql(text: str, arguments: tuple[tuple[str, str], ...] = ()) -> tuple[Effect, ...]:
    """Return what a SQL text would change, and which files it would read, statement by statement.

    Args:
        text: one or more statements in the dialect of Databricks.
        arguments: pairs of name and text for ``IDENTIFIER(:name)``.
    """
    if len(text) > LONGEST_SQL:
        return (Write("SQL", "unknown", reason=f"the text is longer than {LONGEST_SQL:,} characters", hidden=True),)
    _parsing.on = True
    try:
        return _effects(text, dict(arguments))
    finally:
        _parsing.on = False


def _effects(text: str, arguments: dict[str, str]) -> tuple[Effect, ...]:
    try:
        filled = identifiers_filled(text, sqlglot.tokenize(text, read=_DIALECT), arguments)
        tokens = words_opened(sqlglot.tokenize(filled, read=_DIALECT))
    except (SqlglotError, ValueError, RecursionError) as error:
        return (Write("SQL", "unknown", reason=_why(error), hidden=isinstance(error, RecursionError)),)
    try:
        trees = sqlglot.parse(filled, read=_DIALECT)
        parsed = [tree for tree in trees if tree is not None and not isinstance(tree, exp.Semicolon)]
    except (SqlglotError, ValueError, RecursionError) as error:
        return tuple(effects_of_words(tokens, _why(error)))
    words = statements_of(tokens)
    if len(words) != len(parsed):  # the parser swallowed a semicolon: nothing it says can be trusted
        return tuple(effects_of_words(tokens, "its statements cannot be told apart"))
    return tuple(effect for tree, part in zip(parsed, words, strict=True) for effect in _all(tree, part))


def _why(error: Exception) -> str:
    """Return the parser's complaint without the piece of the text that it shows: it may hold a secret."""
    details = getattr(error, "errors", None)
    if details:
        first = details[0]
        complaint = str(first.get("description")).partition("<")[0].strip(" .")
        return f"line {first.get('line')}, column {first.get('col')}: {complaint}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "it is not SQL"


def _all(tree: Any, words: list[Any]) -> Iterator[Effect]:
    for table in tree.find_all(exp.Table):
        kind = table.db.lower()
        # a path may also stand where a delta table is written, and the engine itself says if there is none to read
        if kind in FILE_FORMATS and kind != "delta" and "/" in table.name and not table.catalog:
            yield Read(f"SQL, {kind}", table.name)
    yield from _effects_of_tree(tree, words)


def _effects_of_tree(tree: Any, words: list[Any]) -> Iterator[Effect]:
    if isinstance(tree, (exp.Query, exp.Values)):
        yield from _inside_query(tree)
    elif isinstance(tree, exp.Describe):
        return
    elif isinstance(tree, exp.Use):
        yield from _use(tree)
    elif isinstance(tree, exp.Set):
        yield from _settings(tree)
    elif isinstance(tree, _OF_THE_SESSION):
        yield from _inside_query(tree)
    elif isinstance(tree, exp.Refresh) and str(tree.args.get("kind") or "").upper() in {"TABLE", "FUNCTION"}:
        return  # forgets what the session has cached
    elif isinstance(tree, (exp.Create, exp.Drop)) and _is_temporary(tree):
        yield from _inside_query(tree.args.get("expression"))
    elif isinstance(tree, exp.MultitableInserts):
        for insert in tree.expressions:
            yield from _write(insert, words)
    elif isinstance(tree, exp.Command) and words[0].text.upper() == "EXPLAIN":
        rest = str(getattr(tree.expression, "this", tree.expression) or "")
        first = next(iter(sqlglot.tokenize(rest, read=_DIALECT)), None)
        if first is not None and first.text.upper() == "ANALYZE":  # Sail runs what it explains so
            yield from _effects(rest[first.end + 1 :], {})
    elif isinstance(tree, exp.Command) or not _is_statement(tree):
        yield from effects_of_words(words, "the parser does not know the statement")
    else:
        yield from _write(tree, words)


def _is_statement(tree: Any) -> bool:
    """Return whether the parser took the text for a statement: it takes any two words for a column and its alias."""
    known = (exp.DML, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Comment, exp.Analyze, exp.Copy)
    return isinstance(tree, (*known, exp.Grant, exp.Revoke, exp.LoadData, exp.Refresh))


def _inside_query(tree: Any) -> Iterator[Effect]:
    """Yield the writes nested in a query: Spark has none, so one that the parser sees is not understood."""
    if tree is not None and tree.find(*_INSIDE_A_QUERY) is not None:
        yield Write("SQL", "unknown", reason="a statement stands inside of a query", named=_catalogs(tree))


def _catalogs(tree: Any) -> tuple[str, ...]:
    return tuple(sorted({table.catalog for table in tree.find_all(exp.Table) if table.catalog}))


def _is_temporary(tree: Any) -> bool:
    if isinstance(tree, exp.Drop):
        return bool(tree.args.get("temporary"))
    properties = tree.args.get("properties")
    return properties is not None and any(isinstance(p, exp.TemporaryProperty) for p in properties.expressions)


def _write(tree: Any, words: list[Any]) -> Iterator[Effect]:
    operation = _operation(tree, words)
    level = _LEVELS.get(str(tree.args.get("kind") or "").upper(), "table")
    found = False
    for node in _targets(tree):
        found = True
        if isinstance(node, exp.Directory):
            yield Write(operation, "path", (node.this.name,))
        else:
            yield _named(operation, level, node)
    if not found:
        yield Write(operation, "unknown", reason="the guard does not see what it changes", named=names_in(words))
    for place in tree.find_all(exp.LocationProperty):
        yield Write(operation, "path", (place.this.name,))


def _operation(tree: Any, words: list[Any]) -> str:
    kind = tree.args.get("kind")
    first = next((w for w in words if w.text.upper() not in {"WITH", "FROM", "("}), words[0]).text.upper()
    word = type(tree).__name__.upper() if isinstance(tree, exp.DML) else first
    return f"{word} {kind}" if isinstance(kind, str) and word in {"CREATE", "DROP", "ALTER"} else word


def _targets(tree: Any) -> Iterator[Any]:
    """Yield the nodes that name what a statement changes, wherever this version of the parser keeps them."""
    if isinstance(tree, exp.Alter):  # a rename's second name too
        yield from _tables((tree.this, *(tree.args.get("actions") or ())), deep=True)
    elif isinstance(tree, (exp.Drop, exp.TruncateTable, exp.Analyze, exp.Grant, exp.Revoke)):
        keys = ("this", "tables", "expressions", "securable")
        for key in keys:
            value = tree.args.get(key)
            yield from _tables(value if isinstance(value, list) else [value])
    else:
        yield from _tables([tree.this])


def _tables(nodes: Iterable[Any], deep: bool = False) -> Iterator[Any]:
    for node in nodes:
        if isinstance(node, (exp.Table, exp.Directory)):
            yield node
        elif isinstance(node, (exp.Schema, exp.UserDefinedFunction)) or (deep and isinstance(node, exp.AlterRename)):
            yield from _tables([node.this])


def _named(operation: str, level: Any, node: Any) -> Write:
    parts = _parts(node)
    if parts is None:
        return Write(operation, "unknown", reason="its name is computed", named=_catalogs(node), hidden=True)
    if level == "table":
        return written_name(operation, parts)
    return Write(operation, level, parts)


def _parts(node: Any) -> tuple[str, ...] | None:
    """Return the parts of a table's name; None if it is computed, as by ``IDENTIFIER(:table || '_v2')``."""
    parts: list[str] = []
    for part in (node.args.get("catalog"), node.args.get("db"), node.this):
        nodes = part.flatten() if isinstance(part, exp.Dot) else [part] if part else []
        for each in nodes:
            if not isinstance(each, exp.Identifier) or (each.name.upper() == "IDENTIFIER" and not each.quoted):
                return None
            parts.append(each.name)
    return tuple(parts) or None


def _use(tree: Any) -> Iterator[Effect]:
    parts = _parts(tree.this) if isinstance(tree.this, exp.Table) else None
    kind = str(tree.args.get("kind") or "").upper()
    if parts is None:
        yield Write("USE", "unknown", reason="its name is computed", hidden=True)
    elif kind == "CATALOG":
        yield Use(parts[0], sure=len(parts) == 1)
    elif len(parts) > 1 or not kind:  # `USE x`: x is a schema, or else a catalog
        yield Use(parts[0], sure=False, perhaps_schema=len(parts) == 1)


def _settings(tree: Any) -> Iterator[Effect]:
    for item in tree.expressions:
        pair = item.this if isinstance(item, exp.SetItem) else None
        if isinstance(pair, exp.EQ):
            key = ".".join(split_name(pair.this.sql(_DIALECT)))
            yield Setting(key, pair.expression.name or pair.expression.sql(_DIALECT), "SET")
