"""Sorted arrays: the different values, and how often each stands there."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def runs(ordered: Array) -> tuple[Array, Array]:
    """Return the different values of a sorted array and their counts."""
    starts = run_starts(ordered)
    return ordered[starts], np.diff(starts, append=len(ordered))


def run_starts(ordered: Array) -> Array:
    """Return where each different value of a sorted array begins."""
    first = np.empty(len(ordered), dtype=bool)
    first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return np.flatnonzero(first)


def known(table: Array, keys: Array) -> tuple[Array, Array]:
    """Return which keys a table holds, as a mask, and where these stand in it; both are sorted and unique.

    The search goes through the longer side.
    """
    mask = np.zeros(len(keys), dtype=bool)
    if len(table) == 0 or len(keys) == 0:
        return mask, np.empty(0, dtype=np.int64)
    if len(table) > len(keys):
        places = np.minimum(np.searchsorted(table, keys), len(table) - 1)
        mask = table[places] == keys
        return mask, places[mask]
    places = np.minimum(np.searchsorted(keys, table), len(keys) - 1)
    found = np.flatnonzero(keys[places] == table)
    mask[places[found]] = True
    return mask, found


def added(keys: Array, counts: Array, more_keys: Array, more_counts: Array) -> tuple[Array, Array]:
    """Return the sum of two tables of counts, each with sorted, unique keys."""
    mask, places = known(keys, more_keys)
    counts = counts.copy()
    counts[places] += more_counts[mask]
    if mask.all():
        return keys, counts
    every = np.concatenate([keys, more_keys[~mask]])
    order = np.argsort(every, kind="stable")
    return every[order], np.concatenate([counts, more_counts[~mask]])[order]
