"""Texts merged: a person's edit of a module's block carried over to the lines of the notebook that it was made from."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

T = TypeVar("T")
Keep = tuple[int, int, int, int]

_WORDS = re.compile(r"\n[ \t]*|[ \t]+|\w+|[^\w\s]|\s")
#: Above this many words an edit is only looked for line by line.
_MOST_WORDS = 6000


def edits(base: Sequence[T], other: Sequence[T]) -> list[Keep]:
    """Return what was changed, as (from, to) in the base and (from, to) in the other text."""
    matcher = SequenceMatcher(None, base, other, autojunk=False)
    return [(i1, i2, j1, j2) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"]


def merge(
    base: Sequence[T],
    mine: Sequence[T],
    theirs: Sequence[T],
    mine_edits: list[Keep],
    their_edits: list[Keep],
    mine_first: bool,
) -> list[T] | None:
    """Return a sequence with the edits of both sides, or None where they touch the same elements.

    Args:
        base: what both sides began with; elements kept by ``mine`` are taken from there.
        mine: one side.
        theirs: the other side.
        mine_edits: what ``mine`` changed.
        their_edits: what ``theirs`` changed.
        mine_first: of two insertions at one place, mine comes first.
    """
    result: list[T] = []
    position = offset = 0  # in the base; how far mine is ahead of it
    a, b = list(mine_edits), list(their_edits)

    def kept(until: int) -> None:
        nonlocal position
        result.extend(mine[position + offset : until + offset])
        position = until

    while a or b:
        first_is_mine = bool(a) and (not b or _before(a[0], b[0], mine_first))
        start, end, begin, stop = a[0] if first_is_mine else b[0]
        if start < position:
            return None
        kept(start)
        if first_is_mine:
            result.extend(mine[begin:stop])
            offset = stop - end
            a.pop(0)
        else:
            result.extend(theirs[begin:stop])
            b.pop(0)
            if a and a[0][0] < end:
                return None
        position = end
    kept(len(base))
    return result


def _before(a: Keep, b: Keep, mine_first: bool) -> bool:
    if a[0] != b[0]:
        return a[0] < b[0]
    if (a[0] == a[1]) != (b[0] == b[1]):  # an insertion stands in front of what is replaced at its place
        return a[0] == a[1]
    return mine_first


def carried_over(own: str, base: str, theirs: str) -> Iterator[str]:
    """Yield texts of a notebook with a person's edit of the module in it, the closest to the lines first.

    None of them is known to be right: what the export makes of it tells.

    Args:
        own: text of the notebook.
        base: text of the module that was made from it.
        theirs: the same, edited.
    """
    seen = {own}
    for mine_first in (True, False):
        for text in (_by_line(own, base, theirs, mine_first), _by_word(own, base, theirs, mine_first)):
            if text is not None and text not in seen:
                seen.add(text)
                yield text


def _by_line(own: str, base: str, theirs: str, mine_first: bool) -> str | None:
    mine_lines, base_lines = own.split("\n"), base.split("\n") if base else []
    their_lines = theirs.split("\n") if theirs else []
    mine_edits = edits([x.strip() for x in base_lines], [x.strip() for x in mine_lines])
    their_edits = edits(base_lines, their_lines)
    shifted = list(their_lines)
    for start, end, begin, stop in their_edits:
        shift = _shift(base_lines, mine_lines, mine_edits, start, end)
        shifted[begin:stop] = [_moved(line, shift) for line in their_lines[begin:stop]]
    merged = merge(base_lines, mine_lines, shifted, mine_edits, their_edits, mine_first)
    return None if merged is None else "\n".join(merged)


def _shift(base: list[str], mine: list[str], mine_edits: list[Keep], start: int, end: int) -> int:
    """Return how much further to the right the notebook's lines stand than the module's, near some lines."""
    partner: dict[int, int] = {}
    position = offset = 0
    for i1, i2, _, j2 in [*mine_edits, (len(base), len(base), 0, 0)]:
        partner.update({i: i + offset for i in range(position, i1)})
        position, offset = i2, j2 - i2
    for i in sorted(partner, key=lambda i: 0 if start <= i < end else min(abs(i - start), abs(i - end)) + 1):
        if base[i].strip():
            return _indent(mine[partner[i]]) - _indent(base[i])
    return 0


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _moved(line: str, by: int) -> str:
    if not line.strip() or by == 0:
        return line
    return " " * by + line if by > 0 else line[min(-by, _indent(line)) :]


def _by_word(own: str, base: str, theirs: str, mine_first: bool) -> str | None:
    before, mine, after = (_WORDS.findall(text) for text in (base, own, theirs))
    if len(before) + len(mine) + len(after) > _MOST_WORDS:
        return None
    merged: list[str] | None = merge(before, mine, after, edits(before, mine), edits(before, after), mine_first)
    return None if merged is None else "".join(merged)


def same_code(one: str, other: str) -> bool:
    """Return whether two sources differ in layout alone: the same statements, the same comments in the same order."""
    if one == other:
        return True
    try:
        if ast.dump(ast.parse(one)) != ast.dump(ast.parse(other)):
            return False
        return _comments(one) == _comments(other)
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError):
        return False


def _comments(source: str) -> list[tuple[str, int]]:
    """Return the comments, each with how many words of code stand in front of it; brackets and commas aside."""
    found: list[tuple[str, int]] = []
    count = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            found.append((token.string, count))
        elif token.type in (tokenize.NAME, tokenize.NUMBER):
            count += 1
    return found
