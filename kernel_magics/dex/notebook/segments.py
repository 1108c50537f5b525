"""A code cell as stretches of one language each, as Databricks tells them apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dex.notebook.lexing import lex

#: A single ``%`` in front of a stretch: all of it is in that language.
LANGUAGES = ("sql", "scala", "r", "md", "md-sandbox", "sh", "fs", "python")
#: Text for people: what looks like a magic inside it is an example.
_PROSE = ("md", "md-sandbox")
_CELL_MAGIC = re.compile(r"(%%)([A-Za-z_][\w.-]*)(.*)$")
_LANGUAGE = re.compile(rf"(%%?)({'|'.join(map(re.escape, LANGUAGES))})(?=\s|$)(.*)$")
_COMMENTS = ("#", "--", "//")


@dataclass(frozen=True)
class Segment:
    """Lines of a cell that belong together.

    Attributes:
        sigil: ``%`` or ``%%``; empty for Python that no magic stands above.
        name: name of the magic above.
        arguments: what stands behind it on its line.
        body: the lines below.
        line: line of the magic in the cell, counted from 1; first line for Python without one.
        end_line: last line in the cell.
    """

    sigil: str
    name: str
    arguments: str
    body: str
    line: int
    end_line: int

    @property
    def text(self) -> str:
        """What is in the language: the rest of the magic's line and the lines below."""
        rest = self.arguments.strip()
        return f"{rest}\n{self.body}" if rest and self.body else rest or self.body


def segments(text: str) -> tuple[Segment, ...]:
    """Return the stretches of a code cell.

    Blank lines and comments may stand above a magic that owns what follows; Databricks allows that, IPython does not.
    Another language begins where its magic stands at the beginning of a line: below such a magic anywhere but in
    Markdown, below Python only where nothing stands behind it on its line.
    """
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip() and not _is_comment(line)), None)
    if first is None:
        return (Segment("", "", "", text, 1, len(lines)),)
    head = lines[first].strip()
    found = _LANGUAGE.match(head) or _CELL_MAGIC.match(lines[first])
    if found is None:
        return _below_python(lines, 0)
    sigil, name, arguments = found.groups()
    if name not in LANGUAGES or name in _PROSE:
        return (_segment(lines, first, len(lines), sigil, name, arguments),)
    if name == "python":
        start, *others = _below_python(["", *lines[first + 1 :]], first)
        end = start.end_line
        return (_segment(lines, first, end, sigil, name, arguments), *others)
    second = next((i for i in range(first + 1, len(lines)) if _LANGUAGE.match(lines[i])), len(lines))
    own = _segment(lines, first, second, sigil, name, arguments)
    return (own, *_moved(segments("\n".join(lines[second:])), second)) if second < len(lines) else (own,)


def begins_with_a_magic(text: str) -> bool:
    """Return whether the first line of a cell that is neither blank nor a comment is a magic."""
    first = next((line for line in text.split("\n") if line.strip() and not _is_comment(line)), "")
    return first.lstrip().startswith("%")


def _below_python(lines: list[str], above: int) -> tuple[Segment, ...]:
    """Return Python and what stands below it; ``above`` lines of the cell are not among ``lines``."""
    lexed = lex("\n".join(lines))
    for _, magic in lexed.magics:
        found = _LANGUAGE.match(lines[magic.line - 1])
        if found and magic.line > 1 and not found.group(3).strip() and found.group(2) != "python":
            start = magic.line - 1
            python = Segment("", "", "", "\n".join(lines[:start]), above + 1, above + start)
            return (python, *_moved(segments("\n".join(lines[start:])), above + start))
    return (Segment("", "", "", "\n".join(lines), above + 1, above + len(lines)),)


def _segment(lines: list[str], first: int, end: int, sigil: str, name: str, arguments: str) -> Segment:
    return Segment(sigil, name, arguments.strip(), "\n".join(lines[first + 1 : end]), first + 1, end)


def _moved(found: tuple[Segment, ...], lines: int) -> tuple[Segment, ...]:
    return tuple(Segment(s.sigil, s.name, s.arguments, s.body, s.line + lines, s.end_line + lines) for s in found)


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(_COMMENTS)
