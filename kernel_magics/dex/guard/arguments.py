"""Arguments of SQL commands, written into the text for an engine that takes them in queries alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from dex.guard.words import identifiers_filled

_QUERY = {"SELECT", "WITH", "VALUES", "FROM", "TABLE", "("}
_CHANGES = {"INSERT", "DELETE", "UPDATE", "MERGE"}
_OPERAND = {TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.R_BRACKET}
_EPOCH = dt.datetime(1970, 1, 1)


def write_arguments(command: Any) -> None:
    """Write the arguments of a SQL command into its text, in place; what is not sure to mean the same stays as it is.

    Args:
        command: a ``SqlCommand``; older clients keep text and arguments in it, newer ones in its relation.
    """
    relation = command.input
    if relation.WhichOneof("rel_type") == "with_relations":  # frames stand in the text
        relation = relation.with_relations.root
    message, field = (command, "sql") if command.sql else (relation.sql, "query")
    text = getattr(message, field)
    named, listed = dict(message.named_arguments), list(message.pos_arguments)
    if not (named or listed):
        return
    try:
        texts = {name: value.literal.string for name, value in named.items() if _kind(value) == "string"}
        filled = identifiers_filled(text, sqlglot.tokenize(text, read="databricks"), texts)
        tokens = sqlglot.tokenize(filled, read="databricks")
    except (SqlglotError, ValueError):
        return  # the engine says what is wrong with it
    words = {token.text.upper() for token in tokens}
    if not tokens or (tokens[0].text.upper() in _QUERY and not words & _CHANGES):
        return
    written = _written(filled, tokens, named, listed)
    if written is not None:
        setattr(message, field, written)
        message.ClearField("named_arguments")
        message.ClearField("pos_arguments")


def _written(text: str, tokens: list[Any], named: Mapping[str, Any], listed: list[Any]) -> str | None:
    """Return the text with every parameter replaced; None where one has no literal, or not all are found."""
    pieces: list[str] = []
    done, position = 0, 0
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        last = token
        if token.token_type == TokenType.PLACEHOLDER:
            value = listed[position] if position < len(listed) else None
            position += 1
        elif token.token_type == TokenType.COLON and after is not None and after.start == token.end + 1:
            if before is not None and before.token_type in _OPERAND and before.end + 1 == token.start:
                continue  # `column:path` looks into JSON
            value, last = named.get(after.text), after
        else:
            continue
        literal = None if value is None else _literal(value)
        if literal is None:
            return None
        pieces += [text[done : token.start], literal]
        done = last.end + 1
    if not pieces or position != len(listed):
        return None
    return "".join([*pieces, text[done:]])


def _kind(expression: Any) -> str | None:
    """Return the kind of an expression that is a literal."""
    if expression.WhichOneof("expr_type") != "literal":
        return None
    kind: str | None = expression.literal.WhichOneof("literal_type")
    return kind


def _literal(expression: Any) -> str | None:
    kind = _kind(expression)
    write = _LITERALS.get(kind or "")
    return None if write is None else write(getattr(expression.literal, str(kind)))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _cast(kind: str) -> Callable[[Any], str]:
    return lambda value: f"CAST('{value}' AS {kind})"


def _decimal(literal: Any) -> str:
    """Return a decimal as wide as its value needs, and as the client says: Spark's LiteralValueProtoConverter does so."""
    _, digits, exponent = Decimal(literal.value).as_tuple()
    scale = max(literal.scale, -int(exponent), 0)
    precision = max(literal.precision, len(digits) + max(int(exponent), 0), scale)
    return f"CAST('{literal.value}' AS DECIMAL({precision}, {scale}))"


#: Kind of a literal -> the text for its value; the type is the literal's own.
_LITERALS: dict[str, Callable[[Any], str | None]] = {
    "null": lambda kind: "NULL" if kind.WhichOneof("kind") in {"null", None} else None,
    "boolean": lambda value: "TRUE" if value else "FALSE",
    "byte": _cast("TINYINT"),
    "short": _cast("SMALLINT"),
    "integer": lambda value: f"{value}" if value >= 0 else f"CAST('{value}' AS INT)",
    "long": lambda value: f"{value}L" if value >= 0 else f"CAST('{value}' AS BIGINT)",
    "float": _cast("FLOAT"),
    "double": _cast("DOUBLE"),
    "decimal": _decimal,
    "string": _quoted,
    "binary": lambda value: f"X'{value.hex()}'",
    "date": lambda days: f"DATE'{_EPOCH.date() + dt.timedelta(days=days)}'",
    "timestamp": lambda micros: f"TIMESTAMP'{_EPOCH + dt.timedelta(microseconds=micros)}Z'",
    "timestamp_ntz": lambda micros: f"TIMESTAMP_NTZ'{_EPOCH + dt.timedelta(microseconds=micros)}'",
}
