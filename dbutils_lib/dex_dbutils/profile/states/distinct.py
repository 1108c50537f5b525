"""How many different values there are, from the smallest hashes seen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .runs import run_starts

#: Hashes kept. Up to here the count is exact; beyond, its relative standard error is 1/sqrt(CAPACITY - 2) = 1.1 %.
CAPACITY = 8192
_SPAN = 2.0**64


class Distinct:
    """The ``CAPACITY`` smallest hashes (k minimum values: Bar-Yossef et al. 2002; Beyer et al. 2007).

    A new hash matters only when it is smaller than the largest one kept, so that on a long column nearly all of a
    batch is set aside by one comparison; and the result does not depend on the order of the rows.
    """

    __slots__ = ("_pending", "_pending_size", "hashes")

    def __init__(self) -> None:
        self.hashes = np.empty(0, dtype=np.uint64)
        self._pending: list[np.ndarray[Any, Any]] = []
        self._pending_size = 0

    def update(self, hashes: np.ndarray[Any, Any]) -> None:
        """Add hashes; repeated ones count once."""
        if len(self.hashes) == CAPACITY:
            hashes = hashes[hashes < self.hashes[-1]]
        if len(hashes):
            self._pending.append(hashes)
            self._pending_size += len(hashes)
            if self._pending_size >= CAPACITY:
                self._settle()

    def merge(self, other: Distinct) -> None:
        """Add what another sketch has seen."""
        other._settle()
        self._pending.append(other.hashes)
        self._settle()

    @property
    def exact(self) -> bool:
        """Whether every value seen is counted (two values share a hash with probability below 1e-11)."""
        self._settle()
        return len(self.hashes) < CAPACITY

    @property
    def estimate(self) -> int:
        """The number of different values."""
        self._settle()
        if len(self.hashes) < CAPACITY:
            return len(self.hashes)
        return round((CAPACITY - 1) / ((float(self.hashes[-1]) + 1.0) / _SPAN))

    @property
    def error(self) -> float:
        """The relative error that is exceeded once in twenty (two standard errors); 0 where the count is exact."""
        return 0.0 if self.exact else 2.0 / math.sqrt(CAPACITY - 2)

    def tree(self) -> np.ndarray[Any, Any]:
        """Return the state as a plain value."""
        self._settle()
        return self.hashes

    @classmethod
    def from_tree(cls, tree: np.ndarray[Any, Any]) -> Distinct:
        """Return the state that :meth:`tree` gave."""
        made = cls()
        made.hashes = tree
        return made

    def _settle(self) -> None:
        if self._pending:
            # sorted by hand: np.unique hashes what are hashes already, which takes longer
            ordered = np.sort(np.concatenate([self.hashes, *self._pending]))
            self.hashes = ordered[run_starts(ordered)][:CAPACITY]
            self._pending, self._pending_size = [], 0
