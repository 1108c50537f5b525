"""What a profile says is what DuckDB and pandas say, exactly where it claims so and within its bound elsewhere."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left, bisect_right
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from dex_dbutils import profile
from dex_templates.demo import TABLES, flights_data
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize("name", TABLES)
def test_the_demo_tables_as_text_are_counted_as_duckdb_counts_them(name: str) -> None:
    path = flights_data() / f"{name}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    found = profile(frame, name=name)
    assert found.rows == len(frame)
    for column in found.columns:
        quoted = f'"{column.name}"'
        row = duckdb.sql(
            f"select count({quoted}), count(distinct {quoted}), min({quoted}), max({quoted}), min(length({quoted})),"
            f" max(length({quoted})), avg(length({quoted})),"
            f" count(*) filter (try_cast({quoted} as double) is not null) from frame"
        ).fetchall()[0]
        assert (column.count, column.nulls) == (row[0], 0)
        assert column.distinct_exact
        assert (column.distinct, column.min, column.max) == row[1:4]
        assert (column.min_length, column.max_length) == row[4:6]
        assert column.mean_length == pytest.approx(row[6])
        assert column.patterns is not None
        assert column.patterns.numbers == row[7]
        expected = duckdb.sql(
            f"select {quoted} v, count(*) n from frame group by 1 order by n desc, encode({quoted}) limit 10"
        ).fetchall()
        assert [(t.value, t.count) for t in column.top] == expected


def test_the_demo_flights_with_types_are_summed_as_duckdb_sums_them() -> None:
    frame = pd.read_csv(flights_data() / "flights.csv", na_values=["NA"])
    found = profile(frame)
    for column in found.columns:
        quoted = f'"{column.name}"'
        nulls, distinct, low, high = duckdb.sql(
            f"select count(*) - count({quoted}), count(distinct {quoted}), min({quoted}), max({quoted}) from frame"
        ).fetchall()[0]
        assert (column.nulls, column.distinct, column.min, column.max) == (nulls, distinct, low, high)
        if column.kind == "text":
            continue
        mean, deviation, zeros, negatives, *quantiles = duckdb.sql(
            f"select avg({quoted}), stddev({quoted}), count(*) filter ({quoted} = 0),"
            f" count(*) filter ({quoted} < 0), quantile_disc({quoted}, 0.25), quantile_disc({quoted}, 0.5),"
            f" quantile_disc({quoted}, 0.75) from frame"
        ).fetchall()[0]
        assert column.mean == pytest.approx(mean, rel=1e-12)
        assert column.stddev == pytest.approx(deviation, rel=1e-9)
        assert (column.zeros, column.negatives) == (zeros, negatives)
        assert [column.quantiles[q] for q in ("0.25", "0.5", "0.75")] == quantiles
        assert column.quantile_error == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=60))
def test_mean_and_deviation_are_correctly_rounded(values: list[float]) -> None:
    column = profile(pa.table({"x": values})).columns[0]
    exact = [Decimal(value) for value in values]
    assert column.mean == pytest.approx(float(statistics.mean(exact)), rel=1e-15, abs=0)
    if column.stddev is not None and 0 < column.stddev < 1e300:
        assert column.stddev == pytest.approx(statistics.stdev(map(_fraction, values)), rel=1e-13)


def _fraction(value: float) -> Any:
    from fractions import Fraction

    return Fraction(value)


def test_identifiers_and_epochs_keep_their_digits() -> None:
    ids = [9_000_000_000_000_000_000 + i for i in range(30_000)]
    column = profile(pa.table({"id": ids})).columns[0]
    assert column.mean == 9_000_000_000_000_000_000 + 14_999.5
    assert column.stddev == pytest.approx(statistics.stdev(range(30_000)), rel=1e-14)
    assert (column.min, column.max) == (ids[0], ids[-1])


SHAPES = {
    "even": lambda rng, n: rng.integers(0, 10**9, n),
    "normal": lambda rng, n: rng.normal(0, 1, n),
    "heavy tail": lambda rng, n: rng.lognormal(3, 2.5, n),
    "two far clusters": lambda rng, n: np.concatenate([rng.normal(0, 1, n // 2), rng.normal(1e12, 1, n - n // 2)]),
    "epochs": lambda rng, n: 1_700_000_000_000_000 + rng.integers(0, 86_400_000_000, n),
    "skewed counts": lambda rng, n: rng.zipf(1.12, n),
    "sorted": lambda rng, n: np.arange(n),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_estimates_keep_their_bounds_on_many_values(shape: str) -> None:
    n = 150_000
    values = SHAPES[shape](np.random.default_rng(7), n)
    values = values[np.isfinite(values)]
    column = profile(pa.table({"x": values})).columns[0]
    ordered = sorted(values.tolist())
    assert not column.distinct_exact
    true = len(set(ordered))
    assert abs(column.distinct / true - 1) <= 1.5 * column.distinct_error  # two standard errors, and a half
    assert column.mean == pytest.approx(math.fsum(ordered) / len(ordered), rel=1e-14)
    assert column.quantile_error < 0.01 or shape == "two far clusters"
    for share, value in column.quantiles.items():
        rank = float(share) * len(ordered)
        low, high = bisect_left(ordered, value), bisect_right(ordered, value)
        off = 0.0 if low <= rank <= high else min(abs(low - rank), abs(high - rank)) / len(ordered)
        assert off <= column.quantile_error + 1 / len(ordered)
    counts = pd.Series(values).value_counts()
    for top in column.top:
        assert abs(top.count - counts[top.value]) <= column.top_error
    missed = set(counts[counts > 0.001 * n + column.top_error].index[:10]) - {t.value for t in column.top}
    assert not missed or len(column.top) == 10


def test_distinct_counts_of_many_sizes_stay_near_the_truth() -> None:
    off = []
    for size in (17_000, 40_000, 90_000, 200_000):
        words = pa.array([f"k{size}-{i}" for i in range(size)])
        column = profile(pa.table({"w": words, "n": pa.array(range(size))})).columns
        off += [abs(c.distinct / size - 1) / c.distinct_error for c in column]
    assert max(off) < 2  # four standard errors
    assert sum(o > 1 for o in off) <= 1


def test_every_type_gives_its_own_figures() -> None:
    table = pa.table(
        {
            "tiny": pa.array([1, None, -3], pa.int8()),
            "huge": pa.array([2**64 - 1, 0, None], pa.uint64()),
            "single": pa.array([0.1, float("nan"), float("-inf")], pa.float32()),
            "price": pa.array([Decimal("1.50"), None, Decimal("-0.25")], pa.decimal128(12, 2)),
            "wide": pa.array([Decimal("12345678901234567890.5"), Decimal("0.1"), None], pa.decimal128(38, 18)),
            "day": pa.array([date(1, 1, 1), date(9999, 12, 31), None]),
            "at": pa.array(
                [datetime(2024, 2, 29, 12, 0, 0, 500_000), None, datetime(1969, 12, 31)], pa.timestamp("us")
            ),
            "zoned": pa.array([0, 3_600_000_000, None], pa.timestamp("us", "America/New_York")),
            "clock": pa.array([0, 3_661_000_000, None], pa.time64("us")),
            "span": pa.array([timedelta(days=2, seconds=3), timedelta(seconds=-1), None]),
            "flag": pa.array([True, False, None]),
            "raw": pa.array([b"\x00\xff", b"", None]),
            "items": pa.array([[1, 2], [], None], pa.list_(pa.int32())),
            "pairs": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int32())),
            "record": pa.array([{"a": 1}, {"a": None}, None], pa.struct([("a", pa.int32())])),
            "code": pa.array(["x", "x", None]).dictionary_encode(),
            "nothing": pa.nulls(3),
        }
    )
    found = profile(table)
    by = {column.name: column for column in found.columns}
    assert [(c.name, c.type) for c in found.columns] == [
        ("tiny", "tinyint"),
        ("huge", "decimal(20,0)"),
        ("single", "float"),
        ("price", "decimal(12,2)"),
        ("wide", "decimal(38,18)"),
        ("day", "date"),
        ("at", "timestamp_ntz"),
        ("zoned", "timestamp"),
        ("clock", "time(6)"),
        ("span", "interval day to second"),
        ("flag", "boolean"),
        ("raw", "binary"),
        ("items", "array<int>"),
        ("pairs", "map<string,int>"),
        ("record", "struct<a:int>"),
        ("code", "string"),
        ("nothing", "void"),
    ]
    assert (by["tiny"].min, by["tiny"].max, by["tiny"].mean, by["tiny"].negatives) == (-3, 1, -1.0, 1)
    assert by["huge"].max == 2**64 - 1
    assert (by["single"].min, by["single"].max) == ("-Infinity", 0.1)
    assert (by["single"].nan, by["single"].infinite, by["single"].distinct) == (1, 1, 3)
    assert by["single"].mean == pytest.approx(0.1)
    assert (by["price"].min, by["price"].max, by["price"].mean) == ("-0.25", "1.50", 0.625)
    assert (by["wide"].min, by["wide"].max) == ("0.100000000000000000", "12345678901234567890.500000000000000000")
    assert (by["day"].min, by["day"].max) == ("0001-01-01", "9999-12-31")
    assert (by["at"].min, by["at"].max) == ("1969-12-31 00:00:00", "2024-02-29 12:00:00.5")
    assert (by["zoned"].min, by["zoned"].max) == ("1969-12-31 19:00:00", "1969-12-31 20:00:00")
    assert by["clock"].max == "01:01:01"
    assert (by["span"].min, by["span"].max) == ("-00:00:01", "2 days 00:00:03")
    assert (by["flag"].min, by["flag"].max, by["flag"].distinct) == (False, True, 2)
    assert (by["raw"].min, by["raw"].max, by["raw"].min_length, by["raw"].max_length) == ("0x", "0x00ff", 0, 2)
    assert (by["items"].min_length, by["items"].max_length, by["items"].mean_length) == (0, 2, 1.0)
    assert (by["pairs"].min_length, by["pairs"].max_length) == (0, 1)
    assert (by["record"].count, by["record"].min_length, by["record"].distinct) == (2, None, None)
    assert (by["code"].count, by["code"].distinct) == (2, 1)
    assert (by["nothing"].count, by["nothing"].nulls, by["nothing"].min) == (0, 3, None)
    assert all(column.nulls == 1 for column in found.columns if column.name not in ("single", "nothing"))
    assert len(found.sample) == 3


@pytest.mark.parametrize("arrow", [pa.decimal128(20, 2), pa.decimal128(38, 2), pa.decimal256(60, 2)], ids=str)
def test_sums_of_prices_keep_every_digit_and_their_scale(arrow: pa.DataType) -> None:
    near = ["123456789012345678.99", "123456789012345678.98", "-123456789012345678.99"]
    values = [
        Decimal(text) for text in [*near, near[0], "-5.00", "0.00", "92233720368547758.07", "92233720368547758.08"]
    ]
    column = profile(pa.table({"total": pa.array([*values, None], arrow)})).columns[0]
    assert (column.min, column.max) == (near[2], near[0])
    assert (column.distinct, column.distinct_exact, column.nulls) == (7, True, 1)
    assert (column.zeros, column.negatives, column.count) == (1, 2, 8)
    assert (column.top[0].value, column.top[0].count, column.top_error) == (near[0], 2, 0)
    assert {top.value for top in column.top} == {str(value) for value in values}
    assert column.mean == pytest.approx(float(statistics.mean(values)), rel=1e-15)
    assert column.stddev == pytest.approx(float(statistics.stdev(values)), rel=1e-15)
    assert column.quantiles["0.25"] == "-5.00"
    assert column.quantile_error > 0  # the upper ones are beyond what a float tells apart


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_many_wide_decimals_keep_the_bounds_that_they_state(share: float) -> None:
    n = 60_000
    rng = np.random.default_rng(11)
    words = [int(v) for v in rng.normal(0, 10**9, n)]
    values = [v * 10**18 + i if i < share * n else v for i, v in enumerate(words)]
    column = profile(pa.table({"x": pa.array([Decimal(v) for v in values], pa.decimal128(38, 0))})).columns[0]
    ordered = sorted(values)
    assert (int(str(column.min)), int(str(column.max))) == (ordered[0], ordered[-1])
    assert not column.distinct_exact
    assert abs(column.distinct / len(set(values)) - 1) <= 1.5 * column.distinct_error
    assert column.mean == pytest.approx(sum(values) / n, rel=1e-14)
    for key, value in column.quantiles.items():
        low, high = bisect_left(ordered, int(str(value))), bisect_right(ordered, int(str(value)))
        off = 0 if low <= float(key) * n <= high else min(abs(low - float(key) * n), abs(high - float(key) * n)) / n
        assert off <= column.quantile_error + 1 / n


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([(pa.decimal128(38, 0), 10**38 - 1), (pa.decimal256(76, 0), 10**76 - 1)]).flatmap(
        lambda pair: st.tuples(
            st.just(pair[0]),
            st.lists(st.integers(-pair[1], pair[1]) | st.integers(-(2**65), 2**65), min_size=2, max_size=40),
        )
    )
)
def test_wide_decimals_are_summed_without_loss(case: tuple[pa.DataType, list[int]]) -> None:
    arrow, values = case
    column = profile(pa.table({"x": pa.array([Decimal(value) for value in values], arrow)})).columns[0]
    n, total = len(values), sum(values)
    assert column.mean == total / n
    above = n * sum(value * value for value in values) - total * total
    expected = math.isqrt((above << 400) // (n * (n - 1))) / 2**200
    assert column.stddev == pytest.approx(expected, rel=1e-14)
    assert (column.min, column.max, column.distinct) == (str(min(values)), str(max(values)), len(set(values)))
    assert column.negatives == sum(value < 0 for value in values)
