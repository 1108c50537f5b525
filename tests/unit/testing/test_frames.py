"""`assert_frames_equal`: which rows count as the same, and what is shown where they are not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dex.testing.frames import rows_that_differ
from pyspark.sql import Row

NAN = float("nan")


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ([(1, "a"), (2, "b")], [(2, "b"), (1, "a")]),
        ([(NAN,), (None,)], [(None,), (float("nan"),)]),
        ([({"x": 1, "y": [2]},)], [({"y": [2], "x": 1},)]),
        ([(bytearray(b"ab"),)], [(bytearray(b"ab"),)]),
        ([Row(a=Row(b=[1]))], [Row(a=Row(b=[1]))]),
        ([], []),
    ],
    ids=["order", "nan and null", "maps", "bytes", "nested", "empty"],
)
def test_the_same_rows_are_the_same(actual: list[tuple[object]], expected: list[tuple[object]]) -> None:
    assert rows_that_differ(actual, expected) == []


def test_a_row_that_comes_once_too_often_is_shown_once() -> None:
    assert rows_that_differ([Row(a=1), Row(a=1)], [Row(a=1)]) == ["+ Row(a=1)"]


def test_missing_and_unexpected_rows_are_shown_and_the_rest_is_not() -> None:
    assert rows_that_differ([(1,), (3,)], [(1,), (2,)]) == ["- (2,)", "+ (3,)"]


def test_of_many_rows_that_differ_a_few_are_shown_and_the_rest_counted() -> None:
    lines = rows_that_differ([], [(number,) for number in range(1000)])
    assert len(lines) == 11
    assert lines[-1] == "- ... and 990 more rows"


def test_the_order_counts_where_it_is_asked_for() -> None:
    assert rows_that_differ([(1,), (2,)], [(2,), (1,)], ordered=True)[:2] == ["- row 1: (2,)", "+ row 1: (1,)"]


def test_a_test_of_ones_own_has_the_fixtures_and_its_conftest_wins(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import pytest\n\n@pytest.fixture\ndef spark():\n    return 'mine'\n")
    (tmp_path / "test_own.py").write_text(
        "import sys\n\n\ndef test_it(assert_frames_equal, spark):\n"
        "    assert callable(assert_frames_equal)\n    assert spark == 'mine'\n    assert 'pyspark' not in sys.modules\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_own.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout
