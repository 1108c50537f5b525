"""What cannot run here is refused before anything has run."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.notebook import run_notebook
from dex_dbutils import NotebookError
from notebook_factory import project_folder

HEADER = "# Databricks notebook source\nopen('ran', 'w')\n\n# COMMAND ----------\n\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project_folder(tmp_path / "shop") / "notebooks"


@pytest.mark.parametrize(
    ("cell", "code", "word"),
    [
        ("# MAGIC %scala\n# MAGIC val x = 1", "DEX-NOTEBOOK-10", "Scala"),
        ("# MAGIC %r x <- 1", "DEX-NOTEBOOK-10", "is R"),
        ("# MAGIC %run ./none", "DEX-DATABRICKS-02", "no such notebook"),
        ("# MAGIC %run ./main", "DEX-DATABRICKS-04", "main.py -> main.py"),
        ('# MAGIC %run "./x', "DEX-DATABRICKS-01", "quote"),
    ],
)
def test_a_refusal_names_its_place_and_nothing_has_run(cell: str, code: str, word: str, folder: Path) -> None:
    path = folder / "main.py"
    path.write_text(f"{HEADER}{cell}\n")
    with pytest.raises(NotebookError, match=word) as caught:
        run_notebook(path)
    assert caught.value.code == code
    assert caught.value.where is not None
    assert str(path.name) in str(caught.value.where)
    if code != "DEX-DATABRICKS-04":
        assert (caught.value.where.cell, caught.value.where.line) == (2, 1)
    assert not (folder / "ran").exists()


def test_what_a_target_cannot_do_is_told_as_well(folder: Path) -> None:
    (folder / "main.py").write_text(f"{HEADER}# MAGIC %run ./a\n")
    (folder / "a.py").write_text(f"{HEADER}# MAGIC %run ./b\n")
    (folder / "b.py").write_text(f"{HEADER}# MAGIC %scala\n# MAGIC val x = 1\n")
    with pytest.raises(NotebookError, match="Scala") as caught:
        run_notebook(folder / "main.py")
    assert caught.value.where is not None
    assert Path(caught.value.where.file or "").name == "b.py"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("n.scala", "// Databricks notebook source\nval x = 1\n", "DEX-NOTEBOOK-10"),
        ("n.r", "# Databricks notebook source\nx <- 1\n", "DEX-NOTEBOOK-10"),
        ("n.dbc", "PK", "DEX-NOTEBOOK-04"),
        ("n.html", "<html></html>", "DEX-NOTEBOOK-04"),
    ],
)
def test_a_notebook_that_no_kernel_here_runs_is_refused(name: str, content: str, code: str, folder: Path) -> None:
    (folder / name).write_text(content)
    with pytest.raises(NotebookError) as caught:
        run_notebook(folder / name)
    assert (caught.value.code, bool(caught.value.remedy)) == (code, True)
