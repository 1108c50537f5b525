"""SQL cells as calls of `spark.sql`, one a statement."""

from __future__ import annotations

import re
from typing import Any

from dex.export.parameters import Parameter, Parameters, field_name
from dex.export.pieces import literal
from dex.notebook import WIDGET_FIELD, markers_of, split_sql, widget_of

#: What Python's own reader takes out of a source, or does not take.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")


def sql_calls(text: str, parameters: Parameters, cell: str) -> list[str] | None:
    """Return the calls that SQL text becomes; None where its words cannot be told apart.

    A query stays although a job shows nothing: it still says where its tables are missing. Widgets that the SQL makes or names become parameters.

    Args:
        text: statements, with comments.
        parameters: where the widgets go.
        cell: id of the cell.
    """
    statements = split_sql(text)
    if any(not _tokens(statement) for statement in statements):
        return None
    return [_call(s, parameters, cell) for s in statements if not _widget(s, parameters, cell)]


def _tokens(statement: str) -> list[Any]:
    from sqlglot import tokenize
    from sqlglot.errors import SqlglotError

    try:
        return list(tokenize(statement, dialect="databricks"))
    except SqlglotError:
        return []


def words_of(statement: str) -> tuple[str, ...]:
    """Return the words of a SQL statement, in capitals, without its comments."""
    return tuple(word for token in _tokens(statement) for word in token.text.upper().split())


def _widget(statement: str, parameters: Parameters, cell: str) -> bool:
    """Take a statement in that makes or removes a widget; return whether it is one."""
    widget = widget_of(statement)
    if widget is not None and widget.made:
        parameters.add(Parameter(widget.name, field_name(widget.name), "str", literal(widget.default), "", cell))
    return widget is not None


def _call(statement: str, parameters: Parameters, cell: str) -> str:
    def value(key: str) -> str:
        if key == "env":
            return f"{parameters.variable}.env"
        known = parameters.add(Parameter(key, field_name(key), "str", None, "", cell))
        return f"{parameters.variable}.{known.name}"

    named = markers_of(statement)
    arguments = ", ".join(f"{literal(name)}: {value(name)}" for name in named)
    more = f", args={{{arguments}}}" if named else ""
    if not WIDGET_FIELD.search(statement):
        return f"spark.sql({quoted(statement)}{more})"
    parts: list[str] = []
    done = 0
    for found in WIDGET_FIELD.finditer(statement):
        parts += [_plain(statement[done : found.start()]), "{" + value(found.group(1)) + "}"]
        done = found.end()
    text = "".join([*parts, _plain(statement[done:])])
    if text.endswith('"'):
        text = text[:-1] + '\\"'
    return f'spark.sql(f"""{text}"""{more})'


def _plain(text: str) -> str:
    """Return a text as part of an f-string in three double quotes."""
    escaped = text.replace("\\", "\\\\").replace('""', '"\\"').replace("{", "{{").replace("}", "}}")
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", escaped)


def quoted(sql: str) -> str:
    """Return SQL as Python source: on lines of its own, and raw where it holds backslashes."""
    if _CONTROL.search(sql):
        return literal(sql)
    if "\\" not in sql and '"""' not in sql and not sql.endswith('"'):
        return f'"""{sql}"""' if "\n" in sql else literal(sql)
    if "\n" in sql and '"""' not in sql and not sql.endswith(('"', "\\")):
        return f'r"""{sql}"""'
    return literal(sql)
