"""The state of a column of numbers, dates or times: one sort a batch gives nearly all of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .counts import ValueCounts
from .distinct import Distinct
from .hashing import hash_numbers
from .moments import Moments
from .quantiles import Quantiles, weighted_quantiles

Array = np.ndarray[Any, Any]


class NumberState:
    """Counts, extremes, moments, values and quantiles of numbers.

    While the column has few different values each is counted, so that distinct count, quantiles, moments and top
    values are exact, whatever the order of the rows; with more, sketches take over (:meth:`_spill`) and say their error.

    Args:
        dtype: ``<i8`` for whole numbers (also dates, times and unscaled decimals), ``<f8`` for floating ones.
    """

    def __init__(self, dtype: str = "<i8") -> None:
        self.dtype = dtype
        self.count = 0
        self.nulls = 0
        self.nan = 0
        self.infinite = 0
        self.zeros = 0
        self.negatives = 0
        self.min: int | float | None = None
        self.max: int | float | None = None
        self.moments = Moments()
        self.values = ValueCounts(dtype)
        self.distinct = Distinct()
        self.quantiles = Quantiles(dtype)

    def update(self, values: Array, nulls: int = 0) -> None:
        """Add numbers (NaN and infinities included) and the number of nulls beside them."""
        self.nulls += nulls
        self.count += len(values)
        if len(values) == 0:
            return
        if values.dtype.kind == "f" and self.dtype == "<i8":
            self.astype("<f8")
        ordered = np.sort(values)
        finite = ordered
        if ordered.dtype.kind == "f":
            ordered = ordered[: np.searchsorted(ordered, np.nan)]
            self.nan += len(values) - len(ordered)
            low, high = np.searchsorted(ordered, -np.inf, "right"), np.searchsorted(ordered, np.inf, "left")
            finite = ordered[low:high]
            self.infinite += len(ordered) - len(finite)
        if len(ordered) == 0:
            return
        below, upto = np.searchsorted(ordered, 0, "left"), np.searchsorted(ordered, 0, "right")
        self.negatives += int(below)
        self.zeros += int(upto - below)
        self._widen(ordered[0].item(), ordered[-1].item())
        keys, counts = runs(ordered)
        if self.values.fits(keys):
            self.values.add(keys, counts)
            return
        self._spill()
        self.moments.update(finite)
        self.distinct.update(hash_numbers(keys))
        self.quantiles.update_sorted(ordered)
        self.values.add(keys, counts)

    def merge(self, other: NumberState) -> None:
        """Add what another state has seen."""
        if other.dtype != self.dtype:
            self.astype("<f8")
            other.astype("<f8")
        self.count += other.count
        self.nulls += other.nulls
        self.nan += other.nan
        self.infinite += other.infinite
        self.zeros += other.zeros
        self.negatives += other.negatives
        if other.min is not None and other.max is not None:
            self._widen(other.min, other.max)
        if not (self.values.complete and other.values.complete and self.values.fits(other.values.keys)):
            self._spill()
            other._spill()
        self.moments.merge(other.moments)
        self.distinct.merge(other.distinct)
        self.quantiles.merge(other.quantiles)
        self.values.merge(other.values)

    def astype(self, dtype: str) -> None:
        """Hold the values in another type: whole numbers that met one too large for 64 bits."""
        if dtype != self.dtype:
            self._spill()
            self.dtype = dtype
            self.values.keys = self.values.keys.astype(dtype)
            self.quantiles.astype(dtype)

    def settled_moments(self) -> Moments:
        """Return the moments of the finite values."""
        return Moments.of_counts(self.values.keys, self.values.counts) if self.values.complete else self.moments

    def distinct_count(self) -> int:
        """Return the number of different values, NaN being one of them."""
        found = len(self.values.keys) if self.values.complete else self.distinct.estimate
        return min(found, self.count - self.nan) + (1 if self.nan else 0)

    def distinct_error(self) -> float:
        """Return the relative error of the distinct count, 0 where it is exact."""
        return 0.0 if self.values.complete else self.distinct.error

    def quantile(self, shares: list[float]) -> list[Any]:
        """Return the values at some shares of the order, NaN left out."""
        if not self.values.complete:
            return self.quantiles.quantiles(shares)
        if len(self.values.keys) == 0:
            return [None] * len(shares)
        return weighted_quantiles(self.values.keys, self.values.counts, shares)

    def quantile_error(self) -> float:
        """Return the guaranteed bound of a quantile's rank error as a share of all values, 0 where exact."""
        seen = self.count - self.nan
        return 0.0 if self.values.complete or not seen else self.quantiles.error / seen

    def top(self, limit: int) -> list[tuple[Any, int]]:
        """Return the most frequent values with their counts."""
        found = self.values.top(limit)
        if self.nan > self.values.error:
            found = sorted([*found, (float("nan"), self.nan)], key=lambda pair: -pair[1])[:limit]
        return found

    def tree(self) -> dict[str, Any]:
        """Return the state as plain values."""
        return {
            "dtype": self.dtype,
            "counts": [self.count, self.nulls, self.nan, self.infinite, self.zeros, self.negatives],
            "range": [self.min, self.max],
            "moments": self.moments.tree(),
            "values": self.values.tree(),
            "distinct": self.distinct.tree(),
            "quantiles": self.quantiles.tree(),
        }

    @classmethod
    def from_tree(cls, tree: dict[str, Any]) -> NumberState:
        """Return the state that :meth:`tree` gave."""
        made = cls(tree["dtype"])
        made.count, made.nulls, made.nan, made.infinite, made.zeros, made.negatives = tree["counts"]
        made.min, made.max = tree["range"]
        made.moments = Moments(*tree["moments"])
        made.values = ValueCounts.from_tree(tree["values"])
        made.distinct = Distinct.from_tree(tree["distinct"])
        made.quantiles = Quantiles.from_tree(tree["quantiles"])
        return made

    def _widen(self, low: float, high: float) -> None:
        self.min = low if self.min is None else min(self.min, low)
        self.max = high if self.max is None else max(self.max, high)

    def _spill(self) -> None:
        if self.values.complete:
            if len(self.values.keys):
                self.distinct.update(hash_numbers(self.values.keys))
                self.quantiles.update_weighted(self.values.keys, self.values.counts)
                self.moments.merge(Moments.of_counts(self.values.keys, self.values.counts))
            self.values.give_up()


def runs(ordered: Array) -> tuple[Array, Array | None]:
    """Return the different values of a sorted array and how often each stands there (None: once each)."""
    first = np.empty(len(ordered), dtype=bool)
    first[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    if first.all():
        return ordered, None
    starts = np.flatnonzero(first)
    return ordered[starts], np.diff(starts, append=len(ordered))
