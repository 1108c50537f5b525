"""Figures as people read them, the same words in every table."""

from __future__ import annotations

from collections.abc import Iterable

from dex_dbutils.profile.model import ColumnProfile, Patterns, Profile, Value

#: Digits of a float that are shown, and those that tell any two floats apart.
DIGITS, EXACT_DIGITS = 6, 17


def headline(profile: Profile) -> str:
    """Return one line: what, how many rows and columns, how often the input was read."""
    rows = f"{profile.rows:,} row{'' if profile.rows == 1 else 's'}"
    columns = f"{len(profile.columns):,} column{'' if len(profile.columns) == 1 else 's'}"
    scans = "one scan" if profile.scans == 1 else f"{profile.scans} scans"
    return f"{profile.name or 'frame'}: {rows} x {columns}, read in {scans}"


def number(value: float, digits: int = DIGITS) -> str:
    """Return a number with about six digits, or as many as are asked for."""
    return f"{value:.{digits}g}"


def digits_apart(values: Iterable[object]) -> int:
    """Return how many digits it takes, six at least, until no two different floats among some values look alike."""
    floats = {value for value in values if isinstance(value, float)}
    for digits in range(DIGITS, EXACT_DIGITS):
        if len({number(value, digits) for value in floats}) == len(floats):
            return digits
    return EXACT_DIGITS


def digits_of(column: ColumnProfile) -> int:
    """Return how many digits it takes to tell the values shown of a column apart."""
    top = (pair.value for pair in column.top)
    return digits_apart([column.min, column.max, *column.quantiles.values(), *top])


def shown(value: Value | None, width: int = 24, digits: int = DIGITS) -> str:
    """Return a value in one line: a float with so many digits, all else with at most ``width`` characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value, digits)
    text = value if isinstance(value, str) else str(value)
    if isinstance(value, str) and (text != text.strip() or not text or not text.isprintable()):
        text = repr(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def share(count: int, of: int) -> str:
    """Return a share in percent; a little is never shown as nothing, nor nearly all as all."""
    if not of or not count:
        return "0%"
    percent = 100 * count / of
    if percent < 0.1:
        return "<0.1%"
    return ">99.9%" if count < of and percent >= 99.95 else f"{percent:.3g}%"


def nulls(column: ColumnProfile) -> str:
    """Return the number of nulls with their share."""
    return f"{column.nulls:,} ({share(column.nulls, column.rows)})" if column.nulls else "0"


def distinct(column: ColumnProfile) -> str:
    """Return the number of different values, with its error where it is estimated."""
    if column.distinct is None:
        return ""
    return (
        f"{column.distinct:,}" if column.distinct_exact else f"≈{column.distinct:,} ±{percent(column.distinct_error)}"
    )


def median(column: ColumnProfile, key: str = "0.5") -> str:
    """Return a quantile, with the error of its rank where it is estimated."""
    value = column.quantiles.get(key)
    if value is None:
        return ""
    text = shown(value, digits=digits_of(column))
    return text if not column.quantile_error else f"≈{text} ±{percent(column.quantile_error)}"


def smallest(column: ColumnProfile, width: int = 24) -> str:
    """Return the smallest value."""
    return shown(column.min, width, digits_of(column))


def largest(column: ColumnProfile, width: int = 24) -> str:
    """Return the largest value."""
    return shown(column.max, width, digits_of(column))


def percent(fraction: float) -> str:
    """Return a small fraction in percent, two digits."""
    return f"{100 * fraction:.2g}%"


def top(column: ColumnProfile, limit: int) -> str:
    """Return the most frequent values with their counts, such as ``76 ×10,563``; ``≈`` where a count is estimated."""
    if column.top and column.top[0].count == 1:
        return ""  # no value stands out
    about, off = ("≈", f" ±{column.top_error:,}") if column.top_error else ("", "")
    digits = digits_of(column)
    found = [f"{shown(pair.value, digits=digits)} ×{about}{pair.count:,}" for pair in column.top[:limit]]
    if found:
        return ", ".join(found) + off
    return "none above 0.1%" if column.count and column.distinct is not None else ""


def looks_like(column: ColumnProfile) -> str:
    """Return what the texts of a column look like in a few words, or nothing where they are just texts."""
    patterns = column.patterns
    if patterns is None or not patterns.meaningful:
        return ""
    of = patterns.meaningful
    words = []
    for name, count in (
        ("integer", patterns.integers if patterns.integers == patterns.numbers else 0),
        ("number", patterns.numbers if patterns.numbers > patterns.integers else 0),
        ("HHMM", patterns.hhmm if _is_hhmm(column, patterns) else 0),
        ("date", patterns.dates),
        ("timestamp", patterns.timestamps),
        ("time", patterns.times),
        ("boolean", patterns.booleans),
        ("padded", patterns.padded),
        ("leading zero", patterns.leading_zeros),
    ):
        if count * 100 >= of:
            words.append(name if count == of else f"{name} {share(count, of)}")
    if words and not patterns.complete:
        words.append(f"of {patterns.seen:,} looked at")
    return ", ".join(words)


def _is_hhmm(column: ColumnProfile, patterns: Patterns) -> bool:
    """Return whether nearly all values may be times of day, and enough of them that years and codes are no likely ones."""
    many = (column.distinct or 0) >= 100 and (column.max_length or 0) >= 3
    return many and patterns.hhmm * 20 >= patterns.meaningful * 19


def null_words(column: ColumnProfile, limit: int = 3) -> str:
    """Return the words that stand for a missing value, with their counts."""
    tokens = column.patterns.null_tokens[:limit] if column.patterns else []
    return ", ".join(f"{shown(token.value, 12)} ×{token.count:,}" for token in tokens)


def bounds(profile: Profile) -> list[str]:
    """Return one line for each kind of figure that is not exact."""
    lines = []
    if any(not column.distinct_exact for column in profile.columns):
        lines.append("≈ distinct: estimated; off by more than the ± once in twenty")
    if any(column.quantile_error for column in profile.columns):
        lines.append("≈ median: its rank is off by at most the ±, in percent of all rows")
    if any(column.top_error and column.top for column in profile.columns):
        lines.append("≈ count of a value: estimated; off by more than the ± about once in three hundred")
    return lines
