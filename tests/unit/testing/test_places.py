"""A test of exported code that fails says, beside module and line, where in the notebook that was written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from dex.export import export_notebook
from dex_dbutils.config import find_project
from notebook_factory import code, edit_module, exported_project, project_folder, text, write_notebook

OWN = """\
from shop_etl.n import ratio, safe


def test_ratio():
    assert ratio(1, 0) == 1


def test_safe():
    assert safe(1, 0) == 1


def test_good():
    assert ratio(1, 1) == 1


def test_of_nothing_exported():
    assert 1 == 2
"""
CELLS = [
    text("# Shop", id="t"),
    code("def ratio(a, b):\n    return a/b", id="f"),
    code(
        "def safe(a, b):\n    try:\n        return ratio( a, b)\n    except ZeroDivisionError as e:\n"
        "        raise ValueError('no') from e",
        id="s",
    ),
    code("half = ratio(1, 2)\nassert half == 0.5", id="a"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = exported_project(tmp_path_factory.mktemp("places") / "shop", *CELLS)
    edit_module(folder, "from pyspark.sql import SparkSession", "SparkSession = object")  # a second of each run below
    (folder / "tests/test_own.py").write_text(OWN)
    return folder


def run(project: Path, *words: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=src", *words]
    env = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, env=env)
    assert done.returncode in (1, 2), done.stdout
    return done.stdout


@pytest.mark.parametrize("words", ["--tb=long --junitxml=out.xml", "--tb=short -n1", "--tb=native", "--tb=line"])
def test_the_place_stands_beside_the_line_of_the_module(project: Path, words: str) -> None:
    said = run(project, "tests/test_own.py", *words.split())
    deep, raised = "# notebooks/n.ipynb, cell 2, line 2", "# notebooks/n.ipynb, cell 3, line 5"
    lines = [line for line in said.splitlines() if "n.py" in line and line.endswith((deep, raised))]
    assert any(line.endswith(deep) for line in lines), said
    assert any(line.endswith(raised) for line in lines), said
    assert "3 failed, 1 passed" in said
    assert not [line for line in said.splitlines() if "test_of_nothing" in line and "#" in line]
    assert any("test_ratio" in line and line.endswith(deep) for line in said.splitlines()), said

    if "junit" in words:
        _junit_has_the_place_as_properties(project)


def _junit_has_the_place_as_properties(project: Path) -> None:
    found = {
        case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")}
        for case in ElementTree.parse(project / "out.xml").iter("testcase")
    }
    assert found["test_ratio"] == {"notebook": "notebooks/n.ipynb", "cell": "2", "line": "2"}
    assert found["test_safe"] == {"notebook": "notebooks/n.ipynb", "cell": "3", "line": "5"}
    assert found["test_good"] == found["test_of_nothing_exported"] == {}


def test_a_generated_test_that_fails_names_the_cell_of_its_assert(project: Path) -> None:
    edit_module(project, "return a / b", "return a * b")
    said = run(project, "tests/test_n.py", "-k", "test_a_1", "--tb=short")
    edit_module(project, "return a * b", "return a / b")
    assert "tests/test_n.py" in said
    assert any(line.endswith("# notebooks/n.ipynb, cell 4, line 2") for line in said.splitlines()), said


def test_a_module_that_cannot_be_imported_is_placed_too(tmp_path: Path) -> None:
    folder = project_folder(tmp_path / "shop")
    write_notebook(folder / "notebooks/n.ipynb", text("# T"), "LIMITS = (1, 2)", "def f():\n    return LIMITS")
    export_notebook(folder / "notebooks/n.ipynb", find_project(folder))
    edit_module(folder, "LIMITS = (1, 2)", "LIMITS = (1, 0 / 0)")
    (folder / "tests/test_own.py").write_text("from shop_etl.n import f\n\n\ndef test_f():\n    assert f()\n")
    assert "# notebooks/n.ipynb, cell 2, about line 1" in run(folder, "tests/test_own.py")
