"""A survey says of every notebook below a folder what becomes of it, and writes nothing there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dex.cli import main
from dex.export import SurveyReport, survey
from dex.export.exporting import Exporter
from dex_dbutils import ExportError
from notebook_factory import write_notebook

HEADER = "# Databricks notebook source\n"


@pytest.fixture
def wild(tmp_path: Path) -> Path:
    """A folder of notebooks as other people leave them."""
    folder = tmp_path / "wild"
    write_notebook(folder / "a/load.ipynb", "x = 1\nprint(x)")
    write_notebook(folder / "b/load.ipynb", "y = 2\nprint(y)")
    write_notebook(folder / "exec.ipynb", "x = 1", "y = 2\nexec('x = 3')")
    write_notebook(folder / "broken.ipynb", "x = 1", "\ny = (")
    write_notebook(folder / ".ipynb_checkpoints/load-checkpoint.ipynb", "x = 1")
    (folder / "words.py").write_text(f"{HEADER}# MAGIC %md\n# MAGIC # Words only\n")
    (folder / "plain.py").write_text("x = 1\n")
    (folder / "table.sql").write_text("-- Databricks notebook source\nselect 1 as one\n")
    (folder / "merge.ipynb").write_text('{"cells": [],\n<<<<<<< HEAD\n')
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_notebook_is_in_one_list_and_nothing_is_written_beside_it(wild: Path, tmp_path: Path) -> None:
    before = everything(wild)
    said: list[str] = []
    report = survey(wild, tmp_path / "out", progress=said.append)
    assert everything(wild) == before
    assert report.notebooks == 7
    assert said[0] == "1 of 7: broken.ipynb"
    assert [entry.notebook for entry in report.exported] == ["table.sql", "a/load.ipynb", "b/load.ipynb"]
    assert [entry.notebook for entry in report.empty] == ["words.py"]
    places = {entry.notebook: (entry.cell, entry.line, entry.construct) for entry in report.refused}
    assert places == {
        "broken.ipynb": (2, 2, "no Python"),
        "exec.ipynb": (2, 2, "exec"),
        "merge.ipynb": (0, 2, "no JSON"),
    }
    assert all(entry.message and entry.remedy for entry in report.refused)
    assert report.crashed == []
    assert report.seconds > 0


def test_two_notebooks_of_one_name_become_two_modules(wild: Path, tmp_path: Path) -> None:
    report = survey(wild, tmp_path / "out")
    texts = {entry.notebook: Path(entry.module).read_text("utf-8") for entry in report.exported}
    assert "x = 1" in texts["a/load.ipynb"]
    assert "y = 2" in texts["b/load.ipynb"]
    for name, text in texts.items():
        compile(text, name, "exec")


def test_a_second_survey_writes_the_same_files(wild: Path, tmp_path: Path) -> None:
    survey(wild, tmp_path / "out")
    before = everything(tmp_path / "out")
    survey(wild, tmp_path / "out")
    assert everything(tmp_path / "out") == before


def test_the_json_is_the_report_and_the_text_counts(
    wild: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--survey", str(wild), "--out", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"notebooks", "seconds", "exported", "empty", "refused", "crashed"}
    assert set(document["exported"][0]) == {"notebook", "module"}
    assert set(document["refused"][0]) == {"notebook", "cell", "line", "construct", "message", "remedy"}
    assert SurveyReport.model_validate(document).notebooks == 7
    assert main(["export", "--survey", str(wild), "--out", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert "exported  3" in text
    assert "1  exec, as in exec.ipynb, cell 2, line 2" in text
    assert "crashed   0" in text


def test_a_defect_of_the_export_is_told_and_the_survey_goes_on(
    wild: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = Exporter.draft

    def defect(self: Exporter, path: Path):  # type: ignore[no-untyped-def]
        if path.name == "exec.ipynb":
            raise KeyError("lost")
        return draft(self, path)

    monkeypatch.setattr(Exporter, "draft", defect)
    assert main(["export", "--survey", str(wild), "--out", str(tmp_path / "out"), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["crashed"] == [{"notebook": "exec.ipynb", "error": "KeyError: 'lost'"}]
    assert len(document["exported"]) == 3


def test_an_interrupt_ends_a_survey_and_leaves_whole_files(
    wild: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = Exporter.draft

    def interrupted(self: Exporter, path: Path):  # type: ignore[no-untyped-def]
        if path.parent.name == "b":
            raise KeyboardInterrupt
        return draft(self, path)

    monkeypatch.setattr(Exporter, "draft", interrupted)
    assert main(["export", "--survey", str(wild), "--out", str(tmp_path / "out")]) == 130
    modules = [path for path in (tmp_path / "out/src/survey").glob("*.py") if path.name != "__init__.py"]
    assert {path.name for path in modules} == {"a_load.py", "table.py"}
    for path in modules:
        compile(path.read_text("utf-8"), path.name, "exec")


@pytest.mark.parametrize(
    ("folder", "out", "code"), [("no", "out", "DEX-EXPORT-30"), ("wild", "wild/o", "DEX-EXPORT-31")]
)
def test_a_survey_of_nothing_or_into_itself_is_refused(
    folder: str, out: str, code: str, wild: Path, tmp_path: Path
) -> None:
    before = everything(wild)
    with pytest.raises(ExportError) as caught:
        survey(tmp_path / folder, tmp_path / out)
    assert caught.value.code == code
    assert everything(wild) == before


@pytest.mark.parametrize(
    "words",
    [
        ["export"],
        ["export", "--survey", "d"],
        ["export", "n.ipynb", "--survey", "d", "--out", "o"],
        ["export", "n.ipynb", "--out", "o"],
    ],
)
def test_a_command_line_that_mixes_survey_and_notebook_is_wrong_use(words: list[str]) -> None:
    assert main(words) == 2
