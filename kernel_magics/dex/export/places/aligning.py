"""Which lines of one text stand for which lines of another, by the words that they share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

_WORDS = re.compile(r"\w+|[^\w\s,()'\"]")
#: Above this many words texts are compared by whole lines: the matcher's time grows with the square.
_MOST_WORDS = 6000


def counterparts(made: Sequence[str], own: Sequence[str]) -> list[int | None]:
    """Return for each line of a text the index of the line that it was made from; None where it shares no word.

    Args:
        made: lines of the text, such as a formatted block of a module.
        own: lines of what it was made from, such as a cell.
    """
    made_words, own_words = _words(made), _words(own)
    if len(made_words) + len(own_words) > _MOST_WORDS:
        return kept_lines(made, own)
    votes: list[Counter[int]] = [Counter() for _ in made]
    matcher = SequenceMatcher(None, [w for _, w in made_words], [w for _, w in own_words], autojunk=False)
    for start, other, size in matcher.get_matching_blocks():
        for (line, _), (own_line, _) in zip(made_words[start:][:size], own_words[other:][:size], strict=True):
            votes[line][own_line] += 1
    return [min(vote, key=lambda line: (-vote[line], line)) if vote else None for vote in votes]


def kept_lines(before: Sequence[str], after: Sequence[str]) -> list[int | None]:
    """Return for each line the index of the same line in another text; None where it was changed or taken out."""
    found: list[int | None] = [None] * len(before)
    matcher = SequenceMatcher(None, [x.strip() for x in before], [x.strip() for x in after], autojunk=False)
    for start, other, size in matcher.get_matching_blocks():
        found[start : start + size] = range(other, other + size)
    return found


def nearest(found: Sequence[int | None], at: int) -> int:
    """Return what a line has for a counterpart, else the nearest line above, else the nearest below; 0 for none."""
    around = [*found[at::-1], *found[at + 1 :]]
    return next((index for index in around if index is not None), 0)


def _words(lines: Sequence[str]) -> list[tuple[int, str]]:
    return [(number, word) for number, line in enumerate(lines) for word in _WORDS.findall(line)]
