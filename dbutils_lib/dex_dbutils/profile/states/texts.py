"""The state of a column of strings or bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .counts import ValueCounts
from .distinct import Distinct
from .hashing import hash_strings
from .sizes import SizeState

Array = np.ndarray[Any, Any]

#: Bytes kept of a frequent value; its hash tells it apart, the text is only shown.
SHOWN_BYTES = 256
#: Bytes kept of the smallest and the largest value.
EXTREME_BYTES = 1024


class TextState:
    """Counts, extremes, lengths, blanks and values of strings (lengths in characters) or binaries (in bytes).

    Args:
        binary: whether the values are bytes and not UTF-8 text.
    """

    def __init__(self, binary: bool = False) -> None:
        self.binary = binary
        self.count = 0
        self.nulls = 0
        self.blanks = 0
        self.min: bytes | None = None
        self.max: bytes | None = None
        self.lengths = SizeState()
        self.values = ValueCounts("<u8")
        self.distinct = Distinct()
        self.shown: dict[int, bytes] = {}

    def update(self, values: pa.Array, nulls: int = 0) -> None:
        """Add strings without nulls and the number of nulls beside them.

        Args:
            values: an Arrow array of type ``large_string`` or ``large_binary``.
            nulls: how many nulls were taken out.
        """
        self.nulls += nulls
        self.count += len(values)
        if len(values) == 0:
            return
        pairs = pc.value_counts(values)
        unique, counts = pairs.field(0), pairs.field(1).to_numpy()
        offsets, data = string_buffers(unique)
        sizes = np.diff(offsets) if self.binary else pc.utf8_length(unique).to_numpy()
        self.lengths.update(sizes, counts)
        if not self.binary:
            self.blanks += int(counts[blank(unique, offsets, data)].sum())
        extremes = pc.min_max(unique.cast(pa.large_binary()))
        self._widen(extremes["min"].as_py(), extremes["max"].as_py())
        hashes = hash_strings(offsets, data)
        order = np.argsort(hashes)
        keys, counts = hashes[order], counts[order]
        if not self.values.fits(keys):
            self._spill()
            self.distinct.update(keys)
        new = np.flatnonzero(self.values.add(keys, counts))
        self._show(keys[new], order[new], offsets, data)

    def merge(self, other: TextState) -> None:
        """Add what another state has seen."""
        self.count += other.count
        self.nulls += other.nulls
        self.blanks += other.blanks
        if other.min is not None and other.max is not None:
            self._widen(other.min, other.max)
        self.lengths.merge(other.lengths)
        if not (self.values.complete and other.values.complete and self.values.fits(other.values.keys)):
            self._spill()
            other._spill()
        self.distinct.merge(other.distinct)
        self.values.merge(other.values)
        self.shown.update(other.shown)
        self._trim()

    def distinct_count(self) -> int:
        """Return the number of different values."""
        return min(len(self.values.keys) if self.values.complete else self.distinct.estimate, self.count)

    def distinct_error(self) -> float:
        """Return the relative error of the distinct count, 0 where it is exact."""
        return 0.0 if self.values.complete else self.distinct.error

    def top(self, limit: int) -> list[tuple[bytes, int]]:
        """Return the most frequent values with their counts, equal counts in the order of the values."""
        counts, error = self.values.counts, self.values.error
        if len(counts) > limit:
            error = max(error, int(np.partition(counts, len(counts) - limit)[len(counts) - limit]) - 1)
        frequent = np.flatnonzero(counts > error)
        found = [(self.shown[int(self.values.keys[i])], int(counts[i])) for i in frequent]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def tree(self) -> dict[str, Any]:
        """Return the state as plain values."""
        self._trim()
        shown = [self.shown[int(key)] for key in self.values.keys]
        return {
            "binary": self.binary,
            "counts": [self.count, self.nulls, self.blanks],
            "range": [self.min, self.max],
            "lengths": self.lengths.tree(),
            "values": self.values.tree(),
            "distinct": self.distinct.tree(),
            "shown": b"".join(shown),
            "shown_sizes": np.array([len(text) for text in shown], dtype="<i8"),
        }

    @classmethod
    def from_tree(cls, tree: dict[str, Any]) -> TextState:
        """Return the state that :meth:`tree` gave."""
        made = cls(tree["binary"])
        made.count, made.nulls, made.blanks = tree["counts"]
        made.min, made.max = tree["range"]
        made.lengths = SizeState.from_tree(tree["lengths"])
        made.values = ValueCounts.from_tree(tree["values"])
        made.distinct = Distinct.from_tree(tree["distinct"])
        ends = np.cumsum(tree["shown_sizes"]).tolist()
        starts = [0, *ends[:-1]]
        made.shown = {int(key): tree["shown"][start:end] for key, start, end in zip(made.values.keys, starts, ends)}
        return made

    def _widen(self, low: bytes, high: bytes) -> None:
        low, high = low[:EXTREME_BYTES], high[:EXTREME_BYTES]
        self.min = low if self.min is None else min(self.min, low)
        self.max = high if self.max is None else max(self.max, high)

    def _spill(self) -> None:
        if self.values.complete:
            self.distinct.update(self.values.keys)
            self.values.give_up()
            self._trim()

    def _show(self, keys: Array, places: Array, offsets: Array, data: Array) -> None:
        for key, place in zip(keys.tolist(), places.tolist()):
            start = offsets[place]
            self.shown[key] = data[start : min(offsets[place + 1], start + SHOWN_BYTES)].tobytes()
        if len(self.shown) > 2 * len(self.values.keys) + 64:
            self._trim()

    def _trim(self) -> None:
        kept = set(self.values.keys.tolist())
        self.shown = {key: text for key, text in self.shown.items() if key in kept}


def string_buffers(values: pa.Array) -> tuple[Array, Array]:
    """Return the offsets and the bytes of a ``large_string`` or ``large_binary`` array without nulls, as views."""
    _, offsets, data = values.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[values.offset : values.offset + len(values) + 1]
    start, end = int(places[0]), int(places[-1])
    raw = np.frombuffer(data, dtype=np.uint8)[start:end] if data is not None else np.empty(0, dtype=np.uint8)
    return places - start, raw


def blank(values: pa.Array, offsets: Array, data: Array) -> Array:
    """Return which strings are empty or only white space.

    Only strings that begin with a byte that may begin a white-space character are looked at in full.
    """
    lengths = np.diff(offsets)
    found: Array = lengths == 0
    if len(data):
        first = data[np.minimum(offsets[:-1], len(data) - 1)]
        maybe = np.flatnonzero(~found & ((first <= 0x20) | (first >= 0x80)))
        if len(maybe):
            stripped = pc.utf8_trim_whitespace(values.take(pa.array(maybe)))
            found[maybe] = pc.binary_length(stripped).to_numpy() == 0
    return found
