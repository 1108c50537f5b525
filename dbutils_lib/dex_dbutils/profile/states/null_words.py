"""Words that stand for a missing value, counted in all rows of a column of texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from .hashing import hash_strings

Array = np.ndarray[Any, Any]

#: In lower case; texts of white space alone stand for nothing too.
NULL_WORDS = frozenset("na n/a nan null none nil nul missing #n/a #na #null! <na> (null) \\n - -- ? .".split())


def _spellings() -> list[str]:
    found = {"", " "}
    for word in NULL_WORDS:
        found |= {word, word.upper(), word.capitalize()}
    return sorted(found | {"NaN", "\\N"})


def _hashes(words: list[str]) -> Array:
    raw = [word.encode("utf-8") for word in words]
    offsets = np.concatenate([[0], np.cumsum([len(word) for word in raw])]).astype(np.int64)
    return hash_strings(offsets, np.frombuffer(b"".join(raw), dtype=np.uint8))


SPELLINGS = _spellings()
_HASHES = _hashes(SPELLINGS)


class NullWords:
    """How often each of ``SPELLINGS`` was seen."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: Array = np.zeros(len(SPELLINGS), dtype=np.int64)

    def update(self, keys: Array, counts: Array) -> None:
        """Count the hashes (sorted, unique) of some texts."""
        if len(keys):
            places = np.minimum(np.searchsorted(keys, _HASHES), len(keys) - 1)
            self.counts += np.where(keys[places] == _HASHES, counts[places], 0)

    def merge(self, other: NullWords) -> None:
        """Add what another one has seen."""
        self.counts += other.counts

    def found(self) -> list[tuple[str, int]]:
        """Return the spellings that were seen, and how often."""
        return [(word, int(count)) for word, count in zip(SPELLINGS, self.counts) if count]

    def tree(self) -> Array:
        """Return the state as plain values."""
        return self.counts

    @classmethod
    def from_tree(cls, tree: Array) -> NullWords:
        """Return the state that :meth:`tree` gave."""
        made = cls()
        made.counts = tree
        return made
