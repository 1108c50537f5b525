"""SQL cells as calls of `spark.sql`, one a statement."""

from __future__ import annotations

import re
from typing import Any

from dex.export.parameters import Parameter, Parameters, field_name
from dex.export.pieces import literal
from dex.notebook import split_sql

#: ``${name}`` stands for a widget; with a dot it is a setting, which Spark puts in by itself.
_FIELD = re.compile(r"\$\{\s*(\w+)\s*\}")
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
    kept = [(s, tokens) for s in statements if (tokens := _tokens(s)) and not _widget(tokens, parameters, cell)]
    return [_call(statement, tokens, parameters, cell) for statement, tokens in kept]


def _tokens(statement: str) -> list[Any]:
    from sqlglot import tokenize
    from sqlglot.errors import SqlglotError

    try:
        return list(tokenize(statement, dialect="databricks"))
    except SqlglotError:
        return []


def _widget(tokens: list[Any], parameters: Parameters, cell: str) -> bool:
    """Take a statement in that makes or removes a widget; return whether it is one."""
    words = [token.text for token in tokens]
    if len(words) < 3 or words[1].upper() != "WIDGET" or words[0].upper() not in ("CREATE", "REMOVE"):
        return False
    if words[0].upper() == "CREATE" and len(words) > 3:
        upper = [word.upper() for word in words]
        default = words[upper.index("DEFAULT") + 1] if "DEFAULT" in upper[:-1] else ""
        parameters.add(Parameter(words[3], field_name(words[3]), "str", literal(default), "", cell))
    return True


def _call(statement: str, tokens: list[Any], parameters: Parameters, cell: str) -> str:
    def value(key: str) -> str:
        if key == "env":
            return f"{parameters.variable}.env"
        known = parameters.add(Parameter(key, field_name(key), "str", None, "", cell))
        return f"{parameters.variable}.{known.name}"

    named = _markers(statement, tokens)
    arguments = ", ".join(f"{literal(name)}: {value(name)}" for name in named)
    more = f", args={{{arguments}}}" if named else ""
    if not _FIELD.search(statement):
        return f"spark.sql({quoted(statement)}{more})"
    parts: list[str] = []
    done = 0
    for found in _FIELD.finditer(statement):
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


def _markers(statement: str, tokens: list[Any]) -> list[str]:
    """Return the names of ``:name`` markers; ``column:field`` is a path into JSON."""
    found: dict[str, None] = {}
    for before, colon, name in zip([None, *tokens], tokens, tokens[1:], strict=False):
        if colon.token_type.name != "COLON" or name.start != colon.end + 1:
            continue
        touching = before is not None and before.end + 1 == colon.start
        is_value = before is not None and (before.text[-1:].isalnum() or before.text[-1:] in "_`\"')]")
        if name.text.isidentifier() and not (touching and is_value):
            found[name.text] = None
    return list(found)


def quoted(sql: str) -> str:
    """Return SQL as Python source: on lines of its own, and raw where it holds backslashes."""
    if _CONTROL.search(sql):
        return literal(sql)
    if "\\" not in sql and '"""' not in sql and not sql.endswith('"'):
        return f'"""{sql}"""' if "\n" in sql else literal(sql)
    if "\n" in sql and '"""' not in sql and not sql.endswith(('"', "\\")):
        return f'r"""{sql}"""'
    return literal(sql)
