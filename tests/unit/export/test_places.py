"""From a line of an exported module back to the notebook: which cell, which line, and whether that is sure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dex.export import NotebookPlaces, export_notebook
from dex_dbutils.config import find_project
from notebook_factory import code, exported_project, project_folder, text, write_notebook

CELLS = [
    text("# Title", id="t"),
    code('dbutils.widgets.text("day", "1")\nday = dbutils.widgets.get("day")', id="w"),
    code("def f(x):\n    return x+1\n\ndef g(x, y):\n    a = x; b = {'a': 1,\n 'b': x/y}\n    return f( a)", id="f"),
    code("# note\nx=f(1)\ndisplay(x)\ny = g(2, 0)", id="m"),
    code("%%sql\nselect 1;\n-- the second\nselect 2", id="s"),
    code("if y:\n  print('hello %s' %\n    y)", id="z"),
]
#: What stands in the module, and the cell and line that it was written in.
WRITTEN = [
    ("day = params.day", 2, 2),
    ("return x + 1", 3, 2),
    ('b = {"a": 1, "b": x / y}', 3, 5),
    ("return f(a)", 3, 7),
    ("x = f(1)", 4, 2),
    ("y = g(2, 0)", 4, 4),
    ('spark.sql("select 1")', 5, 2),
    ('select 2""")', 5, 4),
    ('print("hello %s" % y)', 6, 2),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return exported_project(tmp_path / "shop", *CELLS)


def line_of(module: Path, said: str) -> int:
    lines = [line.strip() for line in module.read_text("utf-8").split("\n")]
    assert lines.count(said) == 1, said
    return lines.index(said) + 1


def found(project: Path, line: int, *said: str, file: str = "site-packages/shop_etl/n.py") -> str:
    return str(NotebookPlaces(find_project(project)).find(file, line, frozenset(said)))


@pytest.mark.parametrize(("said", "cell", "line"), WRITTEN, ids=[said for said, _, _ in WRITTEN])
def test_a_line_of_the_module_is_found_where_it_was_written(project: Path, said: str, cell: int, line: int) -> None:
    at = line_of(project / "src/shop_etl/n.py", said)
    assert found(project, at) == f"notebooks/n.ipynb, cell {cell}, line {line}"
    assert found(project, at, said) == f"notebooks/n.ipynb, cell {cell}, line {line}"


def test_what_the_export_makes_is_said_to_be_that(project: Path) -> None:
    at = line_of(project / "src/shop_etl/n.py", "main(get_spark(params.env), params)")
    assert found(project, at) == "notebooks/n.ipynb, a part that the export makes"


@pytest.mark.parametrize(
    "file",
    [
        "src/shop_etl/n.py",
        "/local_disk0/.ephemeral_nfs/envs/pythonEnv-1/lib/python3.12/site-packages/shop_etl/n.py",
        "C:\\Users\\A B\\site-packages\\shop_etl\\n.py",
    ],
)
def test_the_module_is_known_wherever_it_is_installed(project: Path, file: str) -> None:
    assert found(project, line_of(project / "src/shop_etl/n.py", "x = f(1)"), file=file).endswith("cell 4, line 2")


@pytest.mark.parametrize("file", ["n.py", "other/n.py", "my_shop_etl/n.py", "shop_etl/n.pyc", "shop_etl/m.py"])
def test_another_file_has_no_place(project: Path, file: str) -> None:
    assert found(project, 16, file=file) == "None"


def test_in_a_module_edited_since_only_the_text_of_the_line_makes_it_sure(project: Path) -> None:
    module = project / "src/shop_etl/n.py"
    exported = line_of(module, "x = f(1)")
    module.write_text(
        module.read_text("utf-8").replace("    return x + 1\n", "    # new\n    z = x\n    return z + 1\n")
    )
    edited = line_of(module, "x = f(1)")
    assert found(project, edited) == "notebooks/n.ipynb, cell 4, about line 2"
    for at in (edited, exported):
        assert found(project, at, "x = f(1)") == "notebooks/n.ipynb, cell 4, line 2"
    assert found(project, line_of(module, "return z + 1"), "return z + 1") == "notebooks/n.ipynb, cell 3, about line 2"
    assert found(project, 3, "y = g(2, 0)") == "notebooks/n.ipynb, cell 4, about line 4"
    module.write_text("no python (")
    assert found(project, exported) == "notebooks/n.ipynb, cell 4, line 2"


def test_in_a_notebook_edited_since_the_cell_is_found_where_it_is_now(project: Path) -> None:
    module, notebook = project / "src/shop_etl/n.py", project / "notebooks/n.ipynb"
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    cells[3]["source"] = ["import os\n", "x = f(99)\n", "y = g(2, 0)"]
    del cells[1], cells[4]
    write_notebook(notebook, text("new", id="n"), text("new", id="n2"), *cells)
    assert found(project, line_of(module, "y = g(2, 0)")) == "notebooks/n.ipynb, cell 5, line 3"
    assert found(project, line_of(module, "x = f(1)")) == "notebooks/n.ipynb, cell 5, about line 2"
    assert found(project, line_of(module, 'print("hello %s" % y)')) == "notebooks/n.ipynb, a cell that is gone"


def test_a_source_notebook_gives_the_line_of_its_file_too(tmp_path: Path) -> None:
    folder = project_folder(tmp_path / "shop")
    source = "# Databricks notebook source\nx = 1\n\n# COMMAND ----------\n\ny = 2\nz = x / (y - 2)\n"
    (folder / "notebooks/n.py").write_text(source)
    export_notebook(folder / "notebooks/n.py", find_project(folder))
    at = line_of(folder / "src/shop_etl/n.py", "z = x / (y - 2)")
    assert found(folder, at) == "notebooks/n.py, cell 2, line 2 (line 7 of the file)"


def test_a_line_of_a_generated_test_is_found_at_the_cell_that_it_names(tmp_path: Path) -> None:
    folder = project_folder(tmp_path / "shop")
    write_notebook(folder / "notebooks/n.ipynb", text("# T"), "def f(x):\n    return x", "a = 1\nassert f(a) == 1")
    export_notebook(folder / "notebooks/n.ipynb", find_project(folder))
    tests = folder / "tests/test_n.py"
    at = line_of(tests, "assert f(a) == 1")
    assert found(folder, at, file="tests/test_n.py") == "notebooks/n.ipynb, cell 3, line 2"
    assert found(folder, 1, file="tests/test_n.py") == "None"


@pytest.mark.parametrize("content", ["{", '{"version": 2}', '{"version": 2, "notebook": "n", "module": 1}', "[]"])
def test_a_map_that_cannot_be_used_is_passed_over(project: Path, content: str) -> None:
    at = line_of(project / "src/shop_etl/n.py", "x = f(1)")
    (project / ".dex/map/a.json").write_text(content)
    assert found(project, at) == "notebooks/n.ipynb, cell 4, line 2"
