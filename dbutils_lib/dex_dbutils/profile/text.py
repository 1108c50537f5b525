"""A profile as a table in plain text."""

from __future__ import annotations

from dex_dbutils.profile import wording
from dex_dbutils.profile.model import ColumnProfile, Profile

_HEADERS = ("column", "type", "nulls", "distinct", "min", "median", "max", "mean", "stddev", "most frequent", "notes")


def profile_text(profile: Profile) -> str:
    """Return the table, a line a column, with the bounds of what is not exact below it."""
    rows = [_HEADERS, *(_row(column) for column in profile.columns)]
    used = [i for i in range(len(_HEADERS)) if any(row[i] for row in rows[1:])]
    widths = {i: max(len(row[i]) for row in rows) for i in used}
    table = ["  ".join(row[i].ljust(widths[i]) for i in used).rstrip() for row in rows]
    return "\n".join([wording.headline(profile), "", *table, *_below(profile)])


def _row(column: ColumnProfile) -> tuple[str, ...]:
    return (
        wording.shown(column.name, 32),
        wording.shown(column.type, 24),
        wording.nulls(column),
        wording.distinct(column),
        wording.smallest(column, 20),
        wording.median(column),
        wording.largest(column, 20),
        "" if column.mean is None else wording.number(column.mean),
        "" if column.stddev is None else wording.number(column.stddev),
        wording.top(column, 2),
        notes(column),
    )


def notes(column: ColumnProfile) -> str:
    """Return what else is worth knowing of a column, in one line."""
    found = []
    for name, count in (("NaN", column.nan), ("infinite", column.infinite), ("blank", column.blanks)):
        if count:
            found.append(f"{name} {count:,}")
    if column.zeros:
        found.append(f"zero {wording.share(column.zeros, column.count)}")
    if column.negatives:
        found.append(f"negative {wording.share(column.negatives, column.count)}")
    if column.min_length is not None:
        low, high = column.min_length, column.max_length
        found.append(f"length {low}" if low == high else f"length {low} to {high}")
    if column.count > 1 and column.unique:
        found.append("unique")
    if looks := wording.looks_like(column):
        found.append(looks)
    if words := wording.null_words(column):
        found.append(f"null words: {words}")
    return "; ".join(found)


def _below(profile: Profile) -> list[str]:
    lines = wording.bounds(profile)
    return ["", *lines] if lines else []
