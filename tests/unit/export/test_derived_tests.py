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
    for source in ("df.write.saveAsTable('shop.silver.t')", "open('x', 'w').write('a')", "spark.sql('drop table t')"):
        report, tests = export(project, f"df = spark.range(1)\n{source}")
        assert "main writes to a fixed place" in tests
        assert report.tests == ["test_main_runs_to_its_end"]


def test_tables_that_main_reads_are_copied_first(project: Path) -> None:
    _, tests = export(
        project, "a = session.read('bronze', 'orders')\na.write.saveAsTable(session.table('silver', 'o'))"
    )
    assert '("bronze", "orders")' in tests
    assert 'after_main.read("silver", "o")' in tests
