"""What a recording writes down: few rows, the same ones each time, and nobody's data."""

from __future__ import annotations

import ast
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dex.export.recording.in_workers import NOTED, noting, read_notes
from dex.export.recording.masking import Masks, is_personal, literals_of
from dex.export.recording.recorded import as_json
from dex.export.recording.sampling import choose, without_a_partner
from dex.export.truth import decided
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "column",
    "email E-Mail customer_email firstName last_name full_name userName customer_id userId patient_no phone mobile ssn "
    "dob passport_number client CustomerKey ip_address".split(),
)
def test_a_column_of_a_person_is_known_by_its_name(column: str) -> None:
    assert is_personal(column)


@pytest.mark.parametrize(
    "column", "id name amount airline_name file_name order_id year origin carrier tailnum user_count telemetry".split()
)
def test_other_columns_are_left_as_they_are(column: str) -> None:
    assert not is_personal(column)


def test_a_mask_keeps_type_length_shape_and_equality() -> None:
    masks = Masks(1)
    values = ["anna.b-7@mail.org", "Bob", "0612-345 678", 4711, -12, ["Bob", 4711], None, "", True]
    new = [masks.value(v) for v in values]
    assert new[0] != values[0]
    assert [len(v) for v in new[:3]] == [len(v) for v in values[:3]]  # type: ignore[arg-type]
    assert new[0].endswith(".org")
    assert new[0][4] == "."
    assert new[1][0].isupper()
    assert new[2][4] == "-"
    assert 1000 <= new[3] <= 9999
    assert -99 <= new[4] <= -10
    assert new[5] == [new[1], new[3]]
    assert new[6:] == [None, "", True]


@given(st.lists(st.one_of(st.emails(), st.text(min_size=4, max_size=12), st.integers(10_000, 10**9)), max_size=40))
def test_different_values_stay_different_and_equal_ones_equal(values: list[str | int]) -> None:
    masks = Masks(7)
    new = [masks.value(v) for v in values]
    again = Masks(7)
    assert new == [again.value(v) for v in values]
    if all(str(v).isascii() and str(v).isalnum() for v in values):
        assert len(set(new)) == len(set(values))
    assert [masks.value(v) for v in values] == new


def test_a_replacement_cannot_be_computed_from_the_value_alone() -> None:
    assert Masks(1).value("Anna") == Masks(1).value("Bert")  # drawn from the number of the value in the recording


def test_a_value_that_the_code_spells_out_is_not_replaced() -> None:
    masks = Masks(1, literals_of("def f(df):\n    return df.where(df.user != 'nobody')"))
    assert masks.value("nobody") == "nobody"
    assert masks.value("somebody") != "somebody"


def test_beside_an_address_name_and_id_are_a_persons() -> None:
    masks = Masks(1)
    assert masks.personal_columns(["id", "name", "city"], [[1, "Aa", "Ede"]]) == set()
    assert masks.personal_columns(["id", "name", "contact"], [[1, "Aa", "a.b@c.de"]]) == {"id", "name", "contact"}
    assert masks.personal_columns(["id", "customer_id", "email"], []) == {"customer_id", "email"}


ROWS = [[n, f"k{n % 60}", None if n == 77 else n % 13] for n in range(400)]


def test_a_choice_does_not_depend_on_the_order_of_the_rows() -> None:
    shuffled = ROWS.copy()
    random.Random(3).shuffle(shuffled)
    first = choose(["id", "k", "v"], ROWS, seed=1)
    assert first == choose(["id", "k", "v"], shuffled, seed=1)
    assert len(first) == 50
    assert first != choose(["id", "k", "v"], ROWS, seed=2)


def test_a_choice_holds_the_edges() -> None:
    chosen = choose(["id", "k", "v"], [*ROWS, ROWS[5]], seed=1, literals=frozenset({201, "k7"}))
    assert [201, "k21", 6] in chosen
    assert any(row[1] == "k7" for row in chosen)
    assert any(row[2] is None for row in chosen)
    assert {row[0] for row in chosen} >= {0, 399}
    assert chosen.count(ROWS[5]) == 2


def test_a_choice_meets_the_other_frames() -> None:
    chosen = choose(["k", "name"], [[f"k{n}", n] for n in range(400)], seed=1, near={"k": {"k300", "k301"}})
    assert {"k300", "k301"} <= {row[0] for row in chosen}


def test_a_recording_reads_well_one_row_a_line() -> None:
    text = as_json(
        {"columns": {"id": "long", "tags": {"type": "array", "elementType": "string"}}, "rows": [[1, ["a"]]]}
    )
    assert json.loads(text)["rows"] == [[1, ["a"]]]
    assert '\n  [1, ["a"]]\n' in text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=20,
    )
)
def test_it_is_json_whatever_is_in_it(value: object) -> None:
    assert json.loads(as_json(value)) == value


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("type('2') == int", False),
        ("1 + 1 == 2", True),
        ("len([1, 2]) > 3", False),
        ("not []", True),
        ("x == 1", None),
        ("2 ** 9 == 1", None),
        ("df.count() == 1", None),
        ("1 / 0", None),
        ("[i for i in (1,)]", None),
        ("open('x')", None),
    ],
)
def test_an_assert_of_literals_alone_is_decided(source: str, expected: bool | None) -> None:
    assert decided(ast.parse(source, mode="eval").body) is expected


def test_a_rebound_builtin_decides_nothing() -> None:
    assert decided(ast.parse("sum([1]) == 2", mode="eval").body, {"sum"}) is None


def test_only_what_the_next_load_keeps_is_an_invariant() -> None:
    import pandas as pd
    from dex.export.recording.invariants import invariants_of
    from dex_dbutils.profile import profile

    rows = 100
    frame = pd.DataFrame(
        {
            "id": range(rows),
            "state": ["open", "closed"] * (rows // 2),
            "year": ["2013"] * rows,
            "user_name": ["Ann", "Bob"] * (rows // 2),
            "total": [n * 7 - 3 for n in range(rows)],
            "note": [None, "x"] * (rows // 2),
        }
    )
    found = {i.kind: i for i in invariants_of(profile(frame), personal=is_personal)}
    assert found["columns"].columns == list(frame.columns)
    assert found["unique"].columns == ["id"]
    assert found["not_null"].columns == ["id", "state", "year", "user_name", "total"]
    assert found["values"].columns == ["state"]
    assert found["values"].values == ["closed", "open"]
    assert found["not_negative"].columns == ["id"]
    assert [i.kind for i in invariants_of(profile(frame[:5]))] == ["columns"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return spark.table('a.b').count()", "it reads tables or files"),
        ("df.write.saveAsTable('t')", "it may change something outside"),
        ("return helper(df)", "it reads tables or files through `helper`"),
        ("yield df", "a generator"),
        ("return df.where(F.col('day') < F.current_date())", "it asks for the time"),
        ("return df.selectExpr('now() as at')", "it asks for the time"),
        ("return datetime.now().year", "it asks for the time"),
        ("return Store().load()", "it reads tables or files through `Store`"),
        ("return df.where('now < 3')", ""),
        ("return df.count()", ""),
    ],
)
def test_a_function_that_a_replay_cannot_judge_says_why(body: str, reason: str) -> None:
    from dex.export.recording.plan import _reaching, _reason

    helper = "def helper(df):\n    return spark.read.csv('x')"
    store = "class Store:\n    def load(self):\n        return spark.table('x')"
    tree = ast.parse(f"{helper}\n\n{store}\n\ndef f(df):\n    {body}")
    defined = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    function = defined["f"]
    assert isinstance(function, ast.FunctionDef)
    told = _reason(function, "f", _reaching(defined), defined)
    assert (reason in told) if reason else told == ""


def test_what_workers_are_given_is_noted_alike_however_the_rows_are_spread(tmp_path: Path) -> None:
    rows = [(n % 700, f"line\n{n % 300}") for n in range(2_000)]

    def spread(name: str, parts: int, order: Callable[[list[Any]], list[Any]]) -> list[Any]:
        for part in range(parts):
            worker = noting(lambda number, text="": f"{number}{text}", str(tmp_path / name))
            for number, text in order(rows[part::parts]):
                assert worker(number, text=text) == f"{number}{text}"
        return read_notes(tmp_path / name)[0]

    first = spread("one", 1, list)
    assert len(first) == NOTED
    assert first == spread("three", 3, lambda part: part[::-1])
    assert first[0][1].keys() == {"text"}


def test_what_has_no_literal_is_named_by_its_type(tmp_path: Path) -> None:
    worker = noting(lambda value: value, str(tmp_path / "odd"))
    worker({"a": 1})
    worker(float("nan"))
    assert read_notes(tmp_path / "odd") == ([], "dict")
    assert read_notes(tmp_path / "never called") == ([], "")


def test_a_whole_frame_loses_one_row_that_a_join_would_have_met() -> None:
    rows = [("AA", 1), ("B6", 2), ("UA", 3), ("ZZ", 4)]
    kept = without_a_partner(["carrier", "n"], rows, {"carrier": {"AA", "B6", "UA"}})
    assert kept == [("AA", 1), ("UA", 3), ("ZZ", 4)]
    assert without_a_partner(["carrier", "n"], rows[:2], {"carrier": {"AA", "B6"}}) == rows[:2]
    assert without_a_partner(["carrier", "n"], rows, {"other": {"AA"}}) == rows
