"""`dex test`: the tests of an exported notebook, with the cell that each failure and each skipped check comes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dex.cli import main
from dex.export import run_tests
from dex_dbutils import ExportError
from dex_dbutils.config import find_project
from notebook_factory import code, edit_module, exported_project, text, write_notebook

CELLS = [
    text("# Shop", id="t"),
    code("def ratio(a, b):\n    return a/b", id="f"),
    code("half = ratio(1, 2)\nassert half == 0.5\nassert ratio(4, 2) == 2", id="a"),
    code('who = getArgument("who")\nassert who == "me"', id="w"),  # no default: main is not run, and no engine
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return exported_project(tmp_path / "shop", *CELLS)


def test_each_outcome_has_the_place_that_it_comes_from(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit_module(project, "return a / b", "return a / b if a < 3 else undefined")
    assert main(["test", str(project / "notebooks/n.ipynb"), "--json"]) == 1
    cases = {case["name"]: case for case in json.loads(capsys.readouterr().out)["cases"]}
    found = {
        name: (case["outcome"], case["place"] and (case["place"]["cell"], case["place"]["line"]))
        for name, case in cases.items()
    }
    assert found["test_a_1"] == ("passed", (3, 2))
    assert found["test_a_2"] == ("failed", (2, 2))  # the function that raised, not the assert that called it
    assert found["test_main_runs_to_its_end"] == ("skipped", None)
    assert [place for outcome, place in found.values() if outcome == "skipped" and place] == [(4, 2)]
    assert cases["test_a_2"]["message"] == "NameError: name 'undefined' is not defined"
    assert cases["test_a_2"]["where"].startswith("src/shop_etl/n.py:")
    assert "who" in cases["test_main_runs_to_its_end"]["message"]


def test_the_text_counts_and_names_what_failed(project: Path) -> None:
    edit_module(project, "return a / b", "return 2.0")
    report = run_tests(project / "notebooks/n.ipynb", find_project(project))
    assert not report.ok
    head, *lines = report.to_text().split("\n")
    assert head.startswith("notebooks/n.ipynb: 1 passed, 1 failed, 2 skipped, in ")
    assert lines[0] == "  failed   notebooks/n.ipynb, cell 3, line 2: test_a_1: assert 2.0 == 0.5"
    assert lines[-1] == "The whole tracebacks: pytest tests/test_n.py"


def test_a_module_that_cannot_be_imported_is_one_failure_with_its_place(project: Path) -> None:
    edit_module(project, "def ratio(a, b):", "def ratio(a, b=missing):")
    (case,) = run_tests(project / "notebooks/n.ipynb", find_project(project)).cases
    assert (case.outcome, case.name) == ("failed", "tests/test_n.py")
    assert case.message == "NameError: name 'missing' is not defined"
    assert str(case.place) == "notebooks/n.ipynb, cell 2, about line 1"


def test_tests_that_do_not_end_and_notebooks_without_an_export_are_told(project: Path) -> None:
    edit_module(project, "return a / b", "while True:\n        pass")
    with pytest.raises(ExportError) as caught:
        run_tests(project / "notebooks/n.ipynb", find_project(project), seconds=2)
    assert (caught.value.code, caught.value.what) == ("DEX-EXPORT-24", "The tests did not end within 2 s.")
    write_notebook(project / "notebooks/new.ipynb", "print(1)")
    with pytest.raises(ExportError) as caught:
        run_tests(project / "notebooks/new.ipynb", find_project(project))
    assert caught.value.code == "DEX-EXPORT-22"
