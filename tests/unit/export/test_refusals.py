"""What cannot become a module is refused with cell and line, and nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dex.export import export_notebook
from dex_dbutils import DexError, ExportError, NotebookError
from dex_dbutils.config import find_project
from notebook_factory import code, project_folder, write_notebook


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_folder(tmp_path / "shop")


def files(project: Path) -> set[str]:
    return {str(p.relative_to(project)) for p in project.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("cells", "cell", "line", "word"),
    [
        (["x = 1", "y = 2\n%run ./other"], 2, 2, "no such notebook"),
        (["if True:\n    %run ./other"], 1, 2, "runs another notebook"),
        (["x = dbutils.widgets.text(name, 'a')"], 1, 1, "widget"),
        (["%sql select 'open"], 1, 1, "SQL"),
        (["%fs format everything"], 1, 1, "no command"),
        (["%scala\nval x = 1"], 1, 1, "Scala"),
        (["%no_such thing"], 1, 1, "magic"),
        (["exec('x = 1')"], 1, 1, "exec"),
        (["globals()['x'] = 1"], 1, 1, "globals"),
        (["a = max(1, 2)", "from pyspark.sql.functions import *\nfrom shop import *"], 2, 1, "max"),
        (["x = 1", "y = 2\nx > 1 and dbutils.notebook.exit('a')"], 2, 2, "inside an expression"),
        (["import dex\nx = dex.something(1)"], 1, 2, "dex"),
        (["from .helpers import f"], 1, 1, "relative"),
        (["# dex: transform 1x\nx = 1"], 1, 2, "name"),
        (["# dex: transform f\nx = spark.table('a')\nx.write.saveAsTable('b')"], 1, 3, "more than transform"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_its_place(
    cells: list[str], cell: int, line: int, word: str, project: Path
) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", *cells)
    before = files(project)
    with pytest.raises(ExportError, match=word) as caught:
        export_notebook(path, find_project(project))
    assert caught.value.code == "DEX-EXPORT-02"
    assert caught.value.where is not None
    assert (caught.value.where.cell, caught.value.where.line) == (cell, line)
    assert caught.value.remedy
    assert files(project) == before


def test_all_refusals_are_told_at_once(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "%scala\nval x = 1", "x = 1", "%run ./other")
    with pytest.raises(ExportError, match="And 1 more") as caught:
        export_notebook(path, find_project(project))
    assert "cell 3, line 1" in str(caught.value)


def test_a_cell_that_is_no_python_is_refused_with_its_place(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "x = 1", "y = 1\ndef f(:")
    with pytest.raises(NotebookError) as caught:
        export_notebook(path, find_project(project))
    assert caught.value.where is not None
    assert (caught.value.code, caught.value.where.cell, caught.value.where.line) == ("DEX-NOTEBOOK-05", 2, 2)


def test_bytes_that_are_not_utf8_are_refused_with_their_line(project: Path) -> None:
    path = project / "notebooks/n.py"
    path.write_bytes(b"# Databricks notebook source\nx = 1\ny = 'caf\xe9'\n")
    with pytest.raises(NotebookError) as caught:
        export_notebook(path, find_project(project))
    assert caught.value.where is not None
    assert (caught.value.code, caught.value.where.line) == ("DEX-NOTEBOOK-07", 2)


def test_outside_of_a_project_there_is_no_place_for_a_module(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", "x = 1")
    with pytest.raises(ExportError) as caught:
        export_notebook(path, find_project(tmp_path))
    assert caught.value.code == "DEX-EXPORT-01"


def test_two_notebooks_do_not_become_one_module(project: Path) -> None:
    export_notebook(write_notebook(project / "notebooks/my-load.ipynb", "x = 1"), find_project(project))
    other = write_notebook(project / "notebooks/my load.ipynb", "x = 2")
    with pytest.raises(ExportError, match="both") as caught:
        export_notebook(other, find_project(project))
    assert caught.value.code == "DEX-EXPORT-04"


@pytest.mark.parametrize(
    ("name", "module"), [("class.ipynb", "class_"), ("01 load [WIP].ipynb", "n01_load_wip"), ("Ünï.ipynb", "n")]
)
def test_any_name_of_a_notebook_gives_a_module(name: str, module: str, project: Path) -> None:
    report = export_notebook(write_notebook(project / "notebooks" / name, "x = 1"), find_project(project))
    assert report.module == f"shop_etl.{module}"


def test_a_full_disk_leaves_every_file_as_it_was(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "x = 1")
    export_notebook(path, find_project(project))
    kept = {
        name: (project / name).read_bytes() for name in files(project) if "runs" not in name and name[:5] != "noteb"
    }
    write_notebook(path, code("x = 2"))
    import os

    count = 0
    real = os.replace

    def replace(source: Any, target: Any) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(DexError) as caught:
        export_notebook(path, find_project(project))
    assert caught.value.code == "DEX-FILE-01"
    assert {name: (project / name).read_bytes() for name in kept} == kept
    assert not [name for name in files(project) if Path(name).name.startswith(".n") or ".tmp" in name]


def test_a_folder_that_cannot_be_written_is_an_error_and_nothing_is_there(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "x = 1")
    (project / "resources").write_text("a file where the folder should be")
    before = files(project)
    with pytest.raises(DexError) as caught:
        export_notebook(path, find_project(project))
    assert caught.value.code == "DEX-FILE-01"
    assert files(project) == before


def test_what_is_allowed_becomes_a_stub_that_names_its_cell(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "x = 1", "%scala\nval x = 1", "def f(:", "%run ./other")
    report = export_notebook(path, find_project(project), allow=["scala", "python", "run"])
    module = (project / "src/shop_etl/n.py").read_text("utf-8")
    assert "def scala_of_cell_2() -> None:" in module
    assert "    scala_of_cell_2()\n" in module
    assert 'raise NotImplementedError("cell 2, line 1: ' in module
    assert "python_of_cell_3()" in module
    assert "run_of_cell_4()" in module
    assert sum("raises" in line.text for line in report.notes) == 3


def test_a_word_of_allow_that_is_none_is_told(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", "x = 1")
    with pytest.raises(ExportError, match="fortran") as caught:
        export_notebook(path, find_project(project), allow=["fortran"])
    assert caught.value.code == "DEX-EXPORT-07"
