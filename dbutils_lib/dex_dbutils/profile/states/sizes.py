"""Lengths of strings and sizes of arrays and maps: smallest, largest, mean."""

from __future__ import annotations

from typing import Any

import numpy as np


class SizeState:
    """The smallest, the largest and the sum of some sizes."""

    __slots__ = ("max", "min", "n", "total")

    def __init__(self, n: int = 0, total: int = 0, low: int | None = None, high: int | None = None) -> None:
        self.n, self.total, self.min, self.max = n, total, low, high

    def update(self, sizes: np.ndarray[Any, Any], counts: np.ndarray[Any, Any] | None = None) -> None:
        """Add sizes, each seen ``counts`` times (None: once)."""
        if len(sizes) == 0:
            return
        n = len(sizes) if counts is None else int(counts.sum())
        total = sizes.sum(dtype=np.int64) if counts is None else np.multiply(sizes, counts, dtype=np.int64).sum()
        self.merge(SizeState(n, int(total), int(sizes.min()), int(sizes.max())))

    def merge(self, other: SizeState) -> None:
        """Add what another state has seen."""
        self.n += other.n
        self.total += other.total
        if other.min is not None and other.max is not None:
            self.min = other.min if self.min is None else min(self.min, other.min)
            self.max = other.max if self.max is None else max(self.max, other.max)

    @property
    def mean(self) -> float | None:
        """The mean size."""
        return self.total / self.n if self.n else None

    def tree(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.n, self.total, self.min, self.max]

    @classmethod
    def from_tree(cls, tree: list[Any]) -> SizeState:
        """Return the state that :meth:`tree` gave."""
        return cls(*tree)
