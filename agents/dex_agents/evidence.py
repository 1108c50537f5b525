"""What the text values of a frame would be as numbers, dates or clock times: counted, never guessed from a few rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dex_agents.plan import Columns, is_text, sql_name, sql_text

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Words that stand for a missing value in the files of many makers. A column of text keeps them unless the request
#: names them: ``NA`` is also a country.
NULL_WORDS: Final = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A", "-", "?")

#: Spark type -> condition under which a text is a value of it. The text is ``v``; ``w`` says that it is a whole number
#: without a leading zero, for such numbers are codes; ``n`` is that number; ``d`` says that it begins like a date; ``e``
#: that a double holds it: a whole number below 2**53, else at most 17 digits that count, and neither infinite nor, where
#: it is not zero, below the smallest number of full precision (IEEE 754).
_FORMS: Final = {
    "boolean": "lower({v}) in ('true', 'false', 'yes', 'no')",
    "int": "{n} between -2147483648 and 2147483647",
    "bigint": "{n} is not null",
    "double": (
        "({w} and {n} between -9007199254740991 and 9007199254740991) or "
        "(not {w} and {v} rlike '^([+-]?(0|[1-9][0-9]*)([.][0-9]*)?|[+-]?[.][0-9]+)([eE][+-]?[0-9]+)?$' and {e})"
    ),
    "date": "{d} and length({v}) = 10 and try_cast({v} as date) is not null",
    "timestamp": (
        "{d} and {v} rlike '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ][0-9]{{2}}:[0-9]{{2}}' and try_cast({v} as timestamp) is not null"
    ),
}
_WHOLE: Final = "{v} rlike '^[+-]?(0|[1-9][0-9]*)$'"
_HELD: Final = (
    "(coalesce(length({v}), 0) <= 18 and coalesce({v}, '') not rlike '[eE]') or "
    "(length(regexp_replace({v}, '^[+-]?[0.]*|[.]|[.]?0*([eE].*)?$', '')) <= 17 and "
    "({v} rlike '^[+-]?[0.]+([eE].*)?$' or "
    "abs(try_cast({v} as double)) between cast('2.2250738585072014e-308' as double) "
    "and cast('1.7976931348623157e308' as double)))"
)
_DATE: Final = "{v} like '____-__-__%'"
_CLOCK: Final = (
    "({n} between 0 and 2400 and {n} % 100 < 60) or "
    "({v} like '0%' and {v} rlike '^0[0-9]{{1,3}}$' and try_cast({v} as int) % 100 < 60)"
)


@dataclass(frozen=True)
class TextValues:
    """What a column's text values look like.

    Args:
        values: values that are there: neither null nor a word for it.
        words: words for a missing value that were seen, such as ``NA``.
        fits: Spark type -> how many of the values are one of it.
        clock: values that can be a clock time such as 517.
        padded: values with spaces around them.
    """

    values: int
    words: tuple[str, ...] = ()
    fits: dict[str, int] = field(default_factory=dict)
    clock: int = 0
    padded: int = 0

    @property
    def type(self) -> str:
        """The narrowest type that holds every value; ``string`` where there is none."""
        if not self.values:
            return "string"
        return next((name for name in _FORMS if self.fits.get(name) == self.values), "string")

    @property
    def clock_times(self) -> bool:
        """Whether every value can be a clock time such as 517."""
        return bool(self.values) and self.clock == self.values


@dataclass(frozen=True)
class Evidence:
    """What was counted in a frame.

    Args:
        rows: rows of the frame, all of which were looked at.
        texts: every text column's values, by column.
        numbers: clock times among the whole-number columns: every value can be one.
    """

    rows: int
    texts: dict[str, TextValues]
    clocks: frozenset[str] = frozenset()

    def clock_columns(self) -> set[str]:
        """Return the columns of which every value can be a clock time such as 517."""
        return {name for name, values in self.texts.items() if values.clock_times} | self.clocks


def collect_evidence(frame: DataFrame, columns: Columns, words: Iterable[str] = ()) -> Evidence:
    """Return what the values of a frame look like, from one scan of it.

    Args:
        frame: the frame.
        columns: its columns.
        words: words that the request names as missing, besides the usual ones.
    """
    missing = ", ".join(sql_text(word) for word in dict.fromkeys([*NULL_WORDS, *words]))
    texts = [name for name, kind in columns.items() if is_text(kind)]
    numbers = [name for name, kind in columns.items() if kind in ("int", "bigint", "smallint")]
    frame = _prepared(frame, texts, numbers, missing)
    conditions: list[str] = []
    sets: list[str] = []
    for i in range(len(texts)):
        parts = {part: f"{part}{i}" for part in "vwndpe"}
        sets.append(f"m{i}")
        conditions.append(f"v{i} is not null")
        conditions += [f"v{i} is not null and ({form.format(**parts)})" for form in (*_FORMS.values(), _CLOCK)]
        conditions.append(f"v{i} is not null and p{i}")
    for i in range(len(numbers)):
        conditions += [f"x{i} is not null", f"x{i} between 0 and 2400 and x{i} % 100 < 60"]
    rows, counts, found = count_rows(frame, conditions, sets)
    width = len(_FORMS) + 3
    values = {}
    for i, name in enumerate(texts):
        there_count, *fits, clock, padded = counts[i * width : (i + 1) * width]
        values[name] = TextValues(there_count, found[i], dict(zip(_FORMS, fits, strict=True)), clock, padded)
    rest = counts[len(texts) * width :]
    clocks = {name for i, name in enumerate(numbers) if rest[2 * i] and rest[2 * i] == rest[2 * i + 1]}
    return Evidence(rows, values, frozenset(clocks))


def _prepared(frame: DataFrame, texts: Sequence[str], numbers: Sequence[str], missing: str) -> DataFrame:
    """Return the values as columns of their own, each costly expression once: ``v`` trimmed, ``m`` the words for missing.

    An engine that finds an expression in a lower projection evaluates it once a row, and not once a question.
    """
    from pyspark.sql import functions as F

    def with_(layer: dict[str, str], *kept: str) -> DataFrame:
        return frame.select(*kept, *[F.expr(text).alias(name) for name, text in layer.items()])

    several = range(len(texts))
    plain = [f"x{i}" for i in range(len(numbers))]
    first = {f"t{i}": f"trim({sql_name(name)})" for i, name in enumerate(texts)}
    first |= {f"p{i}": f"{sql_name(name)} != trim({sql_name(name)})" for i, name in enumerate(texts)}
    first |= dict(zip(plain, map(sql_name, numbers), strict=True))
    frame = with_(first or {"x": "1"})
    if not texts:
        return frame
    values = {f"v{i}": f"case when t{i} not in ({missing}) then t{i} end" for i in several}
    values |= {f"m{i}": f"case when t{i} in ({missing}) then t{i} end" for i in several}
    kept = [*plain, *(f"p{i}" for i in several)]
    frame = with_(values, *kept)
    kept += [f"{part}{i}" for part in "vm" for i in several]
    tests = {f"w{i}": _WHOLE.format(v=f"v{i}") for i in several} | {f"d{i}": _DATE.format(v=f"v{i}") for i in several}
    tests |= {f"e{i}": _HELD.format(v=f"v{i}") for i in several}
    frame = with_(tests, *kept)
    kept += list(tests)
    return with_({f"n{i}": f"case when w{i} then try_cast(v{i} as bigint) end" for i in several}, *kept)


def count_rows(
    frame: DataFrame, conditions: Sequence[str], sets: Sequence[str] = ()
) -> tuple[int, list[int], list[tuple[str, ...]]]:
    """Return a frame's rows, for how many of them each condition holds, and the different values of expressions.

    The expressions become columns first: an engine may name two sums over like expressions alike, and refuse them.

    Args:
        frame: the frame, which is read once.
        conditions: SQL conditions.
        sets: SQL expressions of few different text values.
    """
    from pyspark.sql import functions as F

    asked = [F.expr(text).alias(f"c{i}") for i, text in enumerate(conditions)]
    asked += [F.expr(text).alias(f"s{i}") for i, text in enumerate(sets)]
    sums = [F.expr(f"count(case when c{i} then 1 end)").alias(f"n{i}") for i in range(len(conditions))]
    sums += [F.expr(f"collect_set(s{i})").alias(f"v{i}") for i in range(len(sets))]
    row = frame.select(F.lit(1).alias("one"), *asked).agg(F.count("one").alias("rows"), *sums).collect()[0]
    counts = [int(row[1 + i]) for i in range(len(conditions))]
    values = [tuple(sorted(row[1 + len(conditions) + i] or ())) for i in range(len(sets))]
    return int(row[0]), counts, values


def count_keys(frame: DataFrame, key: Sequence[str]) -> tuple[int, int]:
    """Return how many values of a key occur more than once, and how many rows lack a part of it.

    Args:
        frame: the frame, which is read once.
        key: its key columns.
    """
    from pyspark.sql import functions as F

    names = [sql_name(name) for name in key]
    parts = frame.select(*[F.col(name).alias(f"k{i}") for i, name in enumerate(names)])
    keys = [f"k{i}" for i in range(len(names))]
    counted = parts.groupBy(*keys).agg(F.count(F.lit(1)).alias("n"))
    missing = " or ".join(f"{name} is null" for name in keys)
    row = counted.agg(
        F.expr("count(case when n > 1 then 1 end)").alias("twice"),
        F.expr(f"coalesce(sum(case when {missing} then n end), 0)").alias("missing"),
    ).collect()[0]
    return int(row[0]), int(row[1])
