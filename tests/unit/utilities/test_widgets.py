"""`dbutils.widgets`, and what else there is and is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dex_dbutils import UtilitiesError
from dex_dbutils.utilities import NotebookExit, get_dbutils


def fails(code: str, call: Any) -> str:
    with pytest.raises(UtilitiesError) as caught:
        call()
    assert caught.value.code == code
    assert caught.value.remedy
    return str(caught.value)


def test_a_widget_has_its_default(dbutils: Any) -> None:
    dbutils.widgets.text("day", "2013-01-01", "Day")
    dbutils.widgets.dropdown("size", "S", ["S", "M"])
    dbutils.widgets.combobox("name", "other", ["a", "b"])
    dbutils.widgets.multiselect("origins", "JFK,LGA", ["JFK", "LGA", "EWR"])
    assert dbutils.widgets.getAll() == {"day": "2013-01-01", "size": "S", "name": "other", "origins": "JFK,LGA"}


def test_the_environments_parameters_go_before_the_default(dbutils: Any) -> None:
    dbutils.widgets.text("year", "1999")
    dbutils.widgets.text("full", "false")
    dbutils.widgets.text("carriers", "[]")
    assert dbutils.widgets.getAll() == {"year": "2013", "full": "true", "carriers": '["AA", "UA"]'}


def test_the_parameters_of_the_run_go_before_everything(dbutils: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEX_PARAMETERS", json.dumps({"year": 2014, "extra": "x"}))
    dbutils.widgets.text("year", "1999")
    assert dbutils.widgets.get("year") == "2014"
    assert dbutils.widgets.get("extra") == "x"
    assert dbutils.widgets.getArgument("missing", "y") == "y"


def test_declaring_again_keeps_the_value_given(dbutils: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEX_PARAMETERS", '{"day": "2"}')
    dbutils.widgets.text("day", "1")
    dbutils.widgets.text("day", "3")
    assert dbutils.widgets.get("day") == "2"


@pytest.mark.parametrize("text", ["day=1", "[1]", "{", '"x"'])
def test_parameters_that_are_no_object_are_refused(dbutils: Any, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dbutils.widgets.text("day", "1")
    monkeypatch.setenv("DEX_PARAMETERS", text)
    fails("DEX-UTIL-08", lambda: dbutils.widgets.get("day"))


def test_a_value_must_be_one_of_the_choices(dbutils: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "S, M" in fails("DEX-UTIL-07", lambda: dbutils.widgets.dropdown("size", "XL", ["S", "M"]))
    fails("DEX-UTIL-07", lambda: dbutils.widgets.multiselect("o", "JFK,XXX", ["JFK"]))
    assert dbutils.widgets.getAll() == {}
    monkeypatch.setenv("DEX_PARAMETERS", '{"size": "XXL"}')
    assert "XXL" in fails("DEX-UTIL-07", lambda: dbutils.widgets.dropdown("size", "S", ["S", "M"]))
    assert dbutils.widgets.getAll() == {}


def test_a_widget_that_is_not_there_is_told_with_those_that_are(dbutils: Any) -> None:
    dbutils.widgets.text("day", "1")
    assert "day" in fails("DEX-UTIL-06", lambda: dbutils.widgets.get("dya"))
    dbutils.widgets.remove("day")
    fails("DEX-UTIL-06", lambda: dbutils.widgets.remove("day"))
    dbutils.widgets.text("a", "1")
    dbutils.widgets.removeAll()
    assert dbutils.widgets.getAll() == {}


def test_exit_ends_a_notebook_without_a_traceback(dbutils: Any) -> None:
    with pytest.raises(NotebookExit) as caught:
        dbutils.notebook.exit({"rows": 3})
    assert caught.value.value == "{'rows': 3}"
    assert caught.value._render_traceback_() == ["Notebook exited: {'rows': 3}"]
    assert not isinstance(caught.value, UtilitiesError)


def test_a_notebook_that_is_not_there_cannot_be_run(dbutils: Any, folder: Path) -> None:
    assert str(folder) in fails("DEX-UTIL-12", lambda: dbutils.notebook.run("slver", 60))


def test_a_notebook_of_the_workspace_is_found_in_the_project(dbutils: Any, folder: Path) -> None:
    (folder / "jobs").mkdir()
    (folder / "jobs/gold.sql").write_text("-- Databricks notebook source\n")
    (folder / "top.py").write_text("# Databricks notebook source\n")
    find = dbutils.notebook._find
    for path in ("jobs/gold", "./jobs/gold.sql", "/jobs/gold", "/Workspace/Repos/me@example.com/x/jobs/gold"):
        assert find(path).resolve() == folder / "jobs/gold.sql"
    assert find(f"/Users/me/{folder.name}/top").resolve() == folder / "top.py"
    fails("DEX-UTIL-12", lambda: find("/Users/me/other/top"))


def test_a_notebook_knows_its_path_and_user(dbutils: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", str(folder / "jobs/my gold.py"))
    context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()
    assert context.notebookPath().get() == "/jobs/my gold"
    user = context.userName().get()
    assert user
    told = json.loads(dbutils.notebook.getContext().toJson())
    assert (told["extraContext"]["notebook_path"], told["tags"]["user"]) == ("/jobs/my gold", user)
    assert "notebookPath" in fails("DEX-UTIL-01", lambda: context.apiToken())


def test_task_values_live_in_the_process_outside_of_a_job(dbutils: Any) -> None:
    values = dbutils.jobs.taskValues
    assert values.get("bronze", "rows", default=1, debugValue=7) == 7
    assert values.get("bronze", "rows", default=1) == 1
    values.set("rows", 42)
    assert values.get("bronze", "rows", debugValue=7) == 42
    fails("DEX-UTIL-10", lambda: values.get("bronze", "missing"))


def test_a_later_task_of_the_run_gets_the_value(make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEX_JOB_RUN", "run/1")
    monkeypatch.setenv("DEX_TASK_KEY", "bronze")
    make().jobs.taskValues.set(key="rows", value=42)
    make().jobs.taskValues.set("names", ["a", None, {"x": 1.5}])
    monkeypatch.setenv("DEX_TASK_KEY", "silver")
    later = make().jobs.taskValues
    assert later.get("bronze", "rows", debugValue=7) == 42
    assert later.get("bronze", "names") == ["a", None, {"x": 1.5}]
    assert later.get("gold", "rows", default="none") == "none"
    fails("DEX-UTIL-10", lambda: later.get("gold", "rows", debugValue=7))
    monkeypatch.setenv("DEX_JOB_RUN", "run/2")
    fails("DEX-UTIL-10", lambda: later.get("bronze", "rows"))


@pytest.mark.parametrize("value", [{1, 2}, object(), float("nan"), "x" * 50_000])
def test_a_value_that_cannot_be_handed_on_is_refused(dbutils: Any, value: Any) -> None:
    fails("DEX-UTIL-09", lambda: dbutils.jobs.taskValues.set("x", value))


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("fs.mount", "mkdirs"),
        ("library.installPyPI", "restartPython"),
        ("meta", "widgets"),
        ("widgets.texte", "dropdown"),
        ("jobs.values", "taskValues"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(dbutils: Any, path: str, there: str) -> None:
    *outer, name = path.split(".")
    group = getattr(dbutils, outer[0]) if outer else dbutils
    assert there in fails("DEX-UTIL-01", lambda: getattr(group, name))
    assert not hasattr(group, name)


def test_what_there_is_can_be_seen(dbutils: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "widgets" in repr(dbutils)
    dbutils.fs.help()
    assert "mkdirs" in capsys.readouterr().out


def test_inside_of_databricks_it_is_the_platforms_own(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    from dex_dbutils import load_environment

    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "16.4")
    fails("DEX-UTIL-11", lambda: get_dbutils(None, load_environment("local", start=folder)))


def test_summarize_shows_the_profile(dbutils: Any, capsys: pytest.CaptureFixture[str]) -> None:
    import pandas as pd

    dbutils.data.summarize(pd.DataFrame({"carrier": ["AA", "UA", None], "delay": [1, 2, 3]}))
    shown = capsys.readouterr().out
    assert "carrier" in shown
    assert "delay" in shown


def test_a_restart_of_python_says_that_there_is_none(dbutils: Any, capsys: pytest.CaptureFixture[str]) -> None:
    dbutils.library.restartPython()
    assert "Python is not restarted here" in capsys.readouterr().out
