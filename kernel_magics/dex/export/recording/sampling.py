"""Which rows of a frame are written down: few, the same ones each time, and those at the edges first."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

#: Most rows of a frame.
ROWS = 50
#: Rows that have the values of another argument, so that a join of the two meets.
NEAR = 25
#: Rows for each value that the function's text spells out.
FOR_A_LITERAL = 3

Row = Sequence[Any]


def choose(
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    seed: int,
    literals: frozenset[Any] = frozenset(),
    near: Mapping[str, set[Any]] | None = None,
    limit: int = ROWS,
) -> list[Row]:
    """Return some of the rows, in an order that depends on their content alone.

    First rows that meet the other frames, rows with values that the function asks for, the smallest and largest value
    and a null of every column, rows that are equal in all or in some columns, and whole numbers beside those that the
    function asks for; the rest by a seeded draw.

    Args:
        columns: names of the columns.
        rows: JSON values, in any order.
        seed: the same seed and rows give the same choice.
        literals: values that the text of the function spells out.
        near: column to values that the frames chosen before have in a column of that name.
        limit: most rows that are returned.
    """
    pool = sorted(rows, key=_key)
    if len(pool) <= limit:
        return pool
    chosen: dict[int, None] = {}
    random_order = list(range(len(pool)))
    random.Random(seed).shuffle(random_order)

    def take(indexes: Sequence[int], most: int) -> None:
        for index in indexes[:most]:
            if len(chosen) < limit:
                chosen[index] = None

    shared = [(i, near[c]) for i, c in enumerate(columns) if near and near.get(c)]
    if shared:
        hits = {n: sum(_hashable(pool[n][i]) in values for i, values in shared) for n in random_order}
        take([n for n in sorted(random_order, key=lambda n: -hits[n]) if hits[n]], NEAR)
    for column in range(len(columns)):
        asked: dict[Any, list[int]] = {}
        for n in random_order:
            value = _hashable(pool[n][column])
            if value in literals and value is not None:
                asked.setdefault(value, []).append(n)
        for value in sorted(asked, key=repr):
            take(asked[value], FOR_A_LITERAL)
    for column in range(len(columns)):
        take([n for n in random_order if pool[n][column] is None], 1)
        there = [n for n in range(len(pool)) if pool[n][column] is not None]
        if there:
            ordered = sorted(there, key=lambda n: (_number(pool[n][column]), _key(pool[n][column])))
            take([ordered[0], ordered[-1]], 2)
    take(_equals(pool, range(len(columns)), 2), 4)
    named = [i for i, column in enumerate(columns) if column in literals]
    if named:
        take(_equals(pool, named, 2), 4)
    beside = {v + by for v in literals if type(v) is int for by in (-1, 1)}
    for column in range(len(columns)):
        for value in sorted(beside):  # whether `> 0` or `> 1` was meant shows at 1
            take([n for n in random_order if type(pool[n][column]) is int and pool[n][column] == value], 1)
    take([n for n in random_order if n not in chosen], limit)
    return [pool[n] for n in sorted(chosen)]


def without_a_partner(columns: Sequence[str], rows: list[Row], near: Mapping[str, set[Any]]) -> list[Row]:
    """Return rows without one of those that meet other frames: what a join does with a row without a partner shows then.

    Args:
        columns: names of the columns.
        rows: all rows of a frame; of two or less none is taken away.
        near: column to values that the frames before have in a column of that name.
    """
    shared = [(i, near[c]) for i, c in enumerate(columns) if near.get(c)]
    meeting = [n for n, row in enumerate(rows) if any(_hashable(row[i]) in values for i, values in shared)]
    if len(rows) < 3 or len(meeting) < 2:
        return rows
    return [row for n, row in enumerate(rows) if n != meeting[len(meeting) // 2]]


def _equals(pool: Sequence[Row], columns: Sequence[int] | range, groups: int) -> list[int]:
    """Return pairs of rows that are the same in some columns."""
    seen: dict[str, int] = {}
    found: list[int] = []
    for n, row in enumerate(pool):
        key = _key([row[i] for i in columns])
        if key in seen and seen[key] >= 0:
            found += [seen[key], n]
            seen[key] = -1
            if len(found) >= 2 * groups:
                break
        seen.setdefault(key, n)
    return found


def _key(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _hashable(value: Any) -> Any:
    return _key(value) if isinstance(value, list) else value


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
