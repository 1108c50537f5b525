"""How often each number was seen: every number while they are few, bins of equal width afterwards."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .runs import added, run_starts

Array = np.ndarray[Any, Any]

#: While a column has at most so many different values, each one is counted exactly.
EXACT_VALUES = 16_384
#: Bins kept once a column has more than that.
BINS = 16384
_HALF = np.uint64(32)


class Histogram:
    """Counts of integer keys in bins of 2**level keys; only bins that hold something are kept.

    The level is the smallest one at which at most ``BINS`` bins hold something (level 0, every key on its own, up to
    ``EXACT_VALUES``). More keys never empty a bin, so the level depends on what was seen and not on its order, and so
    do the counts: parts merge into the very same histogram in whatever order they come.
    """

    __slots__ = ("complete", "counts", "keys", "level")

    def __init__(self) -> None:
        self.keys: Array = np.empty(0, dtype=np.int64)
        self.counts: Array = np.empty(0, dtype=np.int64)
        self.level = 0
        self.complete = True

    def add(self, keys: Array, counts: Array) -> None:
        """Count some keys, sorted and unique."""
        if self.level:
            keys, counts = _coarser(keys, counts, self.level)
        self.keys, self.counts = added(self.keys, self.counts, keys, counts)
        self._fit()

    def merge(self, other: Histogram) -> None:
        """Add what another one has counted."""
        self.complete = self.complete and other.complete
        level = max(self.level, other.level)
        mine = _coarser(self.keys, self.counts, level - self.level)
        its = _coarser(other.keys, other.counts, level - other.level)
        self.keys, self.counts = added(*mine, *its)
        self.level = level
        self._fit()

    def quantiles(self, shares: list[float], low: int, high: int) -> tuple[list[tuple[int, int, float]], float]:
        """Return for each share q where rank ``ceil(q n)`` lies, and how far a rank may be off, as a share of n.

        Args:
            shares: shares of the order, from 0 to 1.
            low: smallest key seen.
            high: largest key seen.

        Returns:
            First and last key of the bin, and how far between them the rank is if the bin's keys are evenly spread.
        """
        reached = np.cumsum(self.counts)
        n = int(reached[-1])
        found, off = [], 0
        for q in shares:
            # the small step back keeps 0.95 * 20 at rank 19, not 20
            rank = max(1, math.ceil(q * n - 1e-9))
            place = int(np.searchsorted(reached, rank))
            count, before = int(self.counts[place]), int(reached[place]) - int(self.counts[place])
            first = int(self.keys[place]) << self.level
            last = min(first + (1 << self.level) - 1, high)
            found.append((max(first, low), last, (rank - before - 0.5) / count))
            off = max(off, count) if self.level else 0
        return found, off / n

    def tree(self) -> dict[str, Any]:
        """Return the state as plain values."""
        return {"keys": self.keys, "counts": self.counts, "level": self.level, "complete": self.complete}

    @classmethod
    def from_tree(cls, tree: dict[str, Any]) -> Histogram:
        """Return the state that :meth:`tree` gave."""
        made = cls()
        made.keys, made.counts, made.level, made.complete = (
            tree["keys"],
            tree["counts"],
            tree["level"],
            tree["complete"],
        )
        return made

    def _fit(self) -> None:
        if self.complete and len(self.keys) > EXACT_VALUES:
            self.complete = False
        if not self.complete and len(self.keys) > BINS:
            step = _step(self.keys, BINS)
            self.keys, self.counts = _coarser(self.keys, self.counts, step)
            self.level += step


def _coarser(keys: Array, counts: Array, step: int) -> tuple[Array, Array]:
    """Return a table whose bins are 2**step times as wide."""
    if not step or not len(keys):
        return keys, counts
    wide = keys >> np.int64(step)
    starts = run_starts(wide)
    return wide[starts], np.add.reduceat(counts, starts)


def _step(keys: Array, most: int) -> int:
    """Return how many bits must go until at most so many of the sorted keys differ."""
    differing = (keys[1:] ^ keys[:-1]).view(np.uint64)
    upper = differing >> _HALF
    # frexp gives the number of bits, exactly for numbers of 32 bits
    sizes = np.where(upper > 0, 32 + np.frexp(upper.astype(np.float64))[1], _bits(differing))
    # after s steps two neighbours still differ where their highest differing bit is above the s-th
    differ_after = len(keys) - np.cumsum(np.bincount(sizes, minlength=65))
    return int(np.flatnonzero(differ_after <= most)[0])


def _bits(words: Array) -> Array:
    return np.frexp((words & np.uint64(0xFFFFFFFF)).astype(np.float64))[1]
