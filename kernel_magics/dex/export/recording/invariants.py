"""What holds for every row of a table, judged by its profile: little, and nothing that the next load would break.

A smallest or largest value is no invariant: the next load has others. What stays is which columns there are, which one is a
key, which are never null, which hold one of few values, and which are never negative.
"""

from __future__ import annotations

from collections.abc import Callable

from dex_dbutils.profile import ColumnProfile, Profile

from dex.export.recording.recorded import Invariant

#: Rows below which nothing is concluded but the columns: a handful of rows proves no rule.
ENOUGH = 20
#: Most values of a column that holds one of few; each must have been seen so often on average.
FEW_VALUES = 12
SEEN_EACH = 20


def invariants_of(profile: Profile, *, personal: Callable[[str], bool] = lambda _: False) -> list[Invariant]:
    """Return the invariants that a profile of all rows supports.

    Args:
        profile: of the whole table; one of a sample proves no key.
        personal: whether values of a column of this name must not be written down.
    """
    found = [Invariant(kind="columns", columns=[column.name for column in profile.columns])]
    if profile.rows < ENOUGH:
        return found
    keys = [c.name for n, c in enumerate(profile.columns) if _is_key(c, first=n == 0)]
    found += [Invariant(kind="unique", columns=[keys[0]])] if keys else []
    full = [c.name for c in profile.columns if not c.nulls]
    found += [Invariant(kind="not_null", columns=full)] if full else []
    found += [
        Invariant(kind="values", columns=[c.name], values=sorted((t.value for t in c.top), key=repr))
        for c in profile.columns
        if _is_closed(c) and not personal(c.name)
    ]
    positive = [c.name for c in profile.columns if _never_negative(c)]
    found += [Invariant(kind="not_negative", columns=positive)] if positive else []
    return found


_KEY_KINDS = ("integer", "text")
_KEY_WORDS = ("id", "key", "no", "nr", "number", "code", "uuid", "guid")


def _is_key(column: ColumnProfile, *, first: bool) -> bool:
    """Return whether a column without doubles was meant as a key: a measure may be without doubles by chance."""
    named = first or column.name.lower().rstrip("_").endswith(_KEY_WORDS)
    return bool(named and column.unique and not column.nulls and column.kind in _KEY_KINDS)


def _is_closed(column: ColumnProfile) -> bool:
    """Return whether a column of text holds one of few values, each seen often."""
    if column.kind != "text" or not column.distinct_exact or not column.distinct:
        return False
    if (
        column.distinct < 2
        or column.distinct > FEW_VALUES
        or column.count < SEEN_EACH * column.distinct
        or column.top_error
    ):
        return False
    return len(column.top) == column.distinct and all(_is_word(t.value) for t in column.top)


def _is_word(value: object) -> bool:
    """Return whether a value is a word and not a number or a date as text: the next load has other numbers."""
    return isinstance(value, str) and not any(c.isdigit() for c in value)


def _never_negative(column: ColumnProfile) -> bool:
    return column.kind in _NUMBERS and column.negatives == 0 and column.count >= ENOUGH


_NUMBERS = ("integer", "decimal", "float")
