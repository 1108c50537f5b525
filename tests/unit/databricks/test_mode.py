"""Databricks' magics in a shell: taken on request, never from another owner, and given back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dex.databricks import switch_off, switch_on
from dex_dbutils import NotebookError, load_environment
from dex_dbutils.utilities import NotebookExit, get_dbutils
from IPython.core.interactiveshell import InteractiveShell
from notebook_factory import project_folder

HEADER = "# Databricks notebook source\n"


class Engine:
    """Remembers the SQL that it is given."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def sql(self, query: str, args: object = None) -> Any:
        self.seen.append(query)
        return Answer(query)


class Answer:
    """The result of a statement that has no rows."""

    columns: tuple[str, ...] = ()

    def __init__(self, query: str) -> None:
        self.query = query


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = project_folder(tmp_path / "shop") / "notebooks"
    (made / "main.py").write_text(HEADER)
    monkeypatch.setenv("JPY_SESSION_NAME", str(made / "main.py"))
    monkeypatch.delenv("DEX_PARAMETERS", raising=False)
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def shell(folder: Path) -> Iterator[InteractiveShell]:
    made = InteractiveShell()
    made.user_ns["spark"] = Engine()
    yield made
    switch_off(made)


def run(shell: InteractiveShell, source: str) -> None:
    shell.run_cell(source).raise_error()


@pytest.mark.parametrize(
    ("source", "statements"),
    [
        ("%sql select 1", ["select 1"]),
        ("# a title\n-- a comment\n%sql\nselect 1", ["select 1"]),
        ("%sql\nselect '\\\\d', '\\n', 'it''s';\nselect 2", ["select '\\\\d', '\\n', 'it''s'", "select 2"]),
        ("%sql\n-- only a comment", []),
        ("%sql select {x} from t where a = '$y'", ["select {x} from t where a = '$y'"]),
        ("x = 1\n%sql\nselect 1", ["select 1"]),
        ("%sql select 1\n%sql select 2", ["select 1", "select 2"]),
        ("if True:\n    %sql select 1", ["select 1"]),
        ("s = '''\n# COMMAND ----------\n%sql select 1\n'''", []),
        ("%md\n```\n%sql select 1\n```", []),
        ("# MAGIC %sql\n# MAGIC select 1;\n# MAGIC\n# MAGIC select 2", ["select 1", "select 2"]),
        ("# DBTITLE 1,Sales\n# MAGIC %sql select 1", ["select 1"]),
        ("s = '''\n# MAGIC %sql select 1\n'''\nassert '# MAGIC' in s", []),
        ("%sql", []),
    ],
)
def test_sql_reaches_the_engine_as_it_is_written(source: str, statements: list[str], shell: InteractiveShell) -> None:
    switch_on(shell)
    run(shell, source)
    assert shell.user_ns["spark"].seen == statements
    if statements:
        assert shell.user_ns["_sqldf"].query == statements[-1]
    else:
        assert "_sqldf" not in shell.user_ns


def test_widgets_made_in_sql_are_widgets(folder: Path, shell: InteractiveShell) -> None:
    switch_on(shell)
    widgets = shell.user_ns["dbutils"] = get_dbutils(None, load_environment("local", start=folder))
    run(shell, "%sql\ncreate widget text least default '5';\nselect ${ least }, :least")
    run(shell, "%sql\ncreate widget combobox sizes default 'S'")
    assert shell.user_ns["spark"].seen == ["select 5, :least"]
    assert widgets.widgets.getAll() == {"least": "5", "sizes": "S"}
    run(shell, "%sql remove widget sizes")
    assert widgets.widgets.getAll() == {"least": "5"}
    with pytest.raises(NotebookError, match="`slider`") as caught:
        run(shell, "%sql create widget slider x default 1")
    assert caught.value.code == "DEX-DATABRICKS-09"


@pytest.mark.parametrize("source", ["%python x = 1", "%python\nx = 1", "# note\n%python\nx = 1"])
def test_python_behind_its_magic_runs(source: str, shell: InteractiveShell) -> None:
    switch_on(shell)
    run(shell, source)
    assert shell.user_ns["x"] == 1


def test_a_run_shares_its_names_and_ends_with_its_own_exit(folder: Path, shell: InteractiveShell) -> None:
    (folder / "deep").mkdir()
    (folder / "deep/my names.py").write_text(f"{HEADER}# MAGIC %run ../first\n\n# COMMAND ----------\n\nb = a + 1\n")
    (folder / "first.py").write_text(f"{HEADER}a = 1\nleave('done')\na = 2\n")
    switch_on(shell)

    def leave(value: str) -> None:
        raise NotebookExit(value)

    shell.user_ns["leave"] = leave
    run(shell, '%run "./deep/my names"')
    assert (shell.user_ns["a"], shell.user_ns["b"]) == (1, 2)


def test_arguments_of_a_run_are_parameters_while_it_lasts(folder: Path, shell: InteractiveShell) -> None:
    (folder / "child.py").write_text(f"{HEADER}import os\nseen = os.environ.get('DEX_PARAMETERS')\n")
    switch_on(shell)
    run(shell, '%run ./child $day="2013-01-01" $all=false')
    assert shell.user_ns["seen"] == '{"day": "2013-01-01", "all": "false"}'
    run(shell, "%run ./child")
    assert shell.user_ns["seen"] is None


def test_notebooks_that_run_each_other_are_told_with_the_chain(folder: Path, shell: InteractiveShell) -> None:
    (folder / "a.py").write_text(f"{HEADER}# MAGIC %run ./b\n")
    (folder / "b.py").write_text(f"{HEADER}# MAGIC %run ./a\n")
    switch_on(shell)
    with pytest.raises(NotebookError, match="a.py -> b.py -> a.py") as caught:
        run(shell, "%run ./a")
    assert caught.value.code == "DEX-DATABRICKS-04"


def test_a_plain_script_stays_with_ipythons_own_run(folder: Path, shell: InteractiveShell) -> None:
    (folder / "script.py").write_text("y = 7\n")
    switch_on(shell)
    run(shell, "%run script.py")
    assert shell.user_ns["y"] == 7


def test_a_session_that_a_notebook_builds_is_the_one_that_is_there(shell: InteractiveShell, capfd: Any) -> None:
    from pyspark.sql import SparkSession

    before = SparkSession.Builder.getOrCreate
    switch_on(shell)
    conf: dict[str, Any] = {}

    class Conf:
        def set(self, key: str, value: Any) -> None:
            if key == "spark.jars":
                raise RuntimeError("static")
            conf[key] = value

    shell.user_ns["spark"].conf = Conf()
    source = "from pyspark.sql import SparkSession\nsession = SparkSession.builder.master('local[*]').appName('x')"
    run(shell, f"{source}.config('spark.jars', 'x').config('spark.sql.ansi.enabled', True).getOrCreate()")
    assert shell.user_ns["session"] is shell.user_ns["spark"]
    assert conf == {"spark.sql.ansi.enabled": "true"}
    assert "spark.jars is not set: static" in capfd.readouterr().out
    shell.user_ns["dbutils"] = object()
    run(shell, "from pyspark.dbutils import DBUtils\nassert DBUtils(spark) is dbutils")
    switch_off(shell)
    assert SparkSession.Builder.getOrCreate is before
    with pytest.raises(ModuleNotFoundError):
        run(shell, "from pyspark.dbutils import DBUtils")


def test_shells_that_are_switched_off_in_any_order_leave_nothing_behind(folder: Path) -> None:
    from pyspark.sql import SparkSession

    before = SparkSession.Builder.getOrCreate
    one, two = InteractiveShell(), InteractiveShell()
    for each in (one, two):
        each.user_ns.update(spark=Engine(), dbutils=object())
        switch_on(each)
    switch_off(one)
    run(two, "from pyspark.dbutils import DBUtils\nassert DBUtils(spark) is dbutils")
    switch_off(two)
    assert SparkSession.Builder.getOrCreate is before
    assert "pyspark.dbutils" not in sys.modules


def test_a_pip_through_a_pipe_is_filtered(shell: InteractiveShell, capfd: Any) -> None:
    switch_on(shell)
    run(shell, "%pip --version | cut -c 1-4")
    assert capfd.readouterr().out == "pip \n"
    run(shell, "%pip --version | grep nothing-of-this")


def test_a_magic_of_somebody_else_stays_theirs(shell: InteractiveShell) -> None:
    seen: list[str] = []
    shell.register_magic_function(lambda line, cell=None: seen.append(line), "line", "sql")
    report = switch_on(shell)
    assert report.left == {"sql": __name__}
    run(shell, "%sql select 1")
    assert (seen, shell.user_ns["spark"].seen) == (["select 1"], [])


def test_off_gives_everything_back(shell: InteractiveShell) -> None:
    before = {kind: set(table) for kind, table in shell.magics_manager.magics.items()}
    names = set(shell.user_ns)
    report = switch_on(shell)
    assert {"display", "displayHTML", "sql", "table", "getArgument"} <= set(report.names)
    assert switch_off(shell)
    assert {kind: set(table) for kind, table in shell.magics_manager.magics.items()} == before
    assert not any(
        hasattr(f, "dex_databricks") for table in shell.magics_manager.magics.values() for f in table.values()
    )
    assert set(shell.user_ns) == names
    assert not switch_off(shell)


@pytest.mark.parametrize("source", ["%scala val x = 1", "%r\nx <- 1"])
def test_other_languages_are_refused(source: str, shell: InteractiveShell) -> None:
    switch_on(shell)
    with pytest.raises(NotebookError) as caught:
        run(shell, source)
    assert caught.value.code == "DEX-NOTEBOOK-10"


def test_a_shell_cell_prints_and_fails_only_where_asked(shell: InteractiveShell, capfd: Any) -> None:
    switch_on(shell)
    run(shell, "%sh\necho '{a} $HOME'; exit 3")
    assert "{a} $HOME\nexit code 3" in capfd.readouterr().out
    with pytest.raises(NotebookError, match="ended with 3"):
        run(shell, "%sh -e\nexit 3")


def test_a_pip_that_fails_says_why_where_only_the_error_is_seen(shell: InteractiveShell) -> None:
    switch_on(shell)
    with pytest.raises(NotebookError, match=r"ended with 1: Invalid requirement: .*no such") as caught:
        run(shell, "%pip install 'no such'")
    assert caught.value.code == "DEX-DATABRICKS-07"


@pytest.mark.parametrize("source", ["%sh", "%md", "%sql", "%python"])
def test_an_empty_cell_of_another_language_does_nothing(source: str, shell: InteractiveShell) -> None:
    switch_on(shell)
    run(shell, source)
    assert shell.user_ns["spark"].seen == []


def test_a_stream_shows_its_columns_and_says_how_to_see_rows(shell: InteractiveShell, capfd: Any) -> None:
    class Stream:
        isStreaming = True
        columns = ("a",)
        dtypes = (("a", "int"),)

        def limit(self, rows: int) -> Stream:
            raise AssertionError("a stream is not read")

    switch_on(shell)
    shell.user_ns["stream"] = Stream()
    run(shell, "display(stream)")
    assert "a: int\na stream, of which the columns are shown; write it to a table" in capfd.readouterr().out


def test_sql_context_is_spark_and_a_spark_context_says_what_to_use(shell: InteractiveShell) -> None:
    switch_on(shell)
    run(shell, "sqlContext.sql('select 1')")
    assert shell.user_ns["spark"].seen == ["select 1"]
    with pytest.raises(NotebookError, match=r"`sc\.parallelize` needs a SparkContext") as caught:
        run(shell, "sc.parallelize([1])")
    assert caught.value.code == "DEX-DATABRICKS-08"
    run(shell, "sc")
    assert not hasattr(shell.user_ns["sc"], "textFile")
