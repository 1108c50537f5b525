"""``%sql``: the statements of a cell, one by one, with the values of widgets put in."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from typing import Any

from dex.databricks.names import bound, show
from dex.notebook import split_sql

_FILLED = re.compile(r"\$\{([A-Za-z_]\w*)\}")


def run_sql(text: str, namespace: MutableMapping[str, Any]) -> None:
    """Run the statements of a SQL text; the last one's result is shown and named ``_sqldf``.

    ``${name}`` is the text of the widget of that name, ``:name`` its value as an argument. Where there is no such
    widget, the engine is given what stands there.
    """
    frame = None
    for statement in split_sql(text):
        query = _FILLED.sub(lambda found: _or(found.group(1), found.group(0), namespace), statement)
        arguments = {name: value for name in _markers(query) if (value := _widget(name, namespace)) is not None}
        spark = bound(namespace, "spark")
        frame = spark.sql(query, args=arguments) if arguments else spark.sql(query)
    if frame is not None:
        namespace["_sqldf"] = frame
        if frame.columns:
            show(frame)


def _or(name: str, otherwise: str, namespace: MutableMapping[str, Any]) -> str:
    value = _widget(name, namespace)
    return otherwise if value is None else value


def _widget(name: str, namespace: MutableMapping[str, Any]) -> str | None:
    from dex_dbutils import UtilitiesError

    get: Callable[[str], Any] | None = getattr(getattr(namespace.get("dbutils"), "widgets", None), "get", None)
    try:
        return None if get is None else str(get(name))
    except UtilitiesError:
        return None


def _markers(query: str) -> list[str]:
    """Return the names of the parameter markers of a statement."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(query, dialect="databricks") if ":" in query else None
    except SqlglotError:
        return []
    return [node.name for node in tree.find_all(sqlglot.exp.Placeholder) if node.name] if tree is not None else []
