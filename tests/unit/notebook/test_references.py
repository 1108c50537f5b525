"""A `%run` means the notebook that it means on Databricks."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.notebook import Cell, Magic, RunReference, parse_run, resolve_run
from dex_dbutils import NotebookError


def magic(arguments: str) -> Magic:
    (statement,) = Cell("c", 1, "code", f"%run {arguments}").statements
    assert statement.magic is not None
    return statement.magic


@pytest.mark.parametrize(
    ("line", "path", "arguments"),
    [
        ("./setup", "./setup", {}),
        ("../includes/setup", "../includes/setup", {}),
        ("/Repos/me@x.org/shop/setup", "/Repos/me@x.org/shop/setup", {}),
        ('"./my setup"', "./my setup", {}),
        ("'./my setup' $env='dev'", "./my setup", {"env": "dev"}),
        ("./my set up", "./my set up", {}),
        ("./my setup $env=dev", "./my setup", {"env": "dev"}),
        ('./setup $reset_all=false $name = "a b"', "./setup", {"reset_all": "false", "name": "a b"}),
        ('./setup $a="x $b=y" $c=\'say "hi"\'', "./setup", {"a": "x $b=y", "c": 'say "hi"'}),
        ('./setup $a="say \\"hi\\"" $b="C:\\new"', "./setup", {"a": 'say "hi"', "b": "C:\\new"}),
        ('./setup $a=""', "./setup", {"a": ""}),
        ("./setup # loads the names", "./setup", {}),
        ("./setup $a=1 # loads $b=2", "./setup", {"a": "1"}),
        ("./set#1/$nap", "./set#1/$nap", {}),
    ],
)
def test_path_and_arguments_are_told_apart(line: str, path: str, arguments: dict[str, str]) -> None:
    assert parse_run(magic(line)) == RunReference(path, arguments)


@pytest.mark.parametrize("line", ["", '"./setup', '""', '"./setup" all', "./setup $a=1 all", './setup $a="open'])
def test_what_cannot_be_read_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(NotebookError) as caught:
        parse_run(magic(line))
    assert caught.value.code == "DEX-DATABRICKS-01"
    assert caught.value.where is not None
    assert caught.value.where.line == 1


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for name in (
        "notebooks/main.py",
        "notebooks/setup.py",
        "notebooks/my setup.ipynb",
        "notebooks/deep/er.py",
        "notebooks/v1.2.py",
        "notebooks/both.py",
        "notebooks/both.ipynb",
        "top.py",
        "shared/names.sql",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# Databricks notebook source\n")
    (tmp_path / "elsewhere.py").write_text("# Databricks notebook source\n")
    return root


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("./setup", "notebooks/setup.py"),
        ("setup", "notebooks/setup.py"),
        ("./setup.py", "notebooks/setup.py"),
        ("./my setup", "notebooks/my setup.ipynb"),
        ("./deep/er", "notebooks/deep/er.py"),
        ("./v1.2", "notebooks/v1.2.py"),
        ("../top", "top.py"),
        ("../shared/names", "shared/names.sql"),
        ("./both", "notebooks/both.py"),
        ("/notebooks/setup", "notebooks/setup.py"),
        ("/Repos/me@x.org/shop/notebooks/setup", "notebooks/setup.py"),
        ("/Repos/me@x.org/shop/top", "top.py"),
        ("/Workspace/Repos/me@x.org/shop/top", "top.py"),
        ("/Workspace/Users/me@x.org/.bundle/shop/dev/files/notebooks/setup", "notebooks/setup.py"),
        ("/Users/me@x.org/shop/top", "top.py"),
        ("/Shared/shop/top", "top.py"),
    ],
)
def test_the_target_is_found(written: str, found: str, project: Path) -> None:
    target = resolve_run(RunReference(written), project / "notebooks/main.py", project)
    assert target.resolve() == (project / found).resolve()


def test_of_two_formats_the_notebooks_own_is_meant(project: Path) -> None:
    target = resolve_run(RunReference("./both"), project / "notebooks/my setup.ipynb", project)
    assert target.name == "both.ipynb"


@pytest.mark.parametrize("written", ["./none", "/notebooks/none", "/Repos/me/other/deep/none", "./deep", "/a/b/top"])
def test_a_target_that_is_not_there_is_refused(written: str, project: Path) -> None:
    with pytest.raises(NotebookError, match="no such notebook") as caught:
        resolve_run(RunReference(written), project / "notebooks/main.py", project)
    assert caught.value.code == "DEX-DATABRICKS-02"


def test_a_target_outside_of_the_project_is_refused(project: Path) -> None:
    with pytest.raises(NotebookError, match="leaves the project") as caught:
        resolve_run(RunReference("../../elsewhere"), project / "notebooks/main.py", project)
    assert caught.value.code == "DEX-DATABRICKS-03"
    without_project = resolve_run(RunReference("../../elsewhere"), project / "notebooks/main.py", None)
    assert without_project.resolve() == project.parent / "elsewhere.py"
