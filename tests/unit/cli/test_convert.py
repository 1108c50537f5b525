"""`dex convert` writes the other format, and replaces a file only where it is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dex.cli import main

SOURCE = b"# Databricks notebook source\r\n# MAGIC %sql select 1\r\n\r\n# COMMAND ----------\r\nx = 'caf\xe9'\r\n"


def test_there_and_back_gives_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "n.py"
    path.write_bytes(SOURCE)
    assert main(["convert", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "notebook": str(path),
        "out": str(tmp_path / "n.ipynb"),
        "notes": [],
    }
    assert main(["convert", str(tmp_path / "n.ipynb"), "--out", str(tmp_path / "again.py")]) == 0
    assert (tmp_path / "again.py").read_bytes() == SOURCE


def test_a_file_that_is_there_is_replaced_only_where_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "n.py"
    path.write_bytes(SOURCE)
    (tmp_path / "n.ipynb").write_text("mine")
    assert main(["convert", str(path)]) == 2
    assert (tmp_path / "n.ipynb").read_text() == "mine"
    assert main(["convert", str(path), "--out", str(tmp_path / "n.ipynb")]) == 0
    assert (tmp_path / "n.ipynb").read_text() != "mine"
