"""Statements that the parser takes as opaque words, or not at all: their verb and the name behind it, by tokens.

Databricks has statements that no open parser knows. Their tokens still tell comments from text and quoted names from
words. A verb that is not listed here counts as a write to nobody knows what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlglot
from sqlglot.tokens import TokenType

from dex.guard.effects import Effect, Use, Write, split_name, written_name

#: Read, or touch nothing but the session.
_HARMLESS = ("EXPLAIN", "SHOW", "DESCRIBE", "DESC", "LIST", "RESET", "CLEAR CACHE", "ADD", "SET", "DECLARE")
_NOUNS = {"TABLE", "TABLES", "VIEW", "SCHEMA", "DATABASE", "CATALOG", "VOLUME", "FUNCTION", "MATERIALIZED", "STREAMING"}
_FILLERS = {"IF", "NOT", "EXISTS", "OR", "REPLACE", "EXTERNAL", "MANAGED", "INTO", "OVERWRITE", "FROM", "FOREIGN"}
#: Verbs whose object's name follows at once, or behind nouns and fillers.
_VERBS = (
    "CREATE",
    "REPLACE",
    "DROP",
    "ALTER",
    "UNDROP",
    "TRUNCATE",
    "INSERT",
    "UPDATE",
    "DELETE",
    "OPTIMIZE",
    "VACUUM",
    "RESTORE",
    "MSCK REPAIR",
    "FSCK REPAIR",
    "REPAIR",
    "REORG",
    "ANALYZE",
    "SYNC",
    "CONVERT TO DELTA",
    "REFRESH",
    "COPY INTO",
)
#: Verbs with other words before the object: the name follows this word.
_VERBS_WITH_MARK = {"MERGE": "INTO", "GENERATE": "TABLE", "GRANT": "ON", "REVOKE": "ON", "COMMENT": "ON"}
#: The grammar gives one of these verbs an inner statement, so that the name behind it is not all that is written.
_OPENERS = {"BEGIN", "EXECUTE", "CALL", "IF", "WHILE", "FOR", "LOOP", "REPEAT"}
_OPAQUE = {TokenType.COMMAND, TokenType.EXECUTE, TokenType.FETCH, TokenType.SHOW, TokenType.RENAME}
_NAME = {TokenType.VAR, TokenType.IDENTIFIER}


def statements_of(tokens: list[Any]) -> list[list[Any]]:
    """Return the tokens of each statement, without the semicolons and empty statements."""
    statements: list[list[Any]] = [[]]
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            statements.append([])
        else:
            statements[-1].append(token)
    return [statement for statement in statements if statement]


def words_opened(tokens: list[Any]) -> list[Any]:
    """Return the tokens with the rest of each opaque command, which the tokenizer hands over as one text, taken apart."""
    opened: list[Any] = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1].token_type if index else None
        if token.token_type == TokenType.STRING and before in _OPAQUE:
            opened += sqlglot.tokenize(token.text, read="databricks")
        else:
            opened.append(token)
    return opened


def identifiers_filled(text: str, tokens: list[Any], arguments: Mapping[str, str]) -> str:
    """Return the text with ``IDENTIFIER('a.b')`` and ``IDENTIFIER(:name)`` written out as the names they mean."""
    pieces, done = [], 0
    for index, token in enumerate(tokens):
        if token.text.upper() != "IDENTIFIER" or token.token_type not in _NAME:
            continue
        inside = tokens[index + 1 : index + 5]
        kinds = [t.token_type for t in inside]
        if kinds[:3] == [TokenType.L_PAREN, TokenType.STRING, TokenType.R_PAREN]:
            value, last = inside[1].text, inside[2]
        elif kinds == [TokenType.L_PAREN, TokenType.COLON, TokenType.VAR, TokenType.R_PAREN]:
            value, last = arguments.get(inside[2].text), inside[3]
        else:
            continue
        if value is None:
            continue
        name = ".".join(f"`{part.replace('`', '``')}`" for part in split_name(value))
        pieces += [text[done : token.start], name]
        done = last.end + 1
    return "".join([*pieces, text[done:]])


def names_in(words: Iterable[Any]) -> tuple[str, ...]:
    """Return the first parts of the three-part names in a statement."""
    return tuple(sorted({chain[0] for chain in _chains(list(words)) if len(chain) >= 3}))


def _unknown(operation: str, reason: str, words: list[Any]) -> Write:
    computed = {"EXECUTE", "IDENTIFIER", "CALL"} & {
        word.text.upper() for word in words if word.token_type in _NAME | _OPAQUE
    }
    return Write(operation, "unknown", reason=reason, named=names_in(words), hidden=bool(computed))


def effects_of_words(tokens: list[Any], reason: str) -> Iterator[Effect]:
    """Yield what statements would do that the parser does not take apart."""
    statements = statements_of(tokens)
    scripted = any(word.text.upper() in _OPENERS for statement in statements[:1] for word in statement[:1])
    if scripted:  # a script: its semicolons do not end it
        yield _unknown(statements[0][0].text.upper(), reason, tokens)
        return
    for statement in statements:
        yield from _effects_of_statement(statement, reason)


def _effects_of_statement(words: list[Any], reason: str) -> Iterator[Effect]:
    upper = [word.text.upper() if word.token_type != TokenType.STRING else "" for word in words]
    line = " ".join(upper) + " "
    if line.startswith("SET CATALOG "):
        yield from _set_catalog(words[2:])
        return
    if line.startswith("EXPLAIN ANALYZE "):  # Sail runs what it explains so
        yield _unknown("EXPLAIN ANALYZE", reason, words)
        return
    if any(line.startswith(f"{verb} ") for verb in _HARMLESS) or (upper[0] == "TABLE" and _is_one_name(words[1:])):
        return
    if upper[0] == "REFRESH" and not {"MATERIALIZED", "STREAMING"} & set(upper[1:3]):
        return  # forgets what the session has cached
    verb = next((verb for verb in _VERBS if line.startswith(f"{verb} ")), None)
    position = len(verb.split()) if verb else None
    mark = _VERBS_WITH_MARK.get(upper[0])
    if mark is not None and mark in upper:
        verb, position = upper[0], upper.index(mark) + 1
    if verb is None or position is None:
        yield _unknown(upper[0] or "SQL", reason, words)
        return
    level: Any = "table"
    while position < len(words) and words[position].token_type != TokenType.IDENTIFIER:
        word = upper[position]
        if word not in _NOUNS | _FILLERS:
            break
        level = {"SCHEMA": "schema", "DATABASE": "schema", "CATALOG": "catalog"}.get(word, level)
        position += 1
    operation = f"{verb} {level.upper()}" if level != "table" else verb
    if upper[position : position + 1] == ["LOCAL"]:
        position += 1
    if upper[position : position + 2] == ["DIRECTORY", ""]:
        yield Write(operation, "path", (words[position + 1].text,))
        return
    name = _name_at(words, position)
    if name is None:
        yield _unknown(operation, reason, words)
    elif level == "table":
        yield written_name(operation, name)
    else:
        yield Write(operation, level, name)


def _set_catalog(words: list[Any]) -> Iterator[Effect]:
    name = _name_at(words, 0)
    if name is not None and len(name) == len(words) == 1:
        yield Use(name[0], sure=True)
    else:
        yield Write("SET CATALOG", "unknown", reason="its name is computed", hidden=True)


def _is_one_name(words: list[Any]) -> bool:
    name = _name_at(words, 0)
    return name is not None and 2 * len(name) - 1 == len(words)


def _name_at(words: list[Any], start: int) -> tuple[str, ...] | None:
    """Return the dotted name that begins at a token, or None; ``IDENTIFIER(...)`` is none."""
    parts: list[str] = []
    index = start
    while index < len(words) and _is_name(words[index]):
        parts.append(words[index].text)
        if index + 1 < len(words) and words[index + 1].token_type == TokenType.DOT:
            index += 2
            continue
        following = words[index + 1].token_type if index + 1 < len(words) else None
        if following == TokenType.L_PAREN and parts[0].upper() == "IDENTIFIER":
            return None
        return tuple(parts)
    return None


def _is_name(word: Any) -> bool:
    if word.token_type in _NAME:
        return True
    return word.token_type != TokenType.STRING and bool(word.text.replace("_", "a").isalnum())


def _chains(words: list[Any]) -> Iterator[tuple[str, ...]]:
    index = 0
    while index < len(words):
        name = _name_at(words, index) if _is_name(words[index]) else None
        if name is not None:
            yield name
        index += max(1, 2 * len(name) - 1 if name else 1)
