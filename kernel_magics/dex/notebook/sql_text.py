"""SQL text as single statements."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.tokens import Token

#: Words behind END that close something else than BEGIN or CASE.
_CLOSED_BY_NAME = ("IF", "LOOP", "WHILE", "FOR", "REPEAT")

#: ``${name}`` stands for a widget; with a dot it is a setting, which Spark puts in by itself.
WIDGET_FIELD = re.compile(r"\$\{\s*(\w+)\s*\}")


@dataclass(frozen=True)
class SqlWidget:
    """A statement that makes or removes a widget.

    Attributes:
        made: True for ``CREATE WIDGET``, False for ``REMOVE WIDGET``.
        kind: text, dropdown, combobox or multiselect; empty where it is removed.
        name: of the widget.
        default: value until another one is given.
        choices: the query whose rows are its choices; empty for none.
    """

    made: bool
    kind: str
    name: str
    default: str = ""
    choices: str = ""


def widget_of(statement: str) -> SqlWidget | None:
    """Return the widget that a statement makes or removes; None for any other statement."""
    tokens = _tokens(statement)
    words = [token.text for token in tokens]
    upper = [word.upper() for word in words]
    if upper[:2] == ["REMOVE", "WIDGET"] and len(words) > 2:
        return SqlWidget(False, "", words[2])
    if upper[:2] != ["CREATE", "WIDGET"] or len(words) < 4:
        return None
    default = words[upper.index("DEFAULT", 4) + 1] if "DEFAULT" in upper[4:-1] else ""
    choices = statement[tokens[upper.index("CHOICES", 4)].end + 1 :].strip() if "CHOICES" in upper[4:] else ""
    return SqlWidget(True, words[2].lower(), words[3], default, choices)


def markers_of(statement: str) -> list[str]:
    """Return the names of the ``:name`` markers of a statement; ``column:field`` is a path into JSON."""
    return list(dict.fromkeys(name for _, _, name in marker_places(statement)))


def marker_places(statement: str) -> list[tuple[int, int, str]]:
    """Return the ``:name`` markers of a statement: where each begins, where it ends, its name."""
    found: list[tuple[int, int, str]] = []
    tokens = _tokens(statement) if ":" in statement else []
    for before, colon, name in zip([None, *tokens], tokens, tokens[1:], strict=False):
        if colon.token_type.name != "COLON" or name.start != colon.end + 1:
            continue
        touching = before is not None and before.end + 1 == colon.start
        is_value = before is not None and (before.text[-1:].isalnum() or before.text[-1:] in "_`\"')]")
        if name.text.isidentifier() and not (touching and is_value):
            found.append((colon.start, name.end + 1, name.text))
    return found


def _tokens(statement: str) -> list[Token]:
    from sqlglot import tokenize
    from sqlglot.errors import TokenError

    try:
        return list(tokenize(statement, dialect="databricks"))
    except TokenError:
        return []


def split_sql(text: str) -> list[str]:
    """Return the statements of a SQL text, without the semicolons between them.

    Strings, quoted names, comments, ``$$`` bodies and ``BEGIN ... END`` blocks are not cut. Comments stay with the
    statement that they stand in or above; a piece that holds nothing else is no statement. Text that cannot be told
    into words, such as an open string, is one statement: whoever runs it says what is wrong.

    Example:
        >>> split_sql("select ';' -- a; b\\n; -- the end")
        ["select ';' -- a; b"]
    """
    from sqlglot import tokenize
    from sqlglot.errors import TokenError

    try:
        tokens = tokenize(text, dialect="databricks")
    except TokenError:
        return [text.strip()] if text.strip() else []
    statements: list[str] = []
    begin, block = 0, _Block()
    filled = False
    for token in tokens:
        if token.token_type.name == "SEMICOLON" and not block.open:
            if filled:
                statements.append(text[begin : token.start].strip())
            begin, block, filled = token.end + 1, _Block(), False
        else:
            block.read(token)
            filled = True
    if filled:
        statements.append(text[begin:].strip())
    return statements


class _Block:
    """Whether a semicolon belongs to the statement that it stands in."""

    def __init__(self) -> None:
        self._first = ""
        self._last: tuple[str, int] = ("", -1)
        self._depth = 0
        self._dollars = False

    @property
    def open(self) -> bool:
        return self._dollars or (self._depth > 0 and not self._begins_a_transaction)

    @property
    def _begins_a_transaction(self) -> bool:
        return self._first == "BEGIN" and self._last[0] in ("BEGIN", "TRANSACTION", "WORK") and self._depth == 1

    def read(self, token: Token) -> None:
        """Take in one token of the statement."""
        last, end = self._last
        word = "" if token.token_type.name in ("STRING", "RAW_STRING", "IDENTIFIER") else token.text.upper()
        self._first = self._first or word
        self._last = (word, token.end)
        if word == "$" and last == "$" and token.start == end + 1:
            self._dollars = not self._dollars
            self._last = ("", token.end)  # a third one begins anew
        elif self._dollars:
            return
        elif (
            word == "BEGIN"
            and (self._first in ("BEGIN", "CREATE") or last == ":")
            or self._depth
            and word == "CASE"
            and last != "END OF BLOCK"
        ):
            self._depth += 1
        elif self._depth and word == "END":
            self._depth -= 1
            self._last = ("END OF BLOCK", token.end)
        elif last == "END OF BLOCK" and word in _CLOSED_BY_NAME:
            self._depth += 1  # that END closed an IF or a loop, which are not counted
