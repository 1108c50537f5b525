"""SQL text as single statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.tokens import Token

#: Words behind END that close something else than BEGIN or CASE.
_CLOSED_BY_NAME = ("IF", "LOOP", "WHILE", "FOR", "REPEAT")


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
