"""Coverage of exported modules, shown on the cells of their notebooks: by pytest beside pytest-cov, and by `dex coverage`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dex.cli import main
from dex.export import export_notebook
from dex_dbutils.config import find_project
from notebook_factory import code, project_folder, text, write_notebook

FUNCTIONS = """\
def rate(a, b):
    if b == 0:
        return None
    return a/b

def never(values):
    total = 0
    for value in values: total += value
    return total"""
#: Formatted, its lines are others than the cell's.
LONG = "def label( name, *, upper = False ):\n    if upper: return name.upper( )\n    return name"
TESTS = """\
from shop_etl import n


def test_rate():
    assert n.rate(1, 2) == 0.5


def test_label():
    assert n.label("a") == "a"
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = project_folder(tmp_path_factory.mktemp("covered") / "shop")
    write_notebook(
        folder / "notebooks/n.ipynb",
        text("# Shop", id="t"),
        code(FUNCTIONS, id="f"),
        code(LONG, id="l"),
        "x = rate(1, 2)",
    )
    write_notebook(folder / "notebooks/other.ipynb", code("def unused():\n    return 1", id="u"))
    for name in ("n", "other"):
        export_notebook(folder / f"notebooks/{name}.ipynb", find_project(folder))
    module = folder / "src/shop_etl/n.py"
    shutil.rmtree(folder / "tests")
    (folder / "tests").mkdir()
    (folder / "tests/test_own.py").write_text(TESTS)
    assert "if upper:\n" in module.read_text()
    return folder


@pytest.fixture
def project(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = shutil.copytree(exported, tmp_path / "shop")
    monkeypatch.chdir(folder)
    return folder


def python(*words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": "src", "COVERAGE_FILE": ".coverage"}
    done = subprocess.run(
        [sys.executable, "-m", *words], env=environment, capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cells(report: str) -> dict[str, list[str]]:
    """Return what the table says of each cell of the notebook: statements, missed, lines."""
    rows = [line.split(maxsplit=4) for line in report.splitlines() if line.startswith("notebooks/n.ipynb")]
    return {row[1]: row[2:] for row in rows if row[1].isdigit()}


EXPECTED = {"2": ["9", "5", "3, 7-9"], "3": ["4", "1", "2"]}


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_pytest_shows_missed_lines_as_lines_of_the_cells(project: Path, more: tuple[str, ...]) -> None:
    report = python("pytest", "-q", "-p", "no:cacheprovider", "--cov=src", *more, "tests")
    assert "coverage of notebook cells" in report
    found = cells(report)
    assert {cell: found[cell] for cell in EXPECTED} == EXPECTED, report


def test_the_command_reads_what_coverage_has_left_and_counts_like_coverage(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python("coverage", "run", "--source=src", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    theirs = json.loads(python("coverage", "json", "-q", "-o", "-"))
    assert main(["coverage", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    ours = [(one["cell"], one["statements"], one["missed"], one["lines"]) for one in report["cells"]]
    assert ours[:2] == [(2, 9, 5, [3, 7, 8, 9]), (3, 4, 1, [2])]
    summaries = [file["summary"] for name, file in theirs["files"].items() if not name.endswith("__init__.py")]
    assert sum(one[1] for one in ours) == sum(one["num_statements"] for one in summaries)
    assert sum(one[2] for one in ours) == sum(one["missing_lines"] for one in summaries)


def test_an_edited_module_is_told_in_lines_of_the_cell_and_one_that_is_not_measured_is_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = project / "src/shop_etl/n.py"
    module.write_text(module.read_text().replace("def rate", "# a new line\n# and another\ndef rate", 1))
    found = cells(python("pytest", "-q", "-p", "no:cacheprovider", "--cov=shop_etl.n", "tests"))
    assert {cell: found[cell] for cell in EXPECTED} == EXPECTED
    assert main(["coverage"]) == 0
    assert "not measured: src/shop_etl/other.py" in capsys.readouterr().out


def test_what_is_missing_is_an_error_with_its_remedy(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COVERAGE_FILE", raising=False)
    assert main(["coverage"]) == 2
    assert "DEX-COVERAGE-01" in capsys.readouterr().err
    (project / "bad").write_bytes(b"no data")
    assert main(["coverage", "--data-file", "bad"]) == 2
    assert "DEX-COVERAGE-01" in capsys.readouterr().err
    shutil.rmtree(project / ".dex/map")
    assert main(["coverage"]) == 2
    assert "DEX-COVERAGE-02" in capsys.readouterr().err
