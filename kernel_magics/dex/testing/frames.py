"""Whether two Spark frames hold the same, and what differs: rows are compared as a bag unless their order is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Rows shown of each side; a difference of thousands is understood from a few.
_SHOWN = 10


def assert_frames_equal(
    actual: DataFrame,
    expected: DataFrame,
    *,
    ordered: bool = False,
    types: bool = True,
    nullability: bool = False,
) -> None:
    """Compare two frames of Spark, whichever engine they come from; both are collected.

    Args:
        actual: what the tested code gave.
        expected: what it should give.
        ordered: rows must come in the same order.
        types: columns must have the same types; without it 1 and 1.0 are the same value.
        nullability: columns must also agree in whether they may be null.

    Raises:
        AssertionError: the frames differ; the message shows how.
    """
    problems = _columns_that_differ(actual, expected, types=types, nullability=nullability)
    if actual.columns == expected.columns:
        problems += rows_that_differ(actual.collect(), expected.collect(), ordered=ordered)
    if problems:
        raise AssertionError("\n".join(["The frames differ (- expected, + actual):", *problems]))


def rows_that_differ(
    actual: Sequence[Sequence[Any]], expected: Sequence[Sequence[Any]], *, ordered: bool = False
) -> list[str]:
    """Return lines that show how rows differ; none where they are the same. A NaN is equal to a NaN."""
    ours, theirs = [_comparable(row) for row in actual], [_comparable(row) for row in expected]
    if ordered and Counter(ours) == Counter(theirs):
        return [
            line
            for number, (our, their) in enumerate(zip(ours, theirs, strict=True), start=1)
            if our != their
            for line in (f"- row {number}: {expected[number - 1]}", f"+ row {number}: {actual[number - 1]}")
        ][: 2 * _SHOWN]
    return [*_more("-", expected, theirs, ours), *_more("+", actual, ours, theirs)]


def _more(sign: str, rows: Sequence[Any], here: list[Any], there: list[Any]) -> list[str]:
    """Return the rows that one side has more often than the other."""
    left = Counter(here) - Counter(there)
    total, lines = left.total(), []
    for row, key in zip(rows, here, strict=True):
        if left[key] > 0:
            left[key] -= 1
            lines.append(f"{sign} {row}")
    return lines[:_SHOWN] + ([f"{sign} ... and {total - _SHOWN} more rows"] if total > _SHOWN else [])


def _columns_that_differ(actual: DataFrame, expected: DataFrame, *, types: bool, nullability: bool) -> list[str]:
    def lines(frame: DataFrame) -> list[str]:
        return [
            " ".join(
                [
                    f"column {field.name}",
                    *([field.dataType.simpleString()] if types else []),
                    *(["nullable" if field.nullable else "not null"] if nullability else []),
                ]
            )
            for field in frame.schema.fields
        ]

    ours, theirs = lines(actual), lines(expected)
    if ours == theirs:
        return []
    differing = [
        *(f"- {line}" for line in theirs if line not in ours),
        *(f"+ {line}" for line in ours if line not in theirs),
    ]
    return differing or [f"- columns in order {expected.columns}", f"+ columns in order {actual.columns}"]


def _comparable(value: Any) -> Any:
    """Return a value as one that can be counted: nested rows, lists and maps too."""
    if isinstance(value, dict):
        return "map", frozenset((_comparable(key), _comparable(inner)) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return tuple(_comparable(inner) for inner in value)
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - only a NaN is unlike itself
        return "NaN", float
    return value
