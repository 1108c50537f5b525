"""States as bytes: a JSON head and raw arrays behind it. No pickle, so bytes from anywhere are safe to read."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

MAGIC = b"DEXP\x01"
_HEAD = struct.Struct("<I")


def pack(tree: Any) -> bytes:
    """Return a tree of dicts, lists, scalars, bytes and one-dimensional arrays as bytes.

    Floats keep every bit, infinities included; integers have no limit.
    """
    blobs: list[bytes] = []
    head = json.dumps(_lower(tree, blobs), separators=(",", ":")).encode("utf-8")
    return b"".join([MAGIC, _HEAD.pack(len(head)), head, *blobs])


def unpack(data: bytes) -> Any:
    """Return the tree that :func:`pack` wrote.

    Raises:
        ValueError: the bytes are no state, or of another version.
    """
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError("these bytes are no profile state of this version")
    start = len(MAGIC) + _HEAD.size
    (size,) = _HEAD.unpack_from(data, len(MAGIC))
    reader = _Reader(data, start + size)
    return reader.raise_up(json.loads(data[start : start + size].decode("utf-8")))


def _lower(value: Any, blobs: list[bytes]) -> Any:
    if isinstance(value, np.ndarray):
        small = _smallest(value)
        raw = np.ascontiguousarray(small).tobytes()
        blobs.append(raw)
        return {"$array": value.dtype.str, "as": small.dtype.str, "size": len(raw)}
    if isinstance(value, bytes):
        blobs.append(value)
        return {"$bytes": len(value)}
    if isinstance(value, dict):
        return {str(key): _lower(item, blobs) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_lower(item, blobs) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def _smallest(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return signed whole numbers in as few bytes as hold them all: most are counts."""
    if values.dtype != np.int64 or len(values) == 0:
        return values
    most = max(abs(int(values.min())), abs(int(values.max())))
    for dtype, limit in (("<i1", 1 << 7), ("<i2", 1 << 15), ("<i4", 1 << 31)):
        if most < limit:
            return values.astype(dtype)
    return values


class _Reader:
    """Takes the arrays back in the order in which they were written."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position

    def _take(self, size: int) -> bytes:
        end = self._position + size
        if end > len(self._data):
            raise ValueError("the bytes of a profile state are cut short")
        piece = self._data[self._position : end]
        self._position = end
        return piece

    def raise_up(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.raise_up(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$array" in value:
            stored = np.frombuffer(self._take(value["size"]), dtype=np.dtype(value["as"]))
            return stored.astype(np.dtype(value["$array"]))
        if "$bytes" in value:
            return self._take(value["$bytes"])
        return {key: self.raise_up(item) for key, item in value.items()}
