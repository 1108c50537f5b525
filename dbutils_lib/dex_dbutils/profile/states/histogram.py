"""How often each number was seen: every number while they are few, bins afterwards."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .runs import added, run_starts

Array = np.ndarray[Any, Any]

#: While a column has at most so many different values, each one is counted exactly.
EXACT_VALUES = 16_384
#: Bins kept once a column has more than that.
BINS = 8192
_HALF = np.uint64(32)
_MAGNITUDE = np.int64((1 << 63) - 1)


class Histogram:
    """How often each number was seen; with many different ones, how many fall into each of some bins.

    Bins are of equal width on the scale of a float's bits: as wide as 2**level neighbouring floats, thus narrow for
    small numbers and wide for large ones, so that neither a long tail nor a far cluster swallows the rest. Only bins
    that hold something are kept, and the level is the smallest one at which these are at most ``BINS``. More values
    never empty a bin, so the level depends on what was seen and not on its order, and so do the counts: parts merge
    into the very same histogram in whatever order they come.

    Args:
        dtype: ``<i8``: keys are whole numbers; ``<f8``: keys are those of floats, see :func:`to_keys`.
    """

    __slots__ = ("complete", "counts", "dtype", "keys", "level")

    def __init__(self, dtype: str = "<i8") -> None:
        self.dtype = dtype
        self.keys: Array = np.empty(0, dtype=np.int64)
        self.counts: Array = np.empty(0, dtype=np.int64)
        self.level = 0
        self.complete = True

    def add(self, keys: Array, counts: Array) -> None:
        """Count some keys, sorted and unique."""
        if not self.complete:
            keys, counts = self._binned(keys, counts, self.level)
        self.keys, self.counts = added(self.keys, self.counts, keys, counts)
        self._fit()

    def merge(self, other: Histogram) -> None:
        """Add what another one has counted."""
        if self.complete and not other.complete:
            self._spill()
        level = max(self.level, other.level)
        if other.complete and not self.complete:
            its = self._binned(other.keys, other.counts, level)
        else:
            its = _coarser(other.keys, other.counts, level - other.level)
        mine = _coarser(self.keys, self.counts, level - self.level)
        self.keys, self.counts = added(*mine, *its)
        self.level = level
        self._fit()

    def quantiles(self, shares: list[float]) -> list[tuple[int, int, float, float]]:
        """Return for each share q, from 0 to 1, where rank ``ceil(q n)`` lies.

        Returns:
            First and last key of the bin, on the scale of floats unless complete; how far between them the rank is if
            the bin's values are evenly spread; and the bin's share of all values, which bounds the error of the rank.
        """
        reached = np.cumsum(self.counts)
        n = int(reached[-1])
        found = []
        for q in shares:
            # the small step back keeps 0.95 * 20 at rank 19, not 20
            rank = max(1, math.ceil(q * n - 1e-9))
            place = int(np.searchsorted(reached, rank))
            count, before = int(self.counts[place]), int(reached[place]) - int(self.counts[place])
            first = int(self.keys[place]) << (0 if self.complete else self.level)
            last = first if self.complete else first + (1 << self.level) - 1
            found.append((first, last, (rank - before - 0.5) / count, count / n))
        return found

    def tree(self) -> dict[str, Any]:
        """Return the state as plain values."""
        state = {"keys": self.keys, "counts": self.counts, "level": self.level, "complete": self.complete}
        return {"dtype": self.dtype, **state}

    @classmethod
    def from_tree(cls, tree: dict[str, Any]) -> Histogram:
        """Return the state that :meth:`tree` gave."""
        made = cls(tree["dtype"])
        made.keys, made.counts, made.level, made.complete = (
            tree["keys"],
            tree["counts"],
            tree["level"],
            tree["complete"],
        )
        return made

    def _fit(self) -> None:
        if self.complete and len(self.keys) > EXACT_VALUES:
            self._spill()
        if not self.complete and len(self.keys) > BINS:
            step = _step(self.keys, BINS)
            self.keys, self.counts = _coarser(self.keys, self.counts, step)
            self.level += step

    def _spill(self) -> None:
        self.complete = False
        self.keys, self.counts = self._binned(self.keys, self.counts, 0)

    def _binned(self, keys: Array, counts: Array, level: int) -> tuple[Array, Array]:
        """Return counts of bins from counts of keys."""
        if self.dtype == "<i8":
            keys, counts = _unified(to_keys(keys.astype(np.float64)), counts)
        return _coarser(keys, counts, level)


def to_keys(values: Array) -> Array:
    """Return whole numbers in the order of some floats, their bits in the main; -0.0 counts as 0.0."""
    bits = (values + 0.0).view(np.int64)
    return bits ^ ((bits >> np.int64(63)) & _MAGNITUDE)


def from_keys(keys: Array) -> Array:
    """Return the floats that :func:`to_keys` was given."""
    floats: Array = (keys ^ ((keys >> np.int64(63)) & _MAGNITUDE)).view(np.float64)
    return floats


def _unified(keys: Array, counts: Array) -> tuple[Array, Array]:
    """Return a table of sorted keys with equal ones put together."""
    if not len(keys):
        return keys, counts
    starts = run_starts(keys)
    return keys[starts], np.add.reduceat(counts, starts)


def _coarser(keys: Array, counts: Array, step: int) -> tuple[Array, Array]:
    """Return a table whose bins are 2**step times as wide."""
    return _unified(keys >> np.int64(step), counts) if step else (keys, counts)


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
