"""How often each value was seen: all values while they are few, the frequent ones afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np

#: While a column has at most so many different values, each one is counted exactly.
EXACT_VALUES = 16_384
#: Values kept once a column has more than that.
KEPT_VALUES = 1024

Array = np.ndarray[Any, Any]


class ValueCounts:
    """Keys (sorted, unique) and how often each was seen.

    Complete, it holds every value. Otherwise it holds frequent ones, each count a lower bound: a value was seen at
    most ``error`` times more than its count says, and a value that is not kept at most ``error`` times. ``error`` is
    counted, not estimated: the sum of the largest count given up each time that something was given up (a variant of
    the mergeable summaries of Agarwal et al. 2012).

    Args:
        dtype: type of the keys: the numbers themselves, or the hashes of strings.
    """

    __slots__ = ("complete", "counts", "error", "keys")

    def __init__(self, dtype: str = "<i8") -> None:
        self.keys: Array = np.empty(0, dtype=np.dtype(dtype))
        self.counts: Array = np.empty(0, dtype=np.int64)
        self.complete = True
        self.error = 0

    def fits(self, keys: Array) -> bool:
        """Return whether the state stays complete with some more keys (sorted, unique)."""
        if not self.complete or len(keys) > EXACT_VALUES:
            return False
        return len(self.keys) + int((~self._known(keys)).sum()) <= EXACT_VALUES

    def add(self, keys: Array, counts: Array | None) -> Array:
        """Count some keys; return which of them are new here, as a mask.

        Args:
            keys: sorted and unique.
            counts: how often each was seen; None: once each.
        """
        known = self._known(keys)
        if known.any():
            places = np.searchsorted(self.keys, keys[known])
            self.counts[places] += 1 if counts is None else counts[known]
        new = ~known
        if not self.complete:
            new &= self._worth(counts, new)
        if new.any():
            fresh = np.ones(int(new.sum()), dtype=np.int64) if counts is None else counts[new]
            self._insert(keys[new], fresh)
        return new

    def give_up(self) -> None:
        """Keep frequent values only, from now on."""
        self.complete = False
        self._prune()

    def merge(self, other: ValueCounts) -> None:
        """Add what another state has counted; more than ``EXACT_VALUES`` values end completeness."""
        keys = np.concatenate([self.keys, other.keys.astype(self.keys.dtype, copy=False)])
        counts = np.concatenate([self.counts, other.counts])
        self.keys, places = np.unique(keys, return_inverse=True)
        self.counts = np.zeros(len(self.keys), dtype=np.int64)
        np.add.at(self.counts, places, counts)
        self.error += other.error
        self.complete = self.complete and other.complete and len(self.keys) <= EXACT_VALUES
        if not self.complete:
            self._prune()

    def top(self, limit: int) -> list[tuple[Any, int]]:
        """Return the most frequent keys with their counts, equal counts by key.

        A key that may be no more frequent than one that was given up is left out: an empty list says that no value
        stands out.
        """
        order = np.lexsort((self.keys, -self.counts))[:limit]
        return [(self.keys[i].item(), int(self.counts[i])) for i in order if self.counts[i] > self.error]

    def tree(self) -> dict[str, Any]:
        """Return the state as plain values."""
        return {"keys": self.keys, "counts": self.counts, "complete": self.complete, "error": self.error}

    @classmethod
    def from_tree(cls, tree: dict[str, Any]) -> ValueCounts:
        """Return the state that :meth:`tree` gave."""
        made = cls()
        made.keys, made.counts, made.complete, made.error = (
            tree["keys"],
            tree["counts"],
            tree["complete"],
            tree["error"],
        )
        return made

    def _known(self, keys: Array) -> Array:
        """Return which keys are counted here already; the search goes through the shorter side."""
        known = np.zeros(len(keys), dtype=bool)
        if len(self.keys) and len(keys):
            places = np.searchsorted(keys, self.keys)
            places[places == len(keys)] = 0
            known[places[keys[places] == self.keys]] = True
        return known

    def _worth(self, counts: Array | None, new: Array) -> Array:
        """Return which new keys are frequent enough to be kept; what the others count is the error."""
        room = KEPT_VALUES - len(self.keys)
        least = int(self.counts.min()) if room <= 0 else 0
        if counts is None:
            worth = np.full(len(new), least < 1, dtype=bool)
            lost = 0 if least < 1 else int(new.any())
        else:
            worth = counts > least
            refused = counts[new & ~worth]
            lost = int(refused.max()) if len(refused) else 0
        self._given_up(lost)
        return worth

    def _insert(self, keys: Array, counts: Array) -> None:
        keys = np.concatenate([self.keys, keys.astype(self.keys.dtype, copy=False)])
        counts = np.concatenate([self.counts, counts])
        order = np.argsort(keys, kind="stable")
        self.keys, self.counts = keys[order], counts[order]
        if not self.complete:
            self._prune()

    def _prune(self) -> None:
        if len(self.keys) > KEPT_VALUES:
            order = np.lexsort((self.keys, -self.counts))
            self._given_up(int(self.counts[order[KEPT_VALUES]]))
            kept = np.sort(order[:KEPT_VALUES])
            self.keys, self.counts = self.keys[kept], self.counts[kept]

    def _given_up(self, count: int) -> None:
        self.error += count
