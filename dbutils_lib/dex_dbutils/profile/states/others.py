"""The states of columns that are neither numbers nor text: booleans, nested values, and types without an order."""

from __future__ import annotations

from typing import Any

import numpy as np

from .sizes import SizeState


class BooleanState:
    """How many values are true, false and null."""

    def __init__(self, count: int = 0, nulls: int = 0, trues: int = 0) -> None:
        self.count, self.nulls, self.trues = count, nulls, trues

    def update(self, trues: int, count: int, nulls: int = 0) -> None:
        """Add ``count`` values of which ``trues`` are true, and the nulls beside them."""
        self.trues += trues
        self.count += count
        self.nulls += nulls

    def merge(self, other: BooleanState) -> None:
        """Add what another state has seen."""
        self.update(other.trues, other.count, other.nulls)

    def top(self) -> list[tuple[bool, int]]:
        """Return the values with their counts, the more frequent one first."""
        pairs = [(True, self.trues), (False, self.count - self.trues)]
        return sorted([pair for pair in pairs if pair[1]], key=lambda pair: (-pair[1], pair[0]))

    def tree(self) -> list[int]:
        """Return the state as plain values."""
        return [self.count, self.nulls, self.trues]

    @classmethod
    def from_tree(cls, tree: list[int]) -> BooleanState:
        """Return the state that :meth:`tree` gave."""
        return cls(*tree)


class PresenceState:
    """How many values are there, how many are null, and how many items arrays and maps hold."""

    def __init__(self) -> None:
        self.count = 0
        self.nulls = 0
        self.sizes = SizeState()

    def update(self, count: int, nulls: int = 0, sizes: np.ndarray[Any, Any] | None = None) -> None:
        """Add ``count`` values, the nulls beside them, and the number of items of each value where it has any."""
        self.count += count
        self.nulls += nulls
        if sizes is not None:
            self.sizes.update(sizes)

    def merge(self, other: PresenceState) -> None:
        """Add what another state has seen."""
        self.count += other.count
        self.nulls += other.nulls
        self.sizes.merge(other.sizes)

    def tree(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.count, self.nulls, self.sizes.tree()]

    @classmethod
    def from_tree(cls, tree: list[Any]) -> PresenceState:
        """Return the state that :meth:`tree` gave."""
        made = cls()
        made.count, made.nulls = tree[0], tree[1]
        made.sizes = SizeState.from_tree(tree[2])
        return made
