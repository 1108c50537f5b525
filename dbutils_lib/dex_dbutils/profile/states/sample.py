"""A few rows that stand for all: the same ones in whatever order and partitions the rows come."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .column import kind_of, plain_storage
from .hashing import hash_strings, mix
from .runs import run_starts

#: Characters kept of one value.
SHOWN = 120
#: Rows of one hash that are looked at in a batch. Equal rows look alike; only items of arrays and maps are not hashed.
_MOST_EQUAL = 20
_STEP = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_NULL = np.uint64(0x5851F42D4C957F2D)


class Sample:
    """The rows whose hashes are smallest: a uniform sample of the different rows.

    Args:
        size: rows kept.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.rows: list[tuple[int, list[Any]]] = []

    def update(self, columns: list[pa.Array]) -> None:
        """Add rows, given as columns of one length."""
        if not self.size or not columns or len(columns[0]) == 0:
            return
        keys = row_keys(columns)
        if len(self.rows) == self.size:
            keys_below = keys[keys <= np.uint64(self.rows[-1][0])]
        else:
            keys_below = keys
        if len(keys_below) == 0:
            return
        ordered = np.sort(keys_below)
        smallest = ordered[run_starts(ordered)][: self.size]
        places = np.flatnonzero(keys <= smallest[-1])
        places = places[np.argsort(keys[places], kind="stable")]
        starts = run_starts(keys[places])
        copy = np.arange(len(places)) - np.repeat(starts, np.diff(starts, append=len(places)))
        places = places[copy < _MOST_EQUAL]
        wanted = pa.array(places)
        shown = [_python_values(column.take(wanted)) for column in columns]
        self._keep([(int(keys[place]), [values[i] for values in shown]) for i, place in enumerate(places)])

    def merge(self, other: Sample) -> None:
        """Add the rows of another sample."""
        self._keep(other.rows)

    def tree(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.size, [key for key, _ in self.rows], [row for _, row in self.rows]]

    @classmethod
    def from_tree(cls, tree: list[Any]) -> Sample:
        """Return the state that :meth:`tree` gave."""
        made = cls(tree[0])
        made.rows = list(zip(tree[1], tree[2]))
        return made

    def _keep(self, rows: list[tuple[int, list[Any]]]) -> None:
        """Keep the rows of the smallest hashes; of rows with one hash the one that is first as text."""
        best = dict(self.rows)
        for key, row in rows:
            if key not in best or json.dumps(row) < json.dumps(best[key]):
                best[key] = row
        self.rows = sorted(best.items())[: self.size]


def row_keys(columns: list[pa.Array]) -> np.ndarray[Any, Any]:
    """Return one hash a row; of arrays and maps only how long they are."""
    keys = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        keys ^= _words(plain_storage(column))
        keys *= _STEP
        keys ^= keys >> _HALF
    return mix(keys)


def _words(values: pa.Array) -> np.ndarray[Any, Any]:
    """Return 64 bits of every value, the same for equal values."""
    kind = kind_of(values.type)["kind"]
    if pa.types.is_struct(values.type):
        children = values.flatten()
        return _with_nulls(row_keys(children) if children else np.zeros(len(values), dtype=np.uint64), values)
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        return _with_nulls(pc.list_value_length(values).fill_null(0).to_numpy().astype(np.uint64), values)
    if kind in ("nested", "null", "other"):
        return _with_nulls(np.zeros(len(values), dtype=np.uint64), values)
    if kind in ("text", "binary"):
        return _with_nulls(_string_words(values), values)
    if kind == "boolean":
        values = values.cast(pa.uint8())
    elif kind == "decimal":
        values = values.cast(pa.float64())
    width = values.type.bit_width // 8
    raw = np.frombuffer(values.buffers()[1], dtype=f"<u{width}")[values.offset : values.offset + len(values)]
    return _with_nulls(raw.astype(np.uint64), values)


def _string_words(values: pa.Array) -> np.ndarray[Any, Any]:
    large = values.cast(pa.large_binary())
    _, offsets, data = large.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[large.offset : large.offset + len(large) + 1]
    start, end = int(places[0]), int(places[-1])
    raw = np.frombuffer(data, dtype=np.uint8)[start:end] if data is not None else np.empty(0, dtype=np.uint8)
    return hash_strings(places - start, raw)


def _with_nulls(words: np.ndarray[Any, Any], values: pa.Array) -> np.ndarray[Any, Any]:
    if values.null_count:
        words[values.is_null().to_numpy(zero_copy_only=False)] = _NULL
    return words


def _python_values(values: pa.Array) -> list[Any]:
    """Return values as JSON can hold them; dates and times as numbers, for whoever knows their unit to write out."""
    values = plain_storage(values)
    if pa.types.is_date64(values.type):
        values = values.cast(pa.date32())
    if pa.types.is_temporal(values.type) and not pa.types.is_interval(values.type):
        values = values.view(pa.int32() if values.type.bit_width == 32 else pa.int64())
    return [plain(value) for value in values.to_pylist()]


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it, long text cut."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return (
            value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        )
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, timedelta)):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return cut("0x" + bytes(value[: SHOWN // 2]).hex())
    if isinstance(value, (list, tuple, dict)):
        return cut(json.dumps(value, default=plain, ensure_ascii=False))
    return cut(str(value))


def cut(text: str) -> str:
    """Return a text of at most ``SHOWN`` characters."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
