"""Some different values of a column of texts, each with its exact count."""

from __future__ import annotations

from typing import Any

import numpy as np

from .runs import added

Array = np.ndarray[Any, Any]

SIZE = 512


class ValueSample:
    """The values with the ``SIZE`` smallest hashes, and how often each was seen.

    A value that is among them at the end was among them from its first row on, so its count is exact and the sample
    does not depend on the order of the rows.
    """

    __slots__ = ("counts", "keys")

    def __init__(self) -> None:
        self.keys: Array = np.empty(0, dtype=np.uint64)
        self.counts: Array = np.empty(0, dtype=np.int64)

    def update(self, keys: Array, counts: Array) -> Array:
        """Count some hashes (sorted, unique); return the places of those that are in the sample now."""
        if len(self.keys) == SIZE:
            size = int(np.searchsorted(keys, self.keys[-1], "right"))
            keys, counts = keys[:size], counts[:size]
        else:
            keys, counts = keys[:SIZE], counts[:SIZE]
        if len(keys):
            every, numbers = added(self.keys, self.counts, keys, counts)
            self.keys, self.counts = every[:SIZE], numbers[:SIZE]
        return np.arange(len(keys))

    def merge(self, other: ValueSample) -> None:
        """Add what another sample has seen."""
        self.update(other.keys, other.counts)

    def tree(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.keys, self.counts]

    @classmethod
    def from_tree(cls, tree: list[Any]) -> ValueSample:
        """Return the state that :meth:`tree` gave."""
        made = cls()
        made.keys, made.counts = tree
        return made
