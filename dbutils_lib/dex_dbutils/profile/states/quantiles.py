"""Quantiles from a summary of weighted values that grows with the logarithm of the number of values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

#: Values a level may hold before it is halved. The guaranteed rank error is about (log2(n / CAPACITY)) / (2 CAPACITY).
CAPACITY = 1024


class Quantiles:
    """Levels of values; each value of level i stands for 2**i values seen.

    A full level is sorted and every second value moves up, the choice between odd and even alternating: the compactor
    of Manku, Rajagopalan and Lindsay (1998) that KLL builds on. It needs only sorts of whole arrays, gives the same
    answer for the same input, and its rank error is known, not only probable: ``error`` counts it.
    """

    __slots__ = ("error", "levels", "turns")

    def __init__(self, dtype: str = "<i8") -> None:
        self.levels: list[np.ndarray[Any, Any]] = [np.empty(0, dtype=np.dtype(dtype))]
        self.turns: list[int] = [0]
        self.error = 0

    @property
    def n(self) -> int:
        """How many values were seen."""
        return sum(len(values) << i for i, values in enumerate(self.levels))

    def update_sorted(self, values: np.ndarray[Any, Any]) -> None:
        """Add sorted values: every 2**j-th of them (the middle of its group) goes straight to level j."""
        n = len(values)
        level = max(0, int(math.log2(n / CAPACITY))) if n > CAPACITY else 0
        left = n & ((1 << level) - 1)
        self._add(0, values[:left])
        if level:
            self.error += 1 << (level - 1)
        self._add(level, values[left + ((1 << level) >> 1) :: 1 << level])
        self._compress()

    def update_weighted(self, values: np.ndarray[Any, Any], counts: np.ndarray[Any, Any]) -> None:
        """Add values that were seen ``counts`` times each; nothing is lost."""
        for level in range(int(counts.max()).bit_length() if len(counts) else 0):
            self._add(level, values[(counts >> level) & 1 == 1])
        self._compress()

    def merge(self, other: Quantiles) -> None:
        """Add what another summary has seen."""
        for level, values in enumerate(other.levels):
            self._add(level, values)
        self.error += other.error
        self._compress()

    def astype(self, dtype: str) -> None:
        """Hold the values in another type from now on."""
        self.levels = [values.astype(np.dtype(dtype)) for values in self.levels]

    def quantiles(self, shares: list[float]) -> list[Any]:
        """Return for each share q a value that was seen and whose rank is about ``ceil(q n)``.

        The rank is off by at most ``error``; None for each where nothing was seen.
        """
        values = np.concatenate(self.levels)
        if len(values) == 0:
            return [None] * len(shares)
        weights = np.concatenate([np.full(len(v), 1 << i, dtype=np.int64) for i, v in enumerate(self.levels)])
        return weighted_quantiles(values, weights, shares)

    def tree(self) -> dict[str, Any]:
        """Return the state as plain values."""
        return {"levels": self.levels, "turns": self.turns, "error": self.error}

    @classmethod
    def from_tree(cls, tree: dict[str, Any]) -> Quantiles:
        """Return the state that :meth:`tree` gave."""
        made = cls()
        made.levels, made.turns, made.error = list(tree["levels"]), list(tree["turns"]), tree["error"]
        return made

    def _add(self, level: int, values: np.ndarray[Any, Any]) -> None:
        while len(self.levels) <= level:
            self.levels.append(self.levels[0][:0])
            self.turns.append(0)
        if len(values):
            kept = self.levels[level]
            self.levels[level] = np.concatenate([kept, values.astype(kept.dtype, copy=False)])

    def _compress(self) -> None:
        level = 0
        while level < len(self.levels):
            values = self.levels[level]
            if len(values) > 2 * CAPACITY:
                values = np.sort(values)
                odd = len(values) & 1  # a value without a partner stays, with its weight
                turn = self.turns[level]
                self.levels[level] = values[:odd]
                self.turns[level] = 1 - turn
                self.error += 1 << level
                self._add(level + 1, values[odd + turn :: 2])
            level += 1


def weighted_quantiles(values: np.ndarray[Any, Any], weights: np.ndarray[Any, Any], shares: list[float]) -> list[Any]:
    """Return for each share q the smallest value with at least ``q`` of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    # max(1, ..): the smallest value answers q = 0; the small step back keeps 0.95 * 20 at rank 19, not 20.
    wanted = [max(1, math.ceil(q * int(reached[-1]) - 1e-9)) for q in shares]
    return [values[order[i]].item() for i in np.searchsorted(reached, wanted)]
