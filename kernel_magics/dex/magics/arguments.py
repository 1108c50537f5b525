"""Parse the line of a magic; wrong use is a `DexError`, never an exit."""

from __future__ import annotations

import argparse
import shlex
from typing import Any, NoReturn

from dex_dbutils import DexError


class MagicParser(argparse.ArgumentParser):
    """An argument parser for one magic.

    Args:
        magic: what a person types, such as ``%dex_env``.
        description: one sentence for its help text.
    """

    def __init__(self, magic: str, description: str) -> None:
        super().__init__(prog=magic, description=description, add_help=False, allow_abbrev=False)
        self.magic = magic

    def error(self, message: str) -> NoReturn:
        """Raise the error that a person sees for a line that cannot be parsed."""
        raise DexError(
            "DEX-MAGIC-01",
            f"{self.magic}: {message}.",
            remedy=" ".join(self.format_usage().removeprefix("usage:").split()),
        )

    def parse_line(self, line: str) -> Any:
        """Return the arguments of a line.

        Raises:
            DexError: DEX-MAGIC-01, the line does not fit the magic's usage.
        """
        try:
            words = shlex.split(line)
        except ValueError as error:
            self.error(f"cannot read `{line}` ({error})")
        return self.parse_args(words)

    def parse_expression(self, line: str) -> tuple[str, Any]:
        """Return a leading Python expression, unchanged, and the options behind it.

        The expression ends where the first known option begins, so that it may hold blanks and quotes.
        """
        options = {name for action in self._actions for name in action.option_strings}
        start = min((i for i in (_find_word(line, name) for name in options) if i >= 0), default=len(line))
        return line[:start].strip(), self.parse_line(line[start:])


def _find_word(line: str, word: str) -> int:
    """Return where ``word`` stands as a word of its own outside of quotes, or -1."""
    quote: str | None = None
    for i, char in enumerate(line):
        if quote:
            quote = None if char == quote else quote
        elif char in "'\"":
            quote = char
        elif line.startswith(word, i) and (i == 0 or line[i - 1].isspace()):
            end = i + len(word)
            if end == len(line) or line[end].isspace() or line[end] == "=":
                return i
    return -1
