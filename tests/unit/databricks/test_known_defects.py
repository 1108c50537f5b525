"""What goes wrong elsewhere with Databricks notebooks, and the test that shows that it does not here.

The numbers are those of the public issues of the vendor's editor extension and SDK, and of a second extension;
"init script" is what the first one puts into every IPython. Each row names a test; the first test below looks whether
it is there, the others are those that stand nowhere else.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dex.databricks import switch_off, switch_on
from dex_dbutils import NotebookError, UtilitiesError, load_environment
from dex_dbutils.utilities import get_dbutils
from IPython.core.interactiveshell import InteractiveShell
from notebook_factory import project_folder
from support import ROOT

HERE = "unit/databricks/test_known_defects.py"
MODE = "unit/databricks/test_mode.py"
READING = "unit/notebook/test_reading.py"
ENGINE = "engines/test_databricks_notebooks.py"
WIDGETS = "unit/utilities/test_widgets.py"
DEFECTS = [
    ("extension 472: cells of an .ipynb cannot be run one by one", f"{ENGINE}::test_an_ipynb_made_there_runs"),
    ("extension 578, 1165, 976: a source file is no notebook", f"{ENGINE}::test_a_source_notebook_runs_to_its_exit"),
    ("extension 1688: a start-up file breaks IPython elsewhere", f"{HERE}::test_nothing_is_put_into_ipythons_folders"),
    ("extension 1703, 1466: success is told where there is no Spark", f"{HERE}::test_without_a_session_sql_is_an_error"),
    ("extension 1604: a title or code above %sql, and it does not run", f"{MODE}::test_sql_reaches_the_engine_as_it_is_written"),
    ("extension 1191: cells with # MAGIC do not run", f"{MODE}::test_sql_reaches_the_engine_as_it_is_written"),
    ("extension 1569, 672: udf and other names are missing", f"{HERE}::test_the_names_of_the_runtime_are_there"),
    ("extension 1677: /Volumes means two things", "unit/guard/test_homing.py::test_the_engine_reads_a_path_of_the_platform_where_dbutils_has_put_it"),
    ("power tools 138, 93, 187: a relative %run is not found", "unit/notebook/test_references.py::test_the_target_is_found"),
    ("SDK 789: no widgets.getAll, and nobody says what is missing", f"{HERE}::test_of_all_utilities_each_is_there_or_says_that_it_is_not"),
    ("SDK 428: task values are forgotten", f"{WIDGETS}::test_a_later_task_of_the_run_gets_the_value"),
    ("SDK: an apostrophe in an argument breaks the call", f"{HERE}::test_quotes_in_arguments_stay"),
    ("SDK: notebook.run needs a cluster", f"{ENGINE}::test_a_pipeline_of_notebooks_runs_as_it_does_there"),
    ("connect: a notebook with spark and sc gets no session", "workspace/test_databricks_connect.py::test_names_of_databricks_in_a_notebook_are_in_no_sessions_way"),
    ("init script: %sql on one line runs nothing, _sqldf is stale", f"{MODE}::test_sql_reaches_the_engine_as_it_is_written"),
    ("init script: %python on one line vanishes", f"{MODE}::test_python_behind_its_magic_runs"),
    ("init script: a comment above %sql leaves it to IPython", f"{MODE}::test_sql_reaches_the_engine_as_it_is_written"),
    ("init script: backslashes of SQL lose a level", f"{MODE}::test_sql_reaches_the_engine_as_it_is_written"),
    ("init script: arguments of %run never become widgets", f"{MODE}::test_arguments_of_a_run_are_parameters_while_it_lasts"),
    ("init script: a blank in the path of %run cuts it", f"{MODE}::test_a_run_shares_its_names_and_ends_with_its_own_exit"),
    ("init script: a separator inside of a string cuts the cell", f"{READING}::test_a_source_file_is_cells_with_titles_and_languages"),
    ("init script: %scala and %r fail in the middle", "unit/databricks/test_checking.py::test_a_refusal_names_its_place_and_nothing_has_run"),
    ("a failing %pip goes on in silence", "notebooks/test_running.py::test_a_pip_that_fails_ends_the_run_and_says_why"),
    ("format: header, byte order mark, line ends", f"{READING}::test_newlines_and_byte_order_mark_of_a_source_file_stay"),
    ("format: nearly the header is not the header", f"{HERE}::test_only_the_header_makes_a_notebook_of_a_file"),
    ("format: titles, shown or not, first in the file or not", f"{HERE}::test_a_title_is_one_wherever_it_stands"),
    ("format: other languages", f"{READING}::test_other_languages_are_recognised"),
    ("format: conversions lose something", "unit/notebook/test_converting.py::test_any_source_file_comes_back_byte_for_byte"),
]  # fmt: skip


@pytest.mark.parametrize(("defect", "test"), DEFECTS)
def test_the_test_that_is_named_is_there(defect: str, test: str) -> None:
    file, name = test.split("::")
    tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    assert name in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)], defect


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = project_folder(tmp_path / "shop")
    monkeypatch.chdir(made)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DEX_PARAMETERS", raising=False)
    (tmp_path / "home").mkdir()
    return made


@pytest.fixture
def dbutils(folder: Path) -> Any:
    return get_dbutils(None, load_environment("local", start=folder))


@pytest.fixture
def shell(folder: Path) -> Iterator[InteractiveShell]:
    made = InteractiveShell()
    yield made
    switch_off(made)


def test_nothing_is_put_into_ipythons_folders(folder: Path, shell: InteractiveShell) -> None:
    before = sorted(folder.parent.rglob("*"))
    switch_on(shell)
    assert sorted(folder.parent.rglob("*")) == before
    other = InteractiveShell()
    assert "sql" not in other.magics_manager.magics["line"]
    assert "display" not in other.user_ns or other.user_ns["display"] is not shell.user_ns["display"]


@pytest.mark.parametrize("source", ["%sql select 1", "%sql\nselect 1", "sql('select 1')", "table('t')", "%fs ls /"])
def test_without_a_session_sql_is_an_error(source: str, shell: InteractiveShell) -> None:
    switch_on(shell)
    with pytest.raises(NotebookError, match="%dex_env") as caught:
        shell.run_cell(source).raise_error()
    assert caught.value.code == "DEX-DATABRICKS-05"
    assert "_sqldf" not in shell.user_ns


def test_the_names_of_the_runtime_are_there(shell: InteractiveShell) -> None:
    shell.user_ns.pop("display", None)
    names = switch_on(shell).names  # `spark` and `dbutils` come with the environment that is bound
    assert sorted(names) == ["display", "displayHTML", "getArgument", "sc", "sql", "sqlContext", "table", "udf"]
    shell.run_cell("from pyspark.sql.types import StringType\nup = udf(str.upper, StringType())").raise_error()
    assert shell.user_ns["up"].func("a") == "A"


#: Every utility that the platform documents, with the names of its arguments; None where this machine has none.
UTILITIES = {
    "fs.cp": "from_ to recurse",
    "fs.head": "file maxBytes",
    "fs.ls": "dir",
    "fs.mkdirs": "dir",
    "fs.mv": "from_ to recurse",
    "fs.put": "file contents overwrite",
    "fs.rm": "dir recurse",
    "secrets.get": "scope key",
    "secrets.getBytes": "scope key",
    "secrets.list": "scope",
    "secrets.listScopes": "",
    "widgets.text": "name defaultValue label",
    "widgets.dropdown": "name defaultValue choices label",
    "widgets.combobox": "name defaultValue choices label",
    "widgets.multiselect": "name defaultValue choices label",
    "widgets.get": "name",
    "widgets.getAll": "",
    "widgets.getArgument": "name defaultValue",
    "widgets.remove": "name",
    "widgets.removeAll": "",
    "jobs.taskValues.get": "taskKey key default debugValue",
    "jobs.taskValues.set": "key value",
    "notebook.run": "path timeout_seconds arguments",
    "notebook.exit": "value",
    "library.restartPython": "",
    "data.summarize": "df precise",
    **dict.fromkeys(f"fs.{name}" for name in ("mount", "updateMount", "unmount", "mounts", "refreshMounts")),
    **dict.fromkeys(f"fs.{name}" for name in ("cacheFiles", "cacheTable", "uncacheFiles", "uncacheTable")),
    **dict.fromkeys(("credentials", "preview", "library.installPyPI", "jobs.parameters")),
}


@pytest.mark.parametrize(("name", "arguments"), UTILITIES.items())
def test_of_all_utilities_each_is_there_or_says_that_it_is_not(name: str, arguments: str | None, dbutils: Any) -> None:
    *groups, last = name.split(".")
    group = dbutils
    for each in groups:
        group = getattr(group, each)
    if arguments is None:
        with pytest.raises(UtilitiesError, match="not there outside of Databricks") as caught:
            getattr(group, last)
        assert caught.value.code == "DEX-UTIL-01"
        return
    assert list(inspect.signature(getattr(group, last)).parameters) == arguments.split()


@pytest.mark.parametrize("text", ["o'hara", 'a "b"', "back\\slash \\n", "'''", "{x} ${y}", "line\nline", "ä €"])
def test_quotes_in_arguments_stay(text: str, dbutils: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dbutils.widgets.text("name", text)
    assert dbutils.widgets.get("name") == text
    dbutils.jobs.taskValues.set("name", text)
    assert dbutils.jobs.taskValues.get("task", "name") == text
    dbutils.fs.put("/Volumes/a/b/c/it's.txt", text)
    assert dbutils.fs.head("/Volumes/a/b/c/it's.txt") == text
    monkeypatch.setenv("DEX_SECRET_IT_S_KEY", text)
    assert dbutils.secrets.get("it's", "key") == text


@pytest.mark.parametrize(
    "first",
    ["# Databricks notebook source v2", "#  Databricks notebook source", "-- Databricks notebook source", "\n# Databricks notebook source", "# databricks notebook source"],
)  # fmt: skip
def test_only_the_header_makes_a_notebook_of_a_file(first: str) -> None:
    from dex.notebook import parse_notebook

    with pytest.raises(NotebookError) as caught:
        parse_notebook(Path("n.py"), f"{first}\nx = 1\n".encode())
    assert caught.value.code == "DEX-NOTEBOOK-04"


def test_a_title_is_one_wherever_it_stands() -> None:
    from dex.notebook import parse_notebook

    source = """\
# Databricks notebook source
# DBTITLE 1,At the top

# MAGIC %sql select 1

# COMMAND ----------

# DBTITLE 0,Not shown, with a comma
x = 1

# COMMAND ----------

y = 2
# DBTITLE 1,below code
"""
    cells = parse_notebook(Path("n.py"), source.encode()).cells
    assert [cell.title for cell in cells] == ["At the top", "Not shown, with a comma", ""]
    assert [cell.source.strip() for cell in cells] == ["%sql select 1", "x = 1", "y = 2\n# DBTITLE 1,below code"]
