"""What texts look like: the figures that an agent needs before it casts a column."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest
from dex_dbutils import profile
from dex_dbutils.profile import Patterns
from dex_templates.demo import flights_data


def patterns(values: list[str | None]) -> Patterns:
    found = profile(pa.table({"x": pa.array(values, pa.string())})).columns[0].patterns
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "counters", "formats"),
    [
        ("517", {"integers", "numbers", "hhmm"}, []),
        ("2399", {"integers", "numbers"}, []),
        ("-3", {"integers", "numbers"}, []),
        ("01067", {"integers", "numbers", "leading_zeros"}, []),
        ("1.5e-3", {"numbers"}, []),
        (".5", {"numbers"}, []),
        ("1.2.3", set(), []),
        ("١٢", set(), []),
        ("true", {"booleans"}, []),
        ("2013-01-31", {"dates"}, ["yyyy-MM-dd"]),
        ("2013-02-30", set(), []),
        ("31.01.2013", {"dates"}, ["dd.MM.yyyy"]),
        ("03/04/2013", {"dates"}, ["MM/dd/yyyy", "dd/MM/yyyy"]),
        ("12/31/2013", {"dates"}, ["MM/dd/yyyy"]),
        ("20130131", {"integers", "numbers", "dates"}, ["yyyyMMdd"]),
        ("2013-01-31 05:17:00", {"timestamps"}, ["yyyy-MM-dd HH:mm:ss"]),
        ("2013-01-01T10:00:00Z", {"timestamps"}, ["yyyy-MM-dd'T'HH:mm:ssX"]),
        ("2013-01-31 05:17:00.250+01:00", {"timestamps"}, ["yyyy-MM-dd HH:mm:ss.SSSXXX"]),
        ("05:17", {"times"}, ["HH:mm"]),
        ("25:17", set(), []),
        (" 517", {"integers", "numbers", "hhmm", "padded"}, []),
        ("hello", set(), []),
    ],
)
def test_one_value_is_recognised(text: str, counters: set[str], formats: list[str]) -> None:
    found = patterns([text, None])
    names = {"integers", "numbers", "hhmm", "leading_zeros", "booleans", "dates", "timestamps", "times", "padded"}
    assert {name for name in names if getattr(found, name)} == counters
    assert sorted(found.formats) == formats
    assert (found.seen, found.complete, found.null_like) == (1, True, 0)


def test_words_for_nothing_are_told_with_their_counts() -> None:
    found = patterns(["NA", "NA", "null", "", "  ", "n/a", "517", "NAN", "Nancy"])
    assert [(t.value, t.count) for t in found.null_tokens] == [
        ("NA", 2), ("", 1), ("  ", 1), ("NAN", 1), ("n/a", 1), ("null", 1),
    ]  # fmt: skip
    assert (found.meaningful, found.integers) == (2, 1)


def test_the_demo_flights_have_numbers_hours_and_words_for_nothing() -> None:
    frame = pd.read_csv(flights_data() / "flights.csv", dtype=str, keep_default_na=False)
    found = {c.name: c.patterns for c in profile(frame).columns}
    missing = int((frame.dep_time == "NA").sum())
    assert [(t.value, t.count) for t in found["dep_time"].null_tokens] == [("NA", missing)]
    assert found["dep_time"].hhmm == found["dep_time"].integers == len(frame) - missing
    assert found["time_hour"].timestamps == len(frame)
    assert list(found["time_hour"].formats) == ["yyyy-MM-dd'T'HH:mm:ssX"]
    assert found["carrier"].integers == 0


def test_of_very_many_values_some_are_looked_at_and_words_for_nothing_are_counted_in_all_rows() -> None:
    n = 60_000
    values: list[str | None] = [f"{i:06d}" for i in range(n)] + ["NA"] * 37 + ["", None] * 5
    found = patterns(values)
    assert not found.complete
    assert [(t.value, t.count) for t in found.null_tokens] == [("NA", 37), ("", 5)]
    assert found.integers == found.meaningful
    assert 400 <= found.meaningful <= 512
