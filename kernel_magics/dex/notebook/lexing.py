"""Physical lines of a cell told apart: where a statement may begin, what is inside a string, what is a magic.

Python's own tokenizer stops at the first magic and differs between versions, so the few rules that matter here
(strings, comments, brackets, continuation) are read directly. IPython looks for magics at the same places.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dex.notebook.models import Magic

_PREFIX = re.compile(r"[A-Za-z]{0,2}$")
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_HELP = re.compile(r"(%{0,2}[A-Za-z_*][\w.*]*(?:\[[^\]]*\])?)(\?\??)\s*$")
_AUTOCALL = re.compile(r"[,;/][A-Za-z_]")


@dataclass(frozen=True)
class Line:
    """One physical line.

    Attributes:
        text: without its newline.
        start: ``code`` where a logical line begins, ``continued`` inside brackets or after a backslash, ``string``
            inside a string.
    """

    text: str
    start: str


@dataclass(frozen=True)
class Lexed:
    """A cell's lines and the magics among them, each with its indentation."""

    lines: tuple[Line, ...]
    magics: tuple[tuple[str, Magic], ...]
    open_string: bool


def lex(text: str) -> Lexed:
    """Return the lines of a text and its line magics.

    Args:
        text: source with ``\\n`` as newline; magics of a whole cell are not looked for here.
    """
    scanner = _Scanner()
    lines: list[Line] = []
    magics: list[tuple[str, Magic]] = []
    physical = text.split("\n")
    index = 0
    while index < len(physical):
        line = physical[index]
        start = scanner.state
        magic = _line_magic(line) if start == "code" else None
        if magic is None:
            lines.append(Line(line, start))
            assigned = scanner.read(line)
            if assigned is None:
                index += 1
                continue
            magic = _assigned(line, assigned)
        else:
            lines.append(Line(line, start))
        last = index
        words = [magic.arguments]
        while words[-1].endswith("\\") and last + 1 < len(physical):
            words[-1] = words[-1][:-1]
            last += 1
            words.append(physical[last].strip())
            lines.append(Line(physical[last], "continued"))
        indent = line[: len(line) - len(line.lstrip())]
        magics.append(
            (
                indent,
                Magic(
                    magic.sigil, magic.name, " ".join(w.strip() for w in words), index + 1, last + 1, "", magic.target
                ),
            )
        )
        index = last + 1
    return Lexed(tuple(lines), tuple(magics), scanner.quote is not None)


class _Scanner:
    """Reads code line by line; knows whether the next line begins inside a string or a bracket."""

    def __init__(self) -> None:
        self.quote: str | None = None
        self.depth = 0
        self.continued = False

    @property
    def state(self) -> str:
        if self.quote is not None:
            return "string"
        return "continued" if self.depth or self.continued else "code"

    def read(self, line: str) -> int | None:
        """Take one line in; return the column of a magic behind ``=``, if there is one."""
        self.continued = False
        i, previous = 0, ""
        while i < len(line):
            char = line[i]
            if self.quote is not None:
                if char == "\\":
                    i += 2
                    continue
                if line.startswith(self.quote, i):
                    i += len(self.quote)
                    self.quote = None
                    previous = "'"
                    continue
                i += 1
                continue
            if char == "#":
                break
            if char in "'\"":
                self.quote = char * 3 if line.startswith(char * 3, i) else char
                i += len(self.quote)
                continue
            if char in "([{":
                self.depth += 1
            elif char in ")]}":
                self.depth = max(0, self.depth - 1)
            elif char == "\\" and i == len(line) - 1:
                self.continued = True
            elif char in "%!" and previous == "=" and not self.depth and _plain_assignment(line, i):
                return i
            if not char.isspace():
                previous = char
            i += 1
        if self.quote is not None and len(self.quote) == 1 and not line.endswith("\\"):
            self.quote = None  # a broken literal ends with its line
        return None


def _plain_assignment(line: str, position: int) -> bool:
    before = line[:position].rstrip()
    return before.endswith("=") and (len(before) < 2 or before[-2] not in "=!<>:+-*/%@&|^")


def _assigned(line: str, position: int) -> Magic:
    target = line[:position].rstrip()[:-1].strip()
    rest = line[position:]
    sigil = "%" if rest[0] == "%" else "!!" if rest.startswith("!!") else "!"
    rest = rest[len(sigil) :]
    name = _NAME.match(rest) if sigil == "%" else None
    word = name.group() if name else ""
    return Magic(sigil, word, rest[len(word) :], 0, 0, target=target)


def _line_magic(line: str) -> Magic | None:
    text = line.strip()
    if not text:
        return None
    if text[0] == "%":
        sigil = "%%" if text.startswith("%%") else "%"
        found = _NAME.match(text[len(sigil) :].lstrip())
        name = found.group() if found else ""
        rest = text[len(sigil) :].lstrip()[len(name) :]
        helped = _HELP.match(text)
        if helped and helped.end() == len(text):
            return Magic("?", helped.group(1), "", 0, 0)
        return Magic(sigil, name, rest, 0, 0)
    if text[0] == "!":
        sigil = "!!" if text.startswith("!!") else "!"
        return Magic(sigil, "", text[len(sigil) :], 0, 0)
    if text[0] == "?":
        return Magic("?", text.strip("? "), "", 0, 0)
    if _AUTOCALL.match(text):
        return Magic(text[0], text[1:].split(" ")[0], text.partition(" ")[2], 0, 0)
    helped = _HELP.match(text)
    if helped and helped.end() == len(text):
        return Magic("?", helped.group(1), "", 0, 0)
    return None
