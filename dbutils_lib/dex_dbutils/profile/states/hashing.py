"""Hashes of whole arrays: 64 bits a value, the same on every engine and in every process.

The mixing function is the 64-bit finaliser of MurmurHash3 (Austin Appleby, public domain).
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

_C1 = np.uint64(0xFF51AFD7ED558CCD)
_C2 = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
#: Keeps the first n bytes of a little-endian word, n = 0..8.
_KEEP = np.array([(1 << (8 * n)) - 1 for n in range(9)], dtype=np.uint64)
#: Longer strings are hashed one by one: at this length the loop over bytes costs more than the call.
_LONGEST_VECTOR = 512


def mix(words: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return well-mixed 64-bit hashes of 64-bit words, in place where the words are ``uint64``."""
    h = words if words.dtype == np.uint64 else words.astype(np.uint64)
    scratch = h >> _SHIFT
    h ^= scratch
    h *= _C1
    np.right_shift(h, _SHIFT, out=scratch)
    h ^= scratch
    h *= _C2
    np.right_shift(h, _SHIFT, out=scratch)
    h ^= scratch
    return h


def first_words(
    starts: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any], words: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Return the first eight bytes of every string as one word, missing bytes as zero."""
    found: np.ndarray[Any, Any] = words[starts]
    found &= _KEEP[np.minimum(lengths, 8)]
    return found


def word_view(data: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return, for every position in some bytes, the little-endian word that starts there (zeros behind the end)."""
    padded = np.zeros(len(data) + 8, dtype=np.uint8)
    padded[: len(data)] = data
    return np.ndarray(shape=(len(data) + 1,), dtype="<u8", buffer=padded.data, strides=(1,))


def hash_strings(offsets: np.ndarray[Any, Any], data: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the hashes of byte strings that lie one behind the other.

    Args:
        offsets: n + 1 positions; string i is ``data[offsets[i]:offsets[i + 1]]``.
        data: the bytes.
    """
    starts = offsets[:-1].astype(np.int64)
    lengths = np.diff(offsets).astype(np.int64)
    words = word_view(data)
    hashes = mix(lengths.astype(np.uint64) + _STEP)
    _fold(hashes, first_words(starts, lengths, words))
    done, rest = 8, np.flatnonzero(lengths > 8)
    while len(rest) and done < _LONGEST_VECTOR:
        left = lengths[rest] - done
        part = hashes[rest]
        _fold(part, first_words(starts[rest] + done, left, words))
        hashes[rest] = part
        done += 8
        rest = rest[left > 8]
    for index in rest:
        raw = data[offsets[index] : offsets[index + 1]].tobytes()
        hashes[index] = int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "little")
    return mix(hashes)


def _fold(hashes: np.ndarray[Any, Any], words: np.ndarray[Any, Any]) -> None:
    hashes ^= words
    hashes *= _STEP
    hashes ^= hashes >> _HALF
