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

#: Spark type -> condition under which a trimmed text is a value of it. Numbers with a leading zero are codes.
_INTEGER: Final = "[+-]?(0|[1-9][0-9]*)"
_FORMS: Final = {
    "boolean": "lower({v}) in ('true', 'false', 'yes', 'no')",
    "int": f"{{v}} rlike '^{_INTEGER}$' and try_cast({{v}} as bigint) between -2147483648 and 2147483647",
    "bigint": f"{{v}} rlike '^{_INTEGER}$' and try_cast({{v}} as bigint) is not null",
    "double": f"{{v}} rlike '^({_INTEGER}([.][0-9]*)?|[+-]?[.][0-9]+)([eE][+-]?[0-9]+)?$'",
    "date": "{v} rlike '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' and try_cast({v} as date) is not null",
    "timestamp": (
        "{v} rlike '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ][0-9]{{2}}:[0-9]{{2}}' and try_cast({v} as timestamp) is not null"
    ),
}
_CLOCK: Final = (
    "{v} rlike '^[0-9]{{1,4}}$' and try_cast({v} as int) between 0 and 2400 and try_cast({v} as int) % 100 < 60"
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
    conditions: list[str] = []
    sets: list[str] = []
    for name in texts:
        value = f"trim({sql_name(name)})"
        sets.append(f"case when {value} in ({missing}) then {value} end")
        there = f"{value} not in ({missing})"
        conditions += [there, *(f"{there} and {form.format(v=value)}" for form in (*_FORMS.values(), _CLOCK))]
        conditions.append(f"{there} and {sql_name(name)} != {value}")
    for name in numbers:
        column = sql_name(name)
        conditions += [f"{column} is not null", f"{column} between 0 and 2400 and {column} % 100 < 60"]
    rows, counts, found = count_rows(frame, conditions, sets)
    width = len(_FORMS) + 3
    values = {}
    for i, name in enumerate(texts):
        there_count, *fits, clock, padded = counts[i * width : (i + 1) * width]
        values[name] = TextValues(there_count, found[i], dict(zip(_FORMS, fits, strict=True)), clock, padded)
    rest = counts[len(texts) * width :]
    clocks = {name for i, name in enumerate(numbers) if rest[2 * i] and rest[2 * i] == rest[2 * i + 1]}
    return Evidence(rows, values, frozenset(clocks))


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
