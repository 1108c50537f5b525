"""A bounded sample of a frame: the same rows for the same data, rows of one key together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dex_agents.plan import Columns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Most rows that a proposal is run on.
SAMPLE_ROWS = 50_000
#: Most bytes of them; wide rows give fewer.
SAMPLE_BYTES = 32_000_000
#: Types whose values have no hash in every engine.
_NO_HASH = ("map<", "variant", "interval", "struct<", "array<")


@dataclass(frozen=True)
class Sample:
    """Rows of a frame, as a frame of their own.

    Args:
        frame: the rows, held in the session and not in the table.
        rows: how many there are.
        total: rows of the whole frame.
    """

    frame: DataFrame
    rows: int
    total: int

    @property
    def complete(self) -> bool:
        """Whether the sample is all there is."""
        return self.rows == self.total

    @property
    def words(self) -> str:
        """The sample in words."""
        if self.complete:
            return f"all {self.total:,} rows"
        return f"a sample of {self.rows:,} of {self.total:,} rows"


def take_sample(frame: DataFrame, columns: Columns, total: int, key: Sequence[str] | None = None) -> Sample:
    """Return a sample of a frame, chosen by the hash of its key or else of whole rows.

    Rows with the same key, and rows that are the same, are in the sample together or not at all. So a key that occurs
    twice is seen as often as in the whole frame, in proportion.

    Args:
        frame: the frame.
        columns: its columns.
        total: its rows.
        key: key columns, before any cleaning.
    """
    from pyspark.sql import functions as F

    chosen = frame
    if total > SAMPLE_ROWS:
        hashed = [name for name in key or columns if name in columns and not columns[name].startswith(_NO_HASH)]
        if hashed:
            parts = -(-total * 21 // (SAMPLE_ROWS * 20))  # one in `parts` buckets, a twentieth to spare
            bucket = F.pmod(F.xxhash64(*[F.col(_quoted(name)) for name in hashed]), F.lit(parts))
            chosen = chosen.filter(bucket == 0)
        chosen = chosen.limit(SAMPLE_ROWS)
    rows = chosen.toArrow()
    if rows.nbytes > SAMPLE_BYTES:
        rows = rows.slice(0, max(1, int(rows.num_rows * SAMPLE_BYTES / rows.nbytes)))
    return Sample(_held(frame, rows), rows.num_rows, total)


def _held(frame: DataFrame, rows: Any) -> DataFrame:
    return frame.sparkSession.createDataFrame(rows, schema=frame.schema)


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"
