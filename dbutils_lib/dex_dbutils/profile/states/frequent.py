"""The values that are frequent in a column with too many different ones to count each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .runs import known

Array = np.ndarray[Any, Any]

#: A value is frequent from this share of all values on.
SHARE = 0.001
#: Candidates kept. Each value with more than 1/CANDIDATES of all is among them.
CANDIDATES = 2048
#: In a batch with so many different keys, one that was seen once is no candidate.
_MANY = 4096
_ROWS, _WIDTH = 3, 4096
_INDEX = np.uint64(_WIDTH - 1)
#: Bits of the hash that choose a cell and a sign in each row; the sketch of distinct values looks at the highest ones.
_CELL = tuple(np.uint64(12 * row) for row in range(_ROWS))
_SIGN = tuple(np.uint64(40 + row) for row in range(_ROWS))


class Frequent:
    """Which values are frequent, and about how often each was seen.

    Candidates are found by counters that bound a value's count from above (Metwally, Agrawal and El Abbadi 2005, for
    batches). Which ones are kept depends on the order of the rows, so their counts are not shown: those come from a
    count sketch (Charikar, Chen and Farach-Colton 2002), a linear function of the data. Every value above ``SHARE`` is
    a candidate, thus what is shown does not depend on the order either.
    """

    __slots__ = ("error", "keys", "table", "upper")

    def __init__(self, dtype: str) -> None:
        self.keys: Array = np.empty(0, dtype=np.dtype(dtype))
        self.upper: Array = np.empty(0, dtype=np.int64)
        self.error = 0
        self.table: Array = np.zeros((_ROWS, _WIDTH), dtype=np.int64)

    def update(self, keys: Array, hashes: Array, counts: Array) -> Array:
        """Count some keys (sorted, unique); return the places of those that became candidates.

        Args:
            keys: what tells the values apart.
            hashes: their hashes.
            counts: how often each was seen.
        """
        for row in range(_ROWS):
            signed = np.where(hashes >> _SIGN[row] & np.uint64(1), counts, -counts)
            cells = (hashes >> _CELL[row] & _INDEX).astype(np.int64)
            self.table[row] += np.bincount(cells, weights=signed, minlength=_WIDTH).astype(np.int64)
        mask, places = known(self.keys, keys)
        self.upper[places] += counts[mask]
        new = ~mask
        if len(keys) > _MANY:
            new &= counts > 1
        fresh = np.flatnonzero(new)
        error = self.error
        if len(fresh) < len(keys) - len(places):
            self.error += 1
        self._keep(np.concatenate([self.keys, keys[fresh]]), np.concatenate([self.upper, counts[fresh] + error]))
        return fresh[known(self.keys, keys[fresh])[0]]

    def merge(self, other: Frequent) -> None:
        """Add what another one has counted."""
        self.table += other.table
        mask, places = known(self.keys, other.keys)
        upper = self.upper + other.error
        upper[places] += other.upper[mask] - other.error
        self.error, error = self.error + other.error, self.error
        self._keep(np.concatenate([self.keys, other.keys[~mask]]), np.concatenate([upper, other.upper[~mask] + error]))

    def top(self, limit: int, seen: int, hashes: Array) -> tuple[list[tuple[Any, int]], int]:
        """Return the frequent keys with their estimated counts, and the error of these (three standard errors).

        Args:
            limit: keys to return.
            seen: how many values were seen.
            hashes: the hashes of the candidates, ``keys``.
        """
        cells = np.stack([(hashes >> shift & _INDEX).astype(np.int64) for shift in _CELL])
        signs = np.stack([np.where(hashes >> shift & np.uint64(1), 1, -1) for shift in _SIGN])
        rows = np.arange(_ROWS)[:, None]
        counts = np.median(self.table[rows, cells] * signs, axis=0).round().astype(np.int64)
        frequent = np.flatnonzero(counts >= max(1.0, SHARE * seen))
        rest = self.table.copy()
        np.subtract.at(rest, (rows, cells[:, frequent]), signs[:, frequent] * counts[frequent])
        spread = float(np.median((rest.astype(np.float64) ** 2).sum(axis=1)))
        error = math.ceil(3 * math.sqrt(spread / _WIDTH))
        shown = frequent[counts[frequent] > 2 * error]
        order = shown[np.lexsort((self.keys[shown], -counts[shown]))][:limit]
        return [(self.keys[i].item(), int(counts[i])) for i in order], error

    def tree(self) -> dict[str, Any]:
        """Return the state as plain values."""
        return {"keys": self.keys, "upper": self.upper, "error": self.error, "table": self.table.ravel()}

    @classmethod
    def from_tree(cls, tree: dict[str, Any]) -> Frequent:
        """Return the state that :meth:`tree` gave."""
        made = cls(tree["keys"].dtype.str)
        made.keys, made.upper, made.error = tree["keys"], tree["upper"], tree["error"]
        made.table = tree["table"].reshape(_ROWS, _WIDTH)
        return made

    def _keep(self, keys: Array, upper: Array) -> None:
        """Keep the keys that may be the most frequent ones; a value that is not kept was seen ``error`` times at most."""
        order = np.argsort(keys, kind="stable")
        if len(keys) > CANDIDATES:
            ranked = np.lexsort((keys, -upper))
            self.error = max(self.error, int(upper[ranked[CANDIDATES]]))
            order = np.sort(ranked[:CANDIDATES])
            order = order[np.argsort(keys[order], kind="stable")]
        self.keys, self.upper = keys[order], upper[order]
