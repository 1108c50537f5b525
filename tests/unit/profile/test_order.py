"""A profile is a function of the rows: not of their order, nor of how an engine split and merged them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from dex_dbutils.profile.build import build_profile
from dex_dbutils.profile.states import TableState, counts, frequent, histogram, merge_parts, value_sample
from dex_dbutils.profile.values import type_name
from hypothesis import given, settings
from hypothesis import strategies as st

FLOATS = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, -0.0, 1.5, 1e300, 5e-324])
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 5),
        st.none() | FLOATS,
        st.none() | st.text(max_size=6) | st.sampled_from(["NA", " ", "517"]),
        st.none() | st.decimals(-(10**9), 10**9, places=2),
        st.none() | st.decimals(-(10**20), 10**20, places=2) | st.decimals(-3, 3, places=2),
        st.none() | st.datetimes(),
        st.none() | st.booleans(),
        st.none() | st.lists(st.integers(0, 3), max_size=3),
    ),
    min_size=1,
    max_size=120,
)
SCHEMA = pa.schema(
    [
        ("whole", pa.int64()),
        ("real", pa.float64()),
        ("word", pa.string()),
        ("price", pa.decimal128(14, 2)),
        ("total", pa.decimal128(24, 2)),
        ("at", pa.timestamp("us")),
        ("flag", pa.bool_()),
        ("items", pa.list_(pa.int64())),
    ]
)


@pytest.fixture(params=["few values", "many values"], autouse=True, scope="module")
def limits(request: pytest.FixtureRequest) -> Any:
    """Run everything twice: with every value counted, and with limits so low that sketches take over."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "many values":
            for module in (counts, histogram):
                patch.setattr(module, "EXACT_VALUES", 12)
            patch.setattr(histogram, "BINS", 8)
            patch.setattr(value_sample, "SIZE", 6)
        yield


def batch(rows: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array([row[i] for row in rows], field.type) for i, field in enumerate(SCHEMA)], schema=SCHEMA
    )


def filled(rows: Sequence[tuple[Any, ...]]) -> TableState:
    state = TableState()
    state.declare(SCHEMA)
    state.update(batch(rows))
    return state


def shown(state: TableState) -> str:
    types = [type_name(field.type) for field in SCHEMA]
    return json.dumps(build_profile(state, types, name="t", scans=1, engine="arrow").to_dict())


def cuts(rows: Sequence[Any], chance: random.Random) -> list[list[Any]]:
    places = sorted(chance.sample(range(len(rows) + 1), min(3, len(rows))))
    return [list(rows[a:b]) for a, b in zip([0, *places], [*places, len(rows)], strict=True)]


@settings(max_examples=80, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_shuffled_and_split_rows_give_the_same_profile_byte_for_byte(rows: list[Any], chance: random.Random) -> None:
    expected = shown(filled(rows))
    mixed = rows.copy()
    chance.shuffle(mixed)
    merged = TableState()
    for piece in cuts(mixed, chance):
        merged.merge(filled(piece))
    assert shown(merged) == expected


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS, ROWS)
def test_merging_is_commutative_and_associative(a: list[Any], b: list[Any], c: list[Any]) -> None:
    left = filled(a)
    left.merge(filled(b))
    left.merge(filled(c))
    right = filled(c)
    right.merge(filled(b))
    outer = filled(a)
    outer.merge(right)
    assert shown(left) == shown(outer)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_parts_that_travel_as_bytes_merge_into_the_same_profile(rows: list[Any], chance: random.Random) -> None:
    parts = [part for piece in cuts(rows, chance) for part in filled(piece).parts()]
    chance.shuffle(parts)
    parts.sort(key=lambda part: part[0])
    assert shown(TableState.from_parts(merge_parts(parts))) == shown(filled(rows))


def test_an_empty_part_changes_nothing() -> None:
    rows = [(1, 2.0, "x", None, None, None, True, [1])]
    empty = TableState()
    parts = sorted([*empty.parts(), *filled(rows).parts()])
    assert shown(TableState.from_parts(merge_parts(parts))) == shown(filled(rows))


def test_states_of_other_columns_are_refused() -> None:
    other = TableState()
    other.update(pa.RecordBatch.from_pydict({"x": [1]}))
    mine = filled([(1, 2.0, "x", None, None, None, True, [1])])
    with pytest.raises(ValueError, match="same columns"):
        mine.merge(other)
    with pytest.raises(ValueError, match="no profile state"):
        TableState.from_parts([(0, b"nonsense bytes")])
    with pytest.raises(ValueError, match="missing"):
        TableState.from_parts(list(mine.parts())[:-1])


def test_a_thousandth_of_the_rows_is_found_wherever_it_stands() -> None:
    n = 200_000
    words = [f"w{i}" for i in range(n)]
    for i in range(n - 1000, n):  # only in the last rows: the candidates before them are all taken
        words[i] = "late"
    table = pa.table({"word": words, "number": list(range(n - 400)) + [-7] * 400})
    found = []
    for order in (1, -1):
        state = TableState()
        state.update_all(table.take(pa.array(range(n)[::order])).to_batches(max_chunksize=10_000))
        found.append(build_profile(state, ["string", "bigint"], name=None, scans=1, engine="arrow"))
    assert found[0] == found[1]
    word, number = found[0].columns
    assert [(t.value, abs(t.count - 1000) <= word.top_error) for t in word.top] == [("late", True)]
    assert [(t.value, abs(t.count - 400) <= number.top_error) for t in number.top] == [(-7, True)]
    assert frequent.CANDIDATES * frequent.SHARE > 1  # what the guarantee rests on
