# ruff: noqa: FA100
"""A profile as values: what one scan of a frame found. Loads neither Arrow nor numpy.

Without postponed annotations: pydantic evaluates them, and on Python 3.9 ``str | None`` cannot be.
"""

from typing import Any, Literal, Optional, Union

from pydantic import BaseModel, ConfigDict, Field

#: A value of a column as JSON can hold it. Decimals, dates, times and binaries are text, so that no digit is lost;
#: so are the floats that JSON cannot write: "NaN", "Infinity", "-Infinity".
Value = Union[bool, int, float, str]

Kind = Literal[
    "integer",
    "float",
    "decimal",
    "date",
    "timestamp",
    "time",
    "duration",
    "boolean",
    "text",
    "binary",
    "nested",
    "null",
    "other",
]

MIME_TYPE = "application/vnd.dex.profile.v1+json"


class Model(BaseModel):
    """Base of every message here: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TopValue(Model):
    """A frequent value.

    Attributes:
        value: the value; None never, nulls are counted apart.
        count: how often it was seen; see `ColumnProfile.top_error`.
    """

    value: Value
    count: int


class Patterns(Model):
    """What the values of a text column look like, counted in rows, not in different values.

    Attributes:
        seen: values that were looked at.
        complete: whether these are all of the column. Otherwise they are all rows of a few hundred different values
            picked at random; `null_tokens` counts in all rows even then, and its rows are in `seen`.
        integers: values that are whole numbers, such as ``517`` or ``-3``.
        numbers: values that are numbers of any form, whole ones included.
        booleans: ``true``, ``false``, ``yes``, ``no``, ``t``, ``f``, ``y``, ``n`` in any case.
        dates: values that are a date without a time of day.
        timestamps: values that are a date with a time of day.
        times: values that are a time of day, such as ``05:17``.
        hhmm: whole numbers from 0 to 2400 whose last two digits are minutes, such as ``517`` for 05:17.
        padded: values with white space before or behind them, blank ones left out.
        null_tokens: words that stand for a missing value (``NA``, ``null``, the empty text, ...), most frequent first.
        formats: Spark patterns of the dates, timestamps and times, such as ``yyyy-MM-dd HH:mm:ss``, with their counts.
        leading_zeros: whole numbers that would lose a leading zero, such as the postal code ``01067``.
    """

    seen: int
    complete: bool
    integers: int = 0
    numbers: int = 0
    booleans: int = 0
    dates: int = 0
    timestamps: int = 0
    times: int = 0
    hhmm: int = 0
    padded: int = 0
    null_tokens: list[TopValue] = Field(default_factory=list)
    formats: dict[str, int] = Field(default_factory=dict)
    leading_zeros: int = 0

    @property
    def null_like(self) -> int:
        """How many values stand for a missing one."""
        return sum(token.count for token in self.null_tokens)

    @property
    def meaningful(self) -> int:
        """How many of the values seen stand for something."""
        return self.seen - self.null_like


class ColumnProfile(Model):
    """What one scan found in a column; None where a figure makes no sense for its type, or no value was there.

    Attributes:
        name: name of the column.
        type: its Spark type in short form, such as ``decimal(12,2)``.
        kind: the family of types it belongs to.
        count: values that are not null, NaN included.
        nulls: values that are null.
        nan: values that are not a number; they count in `count`, and in nothing else but `distinct` and `top`.
        infinite: values that are positive or negative infinity; they count in `min`, `max` and `quantiles`.
        zeros: values that are zero.
        negatives: values below zero.
        min: smallest value; of texts the smallest in the order of their UTF-8 bytes.
        max: largest value.
        mean: mean of the finite numbers.
        stddev: sample standard deviation (n - 1) of the finite numbers.
        distinct: how many different values there are, nulls left out.
        distinct_exact: whether `distinct` is counted and not estimated.
        distinct_error: relative error of `distinct` that is exceeded once in twenty; 0 where exact.
        quantiles: share of the order, such as ``"0.25"``, to the value there.
        quantile_error: how far the rank of a quantile may be off, as a share of all values, guaranteed; 0 where exact.
        top: most frequent values, most frequent first. Of a column with many different values only those that make up
            a thousandth of all: an empty list says that no value does.
        top_error: a count in `top` is off by more than so many about once in three hundred; 0 where exact.
        min_length: shortest text in characters, binary in bytes, array or map in items.
        max_length: longest one.
        mean_length: mean of the lengths.
        blanks: texts that are empty or only white space.
        patterns: what the texts look like.
    """

    name: str
    type: str
    kind: Kind
    count: int
    nulls: int
    nan: Optional[int] = None
    infinite: Optional[int] = None
    zeros: Optional[int] = None
    negatives: Optional[int] = None
    min: Optional[Value] = None
    max: Optional[Value] = None
    mean: Optional[float] = None
    stddev: Optional[float] = None
    distinct: Optional[int] = None
    distinct_exact: bool = True
    distinct_error: float = 0.0
    quantiles: dict[str, Value] = Field(default_factory=dict)
    quantile_error: float = 0.0
    top: list[TopValue] = Field(default_factory=list)
    top_error: int = 0
    min_length: Optional[int] = None
    max_length: Optional[int] = None
    mean_length: Optional[float] = None
    blanks: Optional[int] = None
    patterns: Optional[Patterns] = None

    @property
    def rows(self) -> int:
        """Rows of the frame."""
        return self.count + self.nulls

    @property
    def unique(self) -> Optional[bool]:
        """Whether no value occurs twice; None where the distinct count is only estimated."""
        if self.distinct is None or not self.distinct_exact:
            return None
        return self.distinct == self.count


class Profile(Model):
    """What one scan of a frame found.

    Attributes:
        name: what the frame is called.
        rows: rows seen, which are all rows of the frame.
        columns: one profile a column, in the order of the frame.
        sample: a few whole rows, the same ones for the same data.
        scans: how often the input was read.
        engine: what ran the scan: ``arrow`` in this process, ``mapInArrow`` in an engine's workers.
    """

    name: Optional[str] = None
    rows: int
    columns: list[ColumnProfile]
    sample: list[dict[str, Any]] = Field(default_factory=list)
    scans: int = 1
    engine: str = "arrow"

    def column(self, name: str) -> ColumnProfile:
        """Return the profile of a column.

        Raises:
            FrameError: DEX-FRAME-04, there is no such column.
        """
        from dex_dbutils.profile.columns import unknown_column

        for column in self.columns:
            if column.name == name:
                return column
        raise unknown_column(name, [column.name for column in self.columns])

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as JSON can hold it, every key present."""
        return self.model_dump(mode="json")

    def to_text(self) -> str:
        """Return the profile as a table in plain text."""
        from dex_dbutils.profile.text import profile_text

        return profile_text(self)

    def to_html(self) -> str:
        """Return the profile as an HTML table without scripts, styles of the page kept."""
        from dex_dbutils.profile.html import profile_html

        return profile_html(self)

    def digest(self, max_chars: int = 4000) -> str:
        """Return what a model should know of the frame, in at most ``max_chars`` characters.

        Values that look like secrets are masked; columns that find no room are named as left out.
        """
        from dex_dbutils.profile.digest import profile_digest

        return profile_digest(self, max_chars)

    def __str__(self) -> str:
        """Return the profile as a table in plain text."""
        return self.to_text()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {"text/plain": self.to_text(), "text/html": self.to_html(), MIME_TYPE: self.to_dict()}
