"""A profile of a Spark frame is the profile of its rows, read once, in the engine's workers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from dex_dbutils import FrameError, profile
from dex_dbutils.profile import profile_source
from dex_templates.demo import flights_data
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from dex_dbutils import Session
    from pyspark.sql import DataFrame


@pytest.fixture(scope="module")
def typed_flights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pa.Table]:
    """The demo's flights with types, in one file of several row groups, and the same as an Arrow table."""
    options = pc.ConvertOptions(null_values=["NA"], strings_can_be_null=True)
    table = pc.read_csv(flights_data() / "flights.csv", convert_options=options)
    table = table.append_column("row_id", pa.array(range(len(table)), pa.int64()))
    path = tmp_path_factory.mktemp("typed") / "flights.parquet"
    pq.write_table(table, path, row_group_size=50_000)
    return path, table


def without_engine(found: Any) -> dict[str, Any]:
    return {key: value for key, value in found.to_dict().items() if key != "engine"}


def test_the_demo_flights_give_the_figures_that_pandas_rows_give(session: Session) -> None:
    path = flights_data() / "flights.csv"
    found = profile_source(session.spark, path, name="flights")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert found.engine == "mapInArrow"
    assert without_engine(found) == without_engine(profile(frame, name="flights"))


def test_typed_columns_with_many_values_give_the_same_estimates_as_in_this_process(
    session: Session, typed_flights: tuple[Path, pa.Table]
) -> None:
    path, table = typed_flights
    found = profile_source(session.spark, path, name="f").to_dict()["columns"]
    expected = profile(table, name="f").to_dict()["columns"]
    for one, other in zip(found, expected, strict=True):
        assert {**one, "type": ""} == {**other, "type": ""}  # an engine may call a timestamp by its other name
    assert not found[-1]["distinct_exact"]


def test_two_runs_and_another_split_give_the_same_bytes(session: Session, typed_flights: tuple[Path, pa.Table]) -> None:
    frame = session.spark.read.parquet(str(typed_flights[0]))
    runs = [profile(frame, name="f") for _ in range(3)]
    runs.append(profile(frame.repartition(7, "dest"), name="f"))
    runs.append(profile(frame.orderBy(F.desc("row_id")), name="f"))
    assert len({json.dumps(run.to_dict()) for run in runs}) == 1
    assert len({run.to_html() for run in runs}) == 1


def test_the_input_is_read_once(session: Session, tmp_path: Path) -> None:
    folder = str(tmp_path)

    def counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import uuid

        for batch in batches:
            with open(f"{folder}/{uuid.uuid4()}", "w") as file:
                file.write(str(batch.num_rows))
            yield batch

    frame = session.spark.range(100_000).mapInArrow(counted, "id bigint")
    found = profile(frame)
    assert found.rows == 100_000
    assert sum(int(path.read_text()) for path in tmp_path.iterdir()) == found.scans * found.rows


def make_frame(session: Session) -> DataFrame:
    return session.spark.sql(
        "select 1 as a, 'x' as `b.c`, array(1, 2) as items, map('k', 1) as pairs, named_struct('f', 1) as record,"
        " cast(1.5 as decimal(10,2)) as price, date'2024-02-29' as day, timestamp'2024-02-29 12:00:00' as at,"
        " true as flag, cast('ab' as binary) as raw, cast(null as int) as missing, cast('nan' as double) as x"
        " union all select 2, null, null, null, null, null, null, null, null, null, null, cast(0.5 as double)"
    )


def test_every_type_of_spark_is_taken(session: Session) -> None:
    found = profile(make_frame(session))
    by = {column.name: column for column in found.columns}
    assert found.rows == 2
    assert {c.name: c.type for c in found.columns if c.name in ("a", "items", "pairs", "record", "price")} == {
        "a": "int",
        "items": "array<int>",
        "pairs": "map<string,int>",
        "record": "struct<f:int>",
        "price": "decimal(10,2)",
    }
    assert (by["a"].min, by["a"].max) == (1, 2)
    assert (by["b.c"].count, by["b.c"].nulls, by["b.c"].max) == (1, 1, "x")
    assert (by["items"].nulls, by["items"].max_length) == (1, 2)
    assert by["price"].max == "1.50"
    assert by["day"].max == "2024-02-29"
    assert by["at"].max == "2024-02-29 12:00:00"
    assert (by["missing"].count, by["missing"].nulls) == (0, 2)
    assert (by["x"].nan, by["x"].max) == (1, 0.5)


def test_sums_of_decimals_keep_every_digit(session: Session) -> None:
    frame = session.spark.sql(
        "select cast(v as decimal(20,2)) as total from values ('123456789012345678.99'), ('123456789012345678.98'),"
        " ('-5.00'), ('-5.00'), (null) as t(v)"
    ).repartition(3)
    column = profile(frame).columns[0]
    assert (column.min, column.max, column.nulls) == ("-5.00", "123456789012345678.99", 1)
    assert (column.distinct, column.distinct_exact) == (3, True)
    assert [(top.value, top.count) for top in column.top] == [
        ("-5.00", 2),
        ("123456789012345678.98", 1),
        ("123456789012345678.99", 1),
    ]


def test_columns_with_odd_names_can_be_chosen(session: Session) -> None:
    found = profile(make_frame(session), columns=["b.c", "items"])
    assert [column.name for column in found.columns] == ["b.c", "items"]
    with pytest.raises(FrameError, match="no column `itms`") as caught:
        profile(make_frame(session), columns=["itms"])
    assert caught.value.code == "DEX-FRAME-04"
    assert "`items`" in str(caught.value)


def test_no_rows_are_an_answer(session: Session) -> None:
    found = profile(make_frame(session).where("a > 5"))
    assert found.rows == 0
    assert [(c.count, c.nulls) for c in found.columns] == [(0, 0)] * 12
    assert [c.kind for c in found.columns][:4] == ["integer", "text", "nested", "nested"]


def test_two_columns_of_one_name_are_an_error_unless_they_are_not_asked_for(session: Session) -> None:
    frame = session.spark.sql("select 1 as k, 2 as k, 3 as v")
    with pytest.raises(FrameError, match="more than one column named `k`"):
        profile(frame)
    assert profile(frame, columns=["v"]).columns[0].max == 3


def test_a_frame_that_fails_says_so_in_the_engines_words(session: Session) -> None:
    def broken(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        raise RuntimeError("the disk of the third moon is full")
        yield from batches

    with pytest.raises(FrameError, match="third moon") as caught:
        profile(session.spark.range(3).mapInArrow(broken, "id bigint"))
    assert caught.value.code == "DEX-FRAME-07"


def test_what_is_no_frame_is_refused(session: Session) -> None:
    frame = session.spark.range(3)
    for value in (frame.groupBy("id"), frame.id, frame.count, None):
        with pytest.raises(FrameError) as caught:
            profile(value)
        assert caught.value.code == "DEX-FRAME-01"


def test_tables_and_files_are_found_by_name(session: Session, tmp_path: Path) -> None:
    spark = session.spark
    name = session.table("bronze", "profile_me")
    spark.range(10).withColumnRenamed("id", "n").write.mode("overwrite").saveAsTable(name)
    assert profile_source(spark, name).columns[0].max == 9
    with pytest.raises(FrameError) as caught:
        profile_source(spark, session.table("bronze", "profile_mee"))
    assert caught.value.code == "DEX-FRAME-05"
    assert "profile_me`" in str(caught.value)

    (tmp_path / "t.csv").write_text("a,b\n1,x\nNA,y\n")
    (tmp_path / "t.tsv").write_text("a\tb\n1\tx\n")
    (tmp_path / "t.jsonl").write_text('{"a": 1}\n{"a": 2}\n')
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "notes.txt").write_text("hello")
    pq.write_table(pa.table({"a": [1.5]}), tmp_path / "t.parquet")
    (tmp_path / "parts").mkdir()
    pq.write_table(pa.table({"a": [1]}), tmp_path / "parts/0.parquet")
    pq.write_table(pa.table({"a": [2]}), tmp_path / "parts/1.parquet")
    spark.range(4).write.format("delta").save(str(tmp_path / "delta"))
    rows = {
        name: profile_source(spark, tmp_path / name).rows
        for name in ("t.csv", "t.tsv", "t.jsonl", "t.parquet", "parts", "delta")
    }
    assert rows == {"t.csv": 2, "t.tsv": 1, "t.jsonl": 2, "t.parquet": 1, "parts": 2, "delta": 4}
    assert profile_source(spark, str(tmp_path / "t.csv")).columns[0].type == "string"
    for wrong in ("t.cvs", "empty.csv", "notes.txt", "nowhere/t.csv"):
        with pytest.raises(FrameError) as caught:
            profile_source(spark, tmp_path / wrong)
        assert caught.value.code == "DEX-FRAME-06"
    with pytest.raises(FrameError, match=r"no file") as caught:
        profile_source(spark, f"{tmp_path}/t.cs")
    assert "t.csv" in str(caught.value)
