"""The state of whole numbers of which some may not fit into 64 bits: unscaled decimals, unsigned numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .frequent import SHARE
from .histogram import Histogram, from_keys, to_keys
from .numbers import NumberState
from .runs import runs
from .sums import Sums
from .texts import TextState

Array = np.ndarray[Any, Any]

#: The first whole numbers beyond 64 bits.
_ABOVE, _BELOW = 1 << 63, -(1 << 63) - 1


class WideState:
    """Counts, extremes, sums, values and quantiles of whole numbers of any size.

    Numbers that fit into 64 bits are counted as such. The others are told apart by their digits, so that extremes,
    sums, distinct count and top values are as exact as those of shorter numbers; their order is kept in bins of
    floats, so that a quantile among them is always an estimate, and says so.
    """

    def __init__(self) -> None:
        self.nulls = 0
        self.short = NumberState("<i8")
        self.low: int | None = None
        self.high: int | None = None
        #: how many of the long ones are negative
        self.long_negatives = 0
        self.digits = TextState(binary=True)
        self.sums = Sums()
        self.bins = Histogram("<f8")
        self.bins.complete = False

    def update(self, values: pa.Array, nulls: int = 0) -> None:
        """Add decimals or unsigned numbers without nulls and the number of nulls beside them; their point is left out."""
        self.nulls += nulls
        values = whole_numbers(values)
        words = words_of(values)
        fits = (words[:, 1:] == (words[:, :1] >> np.int64(63))).all(axis=1)
        if fits.all():
            self.short.update(words[:, 0])
            return
        self.short.update(words[fits, 0])
        self._update_long(values.filter(pa.array(~fits)), words[~fits])

    def merge(self, other: WideState) -> None:
        """Add what another state has seen."""
        self.nulls += other.nulls
        self.short.merge(other.short)
        if other.low is not None and other.high is not None:
            self._widen(other.low, other.high)
        self.long_negatives += other.long_negatives
        self.digits.merge(other.digits)
        self.sums.merge(other.sums)
        self.bins.merge(other.bins)

    @property
    def count(self) -> int:
        """How many numbers were seen."""
        return self.short.count + self.digits.count

    @property
    def zeros(self) -> int:
        """How many of them are zero."""
        return self.short.zeros

    @property
    def negatives(self) -> int:
        """How many of them are below zero."""
        return self.short.negatives + self.long_negatives

    @property
    def min(self) -> int | None:
        """The smallest number."""
        return min((int(v) for v in (self.short.min, self.low) if v is not None), default=None)

    @property
    def max(self) -> int | None:
        """The largest number."""
        return max((int(v) for v in (self.short.max, self.high) if v is not None), default=None)

    def settled_sums(self) -> Sums:
        """Return the sums of all numbers."""
        found = Sums()
        found.merge(self.short.settled_sums())
        found.merge(self.sums)
        return found

    def distinct_count(self) -> int:
        """Return the number of different values."""
        return self.short.distinct_count() + self.digits.distinct_count()

    def distinct_error(self) -> float:
        """Return the relative error of the distinct count, 0 where it is exact."""
        return max(self.short.distinct_error(), self.digits.distinct_error())

    def quantiles(self, shares: list[float]) -> tuple[list[Any], float]:
        """Return the values at some shares of the order, and how far their ranks may be off; see `NumberState`."""
        found = [self._at(max(1, math.ceil(share * self.count - 1e-9))) for share in shares] if self.count else []
        if not found:
            return [None] * len(shares), 0.0
        return [value for value, _ in found], max(error for _, error in found)

    def top(self, limit: int) -> tuple[list[tuple[Any, int]], int]:
        """Return the most frequent values with their counts, and the error of these, 0 where exact."""
        short, off = self.short.top(limit)
        long, off_long = self.digits.top(limit)
        error = max(off, off_long)
        least = SHARE * self.count if error else 0
        pairs = [(value, count) for value, count in [*short, *((int(t), n) for t, n in long)] if count >= least]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:limit], error

    def tree(self) -> dict[str, Any]:
        """Return the state as plain values."""
        return {
            "counts": [self.nulls, self.long_negatives],
            "range": [self.low, self.high],
            "short": self.short.tree(),
            "digits": self.digits.tree(),
            "sums": self.sums.tree(),
            "bins": self.bins.tree(),
        }

    @classmethod
    def from_tree(cls, tree: dict[str, Any]) -> WideState:
        """Return the state that :meth:`tree` gave."""
        made = cls()
        made.nulls, made.long_negatives = tree["counts"]
        made.low, made.high = tree["range"]
        made.short = NumberState.from_tree(tree["short"])
        made.digits = TextState.from_tree(tree["digits"])
        made.sums = Sums.from_tree(tree["sums"])
        made.bins = Histogram.from_tree(tree["bins"])
        return made

    def _update_long(self, values: pa.Array, words: Array) -> None:
        self.digits.update(values.cast(pa.string()).cast(pa.large_binary()))
        extremes = pc.min_max(values)
        self._widen(int(extremes["min"].as_py()), int(extremes["max"].as_py()))
        self.long_negatives += int((words[:, -1] < 0).sum())
        self.sums.update_words(words)
        # rounded more than once, but equal for equal numbers, and never in another order
        floats = words[:, -1].astype(np.float64)
        for i in range(words.shape[1] - 2, -1, -1):
            floats = floats * 2.0**64 + np.ascontiguousarray(words[:, i]).view(np.uint64)
        self.bins.add(*runs(to_keys(np.sort(floats))))

    def _widen(self, low: int, high: int) -> None:
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)

    def _at(self, rank: int) -> tuple[int, float]:
        """Return the value of a rank, from 1, and how far the rank may be off, as a share of all values."""
        # half a rank back: whatever the division rounds to, the rank is met
        among = rank - self.long_negatives
        if 0 < among <= self.short.count:
            (value,), error = self.short.quantiles([(among - 0.5) / self.short.count])
            return int(value), error * self.short.count / self.count
        before = rank if among <= 0 else rank - self.short.count
        [(first, last, way, share)] = self.bins.quantiles([(before - 0.5) / self.digits.count])
        below, above = from_keys(np.array([first, last], dtype=np.int64)).tolist()
        found = int(below + (above - below) * way)
        low, high = int(self.low or 0), int(self.high or 0)
        low, high = (low, min(high, _BELOW)) if among <= 0 else (max(low, _ABOVE), high)
        return min(max(found, low), high), share * self.digits.count / self.count


def whole_numbers(values: pa.Array) -> pa.Array:
    """Return decimals without their point and unsigned numbers, both as decimals of scale 0 and at least 128 bits."""
    arrow = values.type
    if not pa.types.is_decimal(arrow):
        return values.cast(pa.decimal128(20, 0))
    if arrow.bit_width < 128:
        values = values.cast(pa.decimal128(arrow.precision, arrow.scale))
    plain = pa.decimal256(arrow.precision, 0) if arrow.bit_width > 128 else pa.decimal128(arrow.precision, 0)
    return pa.Array.from_buffers(plain, len(values), values.buffers(), offset=values.offset)


def words_of(values: pa.Array) -> Array:
    """Return the 64-bit words of decimals, lowest first, one row a number; all but the last are without a sign."""
    width = values.type.bit_width // 64
    words = np.frombuffer(values.buffers()[1], dtype="<i8")
    return words[width * values.offset : width * (values.offset + len(values))].reshape(-1, width)
