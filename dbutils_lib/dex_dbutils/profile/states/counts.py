"""How often each of some values was seen, as long as they are few."""

from __future__ import annotations

from typing import Any

import numpy as np

from .histogram import EXACT_VALUES
from .runs import added, known

Array = np.ndarray[Any, Any]


class Counts:
    """Hashes (sorted, unique) and how often each was seen."""

    __slots__ = ("counts", "keys")

    def __init__(self) -> None:
        self.keys: Array = np.empty(0, dtype=np.uint64)
        self.counts: Array = np.empty(0, dtype=np.int64)

    def fits(self, keys: Array) -> bool:
        """Return whether some more keys (sorted, unique) leave at most ``EXACT_VALUES``."""
        if len(keys) > EXACT_VALUES:
            return False
        return len(self.keys) + int((~known(self.keys, keys)[0]).sum()) <= EXACT_VALUES

    def add(self, keys: Array, counts: Array) -> Array:
        """Count some keys; return the places of those that are new here."""
        new = np.flatnonzero(~known(self.keys, keys)[0])
        self.keys, self.counts = added(self.keys, self.counts, keys, counts)
        return new

    def tree(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.keys, self.counts]

    @classmethod
    def from_tree(cls, tree: list[Any]) -> Counts:
        """Return the state that :meth:`tree` gave."""
        made = cls()
        made.keys, made.counts = tree
        return made
