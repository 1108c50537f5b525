"""The state of a column of strings or bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .counts import Counts
from .distinct import Distinct
from .frequent import Frequent
from .hashing import hash_strings
from .null_words import NullWords
from .sizes import SizeState
from .value_sample import ValueSample

Array = np.ndarray[Any, Any]

#: Bytes kept of a frequent value; its hash tells it apart, the text is only shown.
SHOWN_BYTES = 256
#: Bytes kept of the smallest and the largest value.
EXTREME_BYTES = 1024
#: Texts held before those that nobody asks for any more are let go.
_MOST_SHOWN = 16_384


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
        self.null_words = NullWords()
        self.complete = True
        #: every value, as long as they are few
        self.values = Counts()
        # empty as long as every value is counted
        self.distinct = Distinct()
        self.frequent = Frequent("<u8")
        self.sample = ValueSample()
        #: the texts of the hashes that are counted, that may be frequent, or that are in the sample
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
        self.null_words.update(keys, counts)
        if self.complete and self.values.fits(keys):
            new = self.values.add(keys, counts)
        else:
            self._spill()
            new = self._sketch(keys, counts)
        self._show(keys[new], order[new], offsets, data)

    def merge(self, other: TextState) -> None:
        """Add what another state has seen."""
        self.count += other.count
        self.nulls += other.nulls
        self.blanks += other.blanks
        if other.min is not None and other.max is not None:
            self._widen(other.min, other.max)
        self.lengths.merge(other.lengths)
        self.null_words.merge(other.null_words)
        self.shown.update(other.shown)
        if self.complete and other.complete and self.values.fits(other.values.keys):
            self.values.add(other.values.keys, other.values.counts)
            return
        self._spill()
        if other.complete:
            self._sketch(other.values.keys, other.values.counts)
        else:
            self.distinct.merge(other.distinct)
            self.frequent.merge(other.frequent)
            self.sample.merge(other.sample)
        self._trim()

    def distinct_count(self) -> int:
        """Return the number of different values."""
        return min(len(self.values.keys) if self.complete else self.distinct.estimate, self.count)

    def distinct_error(self) -> float:
        """Return the relative error of the distinct count, 0 where it is exact."""
        return 0.0 if self.complete else self.distinct.error

    def top(self, limit: int) -> tuple[list[tuple[bytes, int]], int]:
        """Return the most frequent values with their counts, and the error of these, 0 where exact.

        Equal counts stand in the order of the values.
        """
        if not self.complete:
            frequent, error = self.frequent.top(1000, self.count, self.frequent.keys)
            found = [(self.shown[key], count) for key, count in frequent]
            return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit], error
        counts = self.values.counts
        least = int(np.partition(counts, len(counts) - limit)[len(counts) - limit]) if len(counts) > limit else 0
        found = [(self.shown[int(self.values.keys[i])], int(counts[i])) for i in np.flatnonzero(counts >= least)]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit], 0

    def sampled(self) -> list[tuple[bytes, int]]:
        """Return different values with their exact counts: all of them, or some where there are many."""
        kept = self.values if self.complete else self.sample
        return [(self.shown[key], count) for key, count in zip(kept.keys.tolist(), kept.counts.tolist())]

    def tree(self) -> dict[str, Any]:
        """Return the state as plain values."""
        self._trim()
        keys = np.array(sorted(self.shown), dtype=np.uint64)
        shown = [self.shown[key] for key in keys.tolist()]
        tree = {
            "binary": self.binary,
            "counts": [self.count, self.nulls, self.blanks],
            "range": [self.min, self.max],
            "lengths": self.lengths.tree(),
            "null_words": self.null_words.tree(),
            "complete": self.complete,
            "shown": b"".join(shown),
            "shown_keys": keys,
            "shown_sizes": np.array([len(text) for text in shown], dtype="<i8"),
        }
        if self.complete:
            tree["values"] = self.values.tree()
        else:
            tree.update(distinct=self.distinct.tree(), frequent=self.frequent.tree(), sample=self.sample.tree())
        return tree

    @classmethod
    def from_tree(cls, tree: dict[str, Any]) -> TextState:
        """Return the state that :meth:`tree` gave."""
        made = cls(tree["binary"])
        made.count, made.nulls, made.blanks = tree["counts"]
        made.min, made.max = tree["range"]
        made.lengths = SizeState.from_tree(tree["lengths"])
        made.null_words = NullWords.from_tree(tree["null_words"])
        made.complete = tree["complete"]
        if made.complete:
            made.values = Counts.from_tree(tree["values"])
        else:
            made.distinct = Distinct.from_tree(tree["distinct"])
            made.frequent = Frequent.from_tree(tree["frequent"])
            made.sample = ValueSample.from_tree(tree["sample"])
        ends = np.cumsum(tree["shown_sizes"]).tolist()
        keys = tree["shown_keys"].tolist()
        made.shown = {key: tree["shown"][start:end] for key, start, end in zip(keys, [0, *ends], ends)}
        return made

    def _widen(self, low: bytes, high: bytes) -> None:
        low, high = low[:EXTREME_BYTES], high[:EXTREME_BYTES]
        self.min = low if self.min is None else min(self.min, low)
        self.max = high if self.max is None else max(self.max, high)

    def _spill(self) -> None:
        """Give the sketches what was counted exactly until now."""
        if self.complete:
            self.complete = False
            counted, self.values = self.values, Counts()
            self._sketch(counted.keys, counted.counts)

    def _sketch(self, keys: Array, counts: Array) -> Array:
        """Count some hashes; return the places of those whose texts are wanted."""
        self.distinct.update(keys)
        candidates = self.frequent.update(keys, keys, counts)
        return np.union1d(candidates, self.sample.update(keys, counts))

    def _show(self, keys: Array, places: Array, offsets: Array, data: Array) -> None:
        for key, place in zip(keys.tolist(), places.tolist()):
            start = offsets[place]
            self.shown[key] = data[start : min(offsets[place + 1], start + SHOWN_BYTES)].tobytes()
        if not self.complete and len(self.shown) > _MOST_SHOWN:
            self._trim()

    def _trim(self) -> None:
        if not self.complete:
            kept = {*self.frequent.keys.tolist(), *self.sample.keys.tolist()}
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
