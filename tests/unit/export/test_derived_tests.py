"""An assert becomes a test with what it needs; where that would not say the same, the report says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.export import ExportReport, export_notebook
from dex_dbutils.config import find_project
from notebook_factory import code, project_folder, write_notebook


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_folder(tmp_path / "shop")


def export(project: Path, *cells: object) -> tuple[ExportReport, str]:
    path = write_notebook(project / "notebooks/n.ipynb", *cells)  # type: ignore[arg-type]
    return export_notebook(path, find_project(project)), (project / "tests/test_n.py").read_text("utf-8")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["rows = []\nrows.append(1)", "assert len(rows) == 1"], "`rows` is changed by"),
        (["d = {}\nd['a'] = 1\nassert d['a'] == 1"], "`d` is changed by"),
        (["x = fetch()", "assert x == 1"], "may change more"),
        (["assert fetch() == 1"], "may change more"),
        (["assert missing == 1"], "not known"),
        (["for i in (1, 2):\n    assert i"], "larger statement"),
        ([code("assert 1 == 2", error=True)], "saved output is an error"),
        (
            [
                "a = session.read('silver', 't')\nassert a.count() == 1",
                "a.limit(0).write.mode('append').saveAsTable(session.table('silver', 't'))",
            ],
            "silver.t is written again",
        ),
        (["def session():\n    return 1", "assert session() == 1"], "of its own"),
    ],
)
def test_an_assert_that_would_not_say_the_same_is_told(cells: list[object], reason: str, project: Path) -> None:
    report, _ = export(project, *cells)
    assert [line.text for line in report.not_derived if reason in line.text]
    assert report.tests == ["test_main_runs_to_its_end"]


def test_a_test_holds_only_what_its_assert_needs(project: Path) -> None:
    report, tests = export(
        project, code("a = 1\nb = 2\nunused = 3", id="set"), code("c = a + b\na = 5\nassert c == 3", id="check")
    )
    assert report.tests[1:] == ["test_check_1"]
    body = tests[tests.index("def test_check_1") :]
    assert '"""Cell 2 (check), line 3."""' in body
    assert "unused" not in body
    assert "a = 5" not in body


def test_a_main_that_writes_to_a_fixed_place_is_not_run_by_a_test(project: Path) -> None:
    for source in ("df.write.saveAsTable('shop.silver.t')", "open('x', 'w').write('a')", "spark.sql('optimize t')"):
        report, tests = export(project, f"df = spark.range(1)\n{source}")
        assert "main writes to a fixed place" in tests
        assert report.tests == ["test_main_runs_to_its_end"]


def test_tables_that_main_reads_are_copied_first(project: Path) -> None:
    _, tests = export(
        project, "a = session.read('bronze', 'orders')\na.write.saveAsTable(session.table('silver', 'o'))"
    )
    assert '("bronze", "orders")' in tests
    assert 'after_main.read("silver", "o")' in tests


@pytest.mark.parametrize(
    "cells",
    [
        ["a = 1", "assert type('2') == int"],
        [code("assert 1 == 2", error=True)],
        [code("1 / 0\nx = 1", error=True)],
        [code("assert len([]) == 0 and False", tags=["raises-exception"])],
    ],
)
def test_a_notebook_that_is_meant_to_fail_gives_no_red_test(cells: list[object], project: Path) -> None:
    _, tests = export(project, *cells)
    assert '@pytest.mark.skip(reason="main ends ' in tests
    assert "\n    assert type" not in tests


def test_an_assert_without_a_test_is_shown_as_skipped(project: Path) -> None:
    _, tests = export(project, code("rows = []\nrows.append(1)\nassert rows", id="fill"))
    body = tests[tests.index("def test_fill_without_a_test_1") - 120 :]
    assert "@pytest.mark.skip(" in body
    assert "Cell 1 (fill), line 3." in body


FUNCTION = "def doubled(n):\n    return 2 * n"


def recorded(project: Path, **changes: object) -> None:
    """Write a recording as a run would have left it."""
    from dex.export.module import digest
    from dex.export.recording.recorded import (
        Invariant,
        NotRecorded,
        RecordedFunction,
        RecordedRun,
        Recording,
        TableInvariants,
    )

    call = {"arguments": {"n": {"literal": "2"}}, "gives": {"literal": "4"}}
    function = RecordedFunction(function="doubled", cell="c1", digest=digest(FUNCTION), calls=[call])
    run = RecordedRun(
        seed=1,
        not_recorded=[
            NotRecorded(function="chance", digest=digest("def chance():\n    return 1"), reason="two runs differ")
        ],
        tables=[
            TableInvariants(
                layer="silver",
                table="t",
                rows=30,
                invariants=[
                    Invariant(kind="columns", columns=["id", "a b"]),
                    Invariant(kind="unique", columns=["id"]),
                    Invariant(kind="not_null", columns=["id", "a b"]),
                    Invariant(kind="values", columns=["a b"], values=['x"', "y"]),
                    Invariant(kind="not_negative", columns=["id"]),
                ],
            )
        ],
    ).model_copy(update=changes)
    for path, text in Recording(run=run, functions=[function]).files("n").items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text, "utf-8")


WRITES = "spark.range(3).write.saveAsTable(session.table('silver', 't'))"


def test_a_recorded_function_is_replayed(project: Path) -> None:
    recorded(project)
    report, tests = export(project, FUNCTION, "x = doubled(2)")
    assert "test_doubled_gives_what_was_recorded" in report.tests
    assert 'read_calls(RECORDED / "doubled.json")' in tests
    assert "Cell 1 (c1), on rows of a recorded run." in tests
    assert (project / "tests/conftest.py").is_file()


def test_a_recording_of_another_text_is_stale_and_says_so(project: Path) -> None:
    recorded(project)
    report, tests = export(project, FUNCTION.replace("2 *", "3 *"), "x = doubled(2)")
    assert [line for line in report.not_derived if "dex export --record" in line.text and line.cell == 1]
    assert "read_calls" not in tests
    assert "def test_doubled_gives_what_was_recorded() -> None:" in tests


def test_a_function_that_could_not_be_recorded_is_shown_as_skipped(project: Path) -> None:
    recorded(project)
    report, tests = export(project, FUNCTION, "def chance():\n    return 1", "x = doubled(2) + chance()")
    assert [line for line in report.not_derived if "`chance`: two runs differ" in line.text]
    assert '@pytest.mark.skip(reason="two runs differ")' in tests


def test_what_held_for_every_row_of_a_table_becomes_a_test(project: Path) -> None:
    recorded(project)
    report, tests = export(project, FUNCTION, WRITES)
    assert report.tests[-5:] == [
        "test_silver_t_has_its_columns",
        "test_silver_t_has_one_row_for_each_id",
        "test_silver_t_has_no_nulls",
        "test_silver_t_has_only_known_values_of_a_b",
        "test_silver_t_is_never_negative",
    ]
    compile(tests, "tests", "exec")
    report, _ = export(project, FUNCTION, WRITES.replace("'t'", "'other'"))
    assert not [name for name in report.tests if "silver_t" in name]


def test_a_run_that_ended_early_is_the_reason_why_main_is_not_run(project: Path) -> None:
    recorded(project, error="ValueError: too few", error_cell="c2")
    _, tests = export(project, FUNCTION, "y = doubled(2)\nraise ValueError('too few')")
    assert '"main ended in cell 2 when it was recorded: ValueError: too few"' in tests


def test_an_assert_that_did_not_hold_when_recorded_becomes_no_test(project: Path) -> None:
    from dex.export.module import digest
    from dex.export.recording.recorded import AssertOutcome

    outcome = AssertOutcome(cell="c2", line=1, digest=digest("assert doubled(2) == 5"), holds=False)
    recorded(project, asserts=[outcome])
    report, _ = export(project, FUNCTION, "assert doubled(2) == 5", "assert doubled(2) == 4")
    assert [line for line in report.not_derived if "did not hold when the notebook was recorded" in line.text]
    assert "test_c3_1" in report.tests
    assert "test_c2_1" not in report.tests


def test_a_query_with_values_of_the_notebook_writes_nothing(project: Path) -> None:
    query = "rows = spark.sql(f\"select * from values (1) as t(a) where a < {limit} and b = '{day}'\")"
    path = write_notebook(project / "notebooks/n.ipynb", "limit, day = 2, 'x'", query, "assert rows.count() == 1")
    export_notebook(path, find_project(project))
    assert "skip" not in (project / "tests/test_n.py").read_text("utf-8")
    path = write_notebook(path, "day = 'x'", "spark.sql(f\"delete from t where day = '{day}'\")")
    export_notebook(path, find_project(project))
    assert "main writes to a fixed place: spark.sql" in (project / "tests/test_n.py").read_text("utf-8")
