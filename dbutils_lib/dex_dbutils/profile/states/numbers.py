"""The state of a column of numbers, dates or times: one sort a batch gives nearly all of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .distinct import Distinct
from .frequent import Frequent
from .hashing import mix
from .histogram import Histogram, from_keys, to_keys
from .runs import runs
from .sums import Sums

Array = np.ndarray[Any, Any]


class NumberState:
    """Counts, extremes, sums, values and quantiles of numbers.

    While the column has few different values each is counted, so that distinct count, quantiles and top values are
    exact; with more, bins and sketches take over (:meth:`_spill`) and say their error. Nothing in it depends on the
    order of the rows, nor on how they were split.

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
        self.histogram = Histogram(dtype)
        # empty as long as the histogram counts every value
        self.sums = Sums.of_type(dtype)
        self.distinct = Distinct()
        self.frequent = Frequent("<i8")

    def update(self, values: Array, nulls: int = 0) -> None:
        """Add numbers (NaN and infinities included) and the number of nulls beside them."""
        self.nulls += nulls
        self.count += len(values)
        if len(values) == 0:
            return
        ordered = np.sort(values.astype(np.dtype(self.dtype), copy=False))
        finite = ordered
        if self.dtype == "<f8":
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
        keys, counts = runs(to_keys(ordered) if self.dtype == "<f8" else ordered)
        if self.histogram.complete:
            before = Histogram.from_tree(self.histogram.tree())
            self.histogram.add(keys, counts)
            if self.histogram.complete:
                return
            self._spill(before)
        else:
            self.histogram.add(keys, counts)
        self.sums.update(finite)
        self._sketch(keys, counts)

    def merge(self, other: NumberState) -> None:
        """Add what another state has seen."""
        self.count += other.count
        self.nulls += other.nulls
        self.nan += other.nan
        self.infinite += other.infinite
        self.zeros += other.zeros
        self.negatives += other.negatives
        if other.min is not None and other.max is not None:
            self._widen(other.min, other.max)
        before = Histogram.from_tree(self.histogram.tree())
        self.histogram.merge(other.histogram)
        if self.histogram.complete:
            return
        for half in (before, other.histogram):
            if half.complete:
                self._spill(half)
        self.sums.merge(other.sums)
        self.distinct.merge(other.distinct)
        self.frequent.merge(other.frequent)

    def settled_sums(self) -> Sums:
        """Return the sums of the finite values."""
        if not self.histogram.complete:
            return self.sums
        found = Sums.of_type(self.dtype)
        self._add_up(found, self.histogram)
        return found

    def distinct_count(self) -> int:
        """Return the number of different values, NaN being one of them."""
        found = len(self.histogram.keys) if self.histogram.complete else self.distinct.estimate
        return min(found, self.count - self.nan) + (1 if self.nan else 0)

    def distinct_error(self) -> float:
        """Return the relative error of the distinct count, 0 where it is exact."""
        return 0.0 if self.histogram.complete else self.distinct.error

    def quantiles(self, shares: list[float]) -> tuple[list[Any], float]:
        """Return the values at some shares of the order, NaN left out, and how far their ranks may be off.

        The values are None where there is none; the error is a share of all values, guaranteed, and 0 where exact.
        """
        if self.min is None or self.max is None:
            return [None] * len(shares), 0.0
        found = [self._between(*place) for place in self.histogram.quantiles(shares)]
        return [value for value, _ in found], max(error for _, error in found)

    def top(self, limit: int) -> tuple[list[tuple[Any, int]], int]:
        """Return the most frequent values with their counts, and the error of these, 0 where exact."""
        error = 0
        if self.histogram.complete:
            keys, counts = self.histogram.keys, self.histogram.counts
            order = np.lexsort((keys, -counts))[:limit]
            found = list(zip(keys[order].tolist(), counts[order].tolist()))
        else:
            seen = self.count - self.nan
            found, error = self.frequent.top(limit, seen, mix(self.frequent.keys.astype(np.uint64)))
        values = self._values(np.array([key for key, _ in found], dtype=np.int64)).tolist()
        pairs = [(value, count) for value, (_, count) in zip(values, found)]
        if self.nan and self.nan >= 2 * error:
            pairs = sorted([*pairs, (float("nan"), self.nan)], key=lambda pair: -pair[1])[:limit]
        return pairs, error

    def tree(self) -> dict[str, Any]:
        """Return the state as plain values."""
        counts = [self.count, self.nulls, self.nan, self.infinite, self.zeros, self.negatives]
        tree = {"dtype": self.dtype, "counts": counts, "range": [self.min, self.max], "values": self.histogram.tree()}
        if not self.histogram.complete:
            tree.update(sums=self.sums.tree(), distinct=self.distinct.tree(), frequent=self.frequent.tree())
        return tree

    @classmethod
    def from_tree(cls, tree: dict[str, Any]) -> NumberState:
        """Return the state that :meth:`tree` gave."""
        made = cls(tree["dtype"])
        made.count, made.nulls, made.nan, made.infinite, made.zeros, made.negatives = tree["counts"]
        made.min, made.max = tree["range"]
        made.histogram = Histogram.from_tree(tree["values"])
        if not made.histogram.complete:
            made.sums = Sums.from_tree(tree["sums"])
            made.distinct = Distinct.from_tree(tree["distinct"])
            made.frequent = Frequent.from_tree(tree["frequent"])
        return made

    def _widen(self, low: float, high: float) -> None:
        self.min = low if self.min is None else min(self.min, low)
        self.max = high if self.max is None else max(self.max, high)

    def _spill(self, counted: Histogram) -> None:
        """Give the sketches what was counted exactly until now."""
        if len(counted.keys):
            self._add_up(self.sums, counted)
            self._sketch(counted.keys, counted.counts)

    def _sketch(self, keys: Array, counts: Array) -> None:
        hashes = mix(keys.astype(np.uint64))
        self.distinct.update(hashes)
        self.frequent.update(keys, hashes, counts)

    def _add_up(self, sums: Sums, counted: Histogram) -> None:
        values = self._values(counted.keys)
        finite = np.isfinite(values)
        sums.update_counts(values[finite], counted.counts[finite])

    def _between(self, first: int, last: int, way: float, share: float) -> tuple[int | float, float]:
        """Return the value at some way between two keys of the histogram, and how far its rank may be off."""
        if self.histogram.complete:
            value: int | float = self._values(np.array([first], dtype=np.int64))[0].item()
            return value, 0.0
        low, high = float(self.min or 0), float(self.max or 0)
        below, above = np.clip(from_keys(np.array([first, last], dtype=np.int64)), low, high).tolist()
        if self.dtype == "<i8":
            first, last = math.ceil(below), math.floor(above)
            value = first + math.floor((last - first + 1) * way)
            # beyond 2**53 a float is no whole number's own: the bounds of the bin may be beyond those of the values
            return int(min(max(value, self.min or 0), self.max or 0)), 0.0 if first == last else share
        if below <= 0 <= above and self.zeros:
            return 0.0, share
        return below + (above - below) * way if math.isfinite(above - below) else below, share

    def _values(self, keys: Array) -> Array:
        return from_keys(keys) if self.dtype == "<f8" else keys
