"""What counts as a frame, which of its columns are taken, and what a person reads when something is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from dex_dbutils import FrameError, profile

TABLE = pa.table({"a": [1, 2, 2], "b": ["x", None, "y"]})


def test_the_same_rows_give_the_same_profile_from_every_kind_of_frame(tmp_path: Any) -> None:
    pq.write_table(TABLE, tmp_path / "t.parquet")
    frames = [
        TABLE,
        TABLE.to_batches()[0],
        pa.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches()),
        ds.dataset(tmp_path / "t.parquet"),
        TABLE.to_pandas(),
    ]
    found = [profile(frame, name="t").to_dict() for frame in frames]
    assert all(one == found[0] for one in found)
    assert found[0]["rows"] == 3
    assert [(c["name"], c["count"], c["nulls"], c["distinct"]) for c in found[0]["columns"]] == [
        ("a", 3, 0, 2),
        ("b", 2, 1, 2),
    ]


def test_only_the_columns_asked_for_in_the_order_of_the_frame() -> None:
    assert [c.name for c in profile(TABLE, columns=["b", "a"]).columns] == ["a", "b"]
    assert [c.name for c in profile(TABLE.to_pandas(), columns=["b"]).columns] == ["b"]


def test_an_unknown_column_names_the_nearest_one() -> None:
    for frame in (TABLE, TABLE.to_pandas()):
        with pytest.raises(FrameError, match="no column `B`") as caught:
            profile(frame, columns=["B"])
        assert caught.value.code == "DEX-FRAME-04"
        assert "Did you mean `b`?" in str(caught.value)
    with pytest.raises(FrameError) as caught:
        profile(TABLE).column("aa")
    assert caught.value.code == "DEX-FRAME-04"


def test_no_rows_are_an_answer_not_an_error() -> None:
    empty = profile(TABLE.slice(0, 0))
    assert (empty.rows, empty.sample) == (0, [])
    assert [(c.name, c.type, c.count, c.nulls, c.distinct, c.min) for c in empty.columns] == [
        ("a", "bigint", 0, 0, 0, None),
        ("b", "string", 0, 0, 0, None),
    ]
    assert "0 rows x 2 columns" in empty.to_text()


@pytest.mark.parametrize(
    "frame", [pa.table({}), pd.DataFrame(), pd.DataFrame(index=[1, 2])], ids=["arrow", "pandas", "index"]
)
def test_no_columns_are_an_error(frame: Any) -> None:
    with pytest.raises(FrameError) as caught:
        profile(frame)
    assert caught.value.code == "DEX-FRAME-02"


def test_two_columns_of_one_name_are_an_error_unless_they_are_not_asked_for() -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["k", "k", "v"])
    for frame in (twice, pd.DataFrame([[1, 2, 3]], columns=["k", "k", "v"])):
        with pytest.raises(FrameError, match="more than one column named `k`") as caught:
            profile(frame)
        assert caught.value.code == "DEX-FRAME-03"
        assert profile(frame, columns=["v"]).columns[0].max == 3


@pytest.mark.parametrize(
    ("value", "word", "hint"),
    [
        (None, "None", "gives None"),
        ([1, 2], "list", "createDataFrame"),
        ({"a": [1]}, "dict", "pandas.DataFrame"),
        (pd.Series([1]), "Series", "to_frame"),
        (TABLE.to_pandas().groupby("a"), "DataFrameGroupBy", ".size()"),
        (np.zeros(3), "ndarray", "Spark, pandas or Arrow"),
        (len, "builtin_function_or_method", "Spark, pandas or Arrow"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_frame_says_what_it_is_and_what_to_do(value: Any, word: str, hint: str) -> None:
    with pytest.raises(FrameError) as caught:
        profile(value)
    assert caught.value.code == "DEX-FRAME-01"
    assert word in str(caught.value)
    assert hint in str(caught.value)


def test_pandas_columns_that_arrow_does_not_take_are_shown_as_text() -> None:
    frame = pd.DataFrame(
        {"mixed": [1, "two", None, 3.5], 7: [1, 2, 3, 4], ("a", "b"): pd.Categorical(["x", "y", "x", None])}
    )
    found = profile(frame)
    assert [(c.name, c.type) for c in found.columns] == [("mixed", "object"), ("7", "bigint"), ("a.b", "string")]
    assert (found.columns[0].count, found.columns[0].nulls) == (3, 1)
    assert {t.value for t in found.columns[0].top} == {"1", "two", "3.5"}


def test_all_null_columns_have_counts_and_nothing_else() -> None:
    column = profile(pa.table({"x": pa.array([None, None], pa.float64())})).columns[0]
    assert (column.count, column.nulls, column.distinct) == (0, 2, 0)
    assert (column.min, column.mean, column.stddev, column.quantiles, column.top) == (None, None, None, {}, [])


def test_rows_are_sampled_the_same_way_in_any_order() -> None:
    table = pa.table({"i": list(range(1000)), "w": [f"a long word that begins alike {i}" for i in range(1000)]})
    backwards = table.take(pa.array(range(999, -1, -1)))
    assert profile(table).sample == profile(backwards).sample
    assert all(row["w"].endswith(f" {row['i']}") for row in profile(table).sample)


def test_copies_of_one_row_do_not_hide_the_others_from_the_sample() -> None:
    table = pa.table({"word": ["often"] * 5000 + ["a", "b", "c"]})
    assert {row["word"] for row in profile(table).sample} == {"often", "a", "b", "c"}


def test_nested_rows_are_sampled_too() -> None:
    table = pa.table({"record": [{"i": i, "tags": ["x"] * (i % 3)} for i in range(50)]})
    assert len(profile(table).sample) == 5


@pytest.mark.parametrize(("value", "word"), [(7, "an int"), (1.5, "a float"), ([], "a list"), (None, "None")])
def test_the_kind_of_what_is_no_frame_is_named_in_good_english(value: object, word: str) -> None:
    with pytest.raises(FrameError, match=f"This is no frame but {word}"):
        profile(value)
