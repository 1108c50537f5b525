"""What only a notebook has is carried over as what a job has, and does the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dex.export import export_notebook
from dex_dbutils.config import find_project
from notebook_factory import load_module, project_folder, write_notebook


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_folder(tmp_path / "shop")


def exported(project: Path, *cells: str) -> str:
    export_notebook(write_notebook(project / "notebooks/n.ipynb", *cells), find_project(project))
    return (project / "src/shop_etl/n.py").read_text("utf-8")


def run(project: Path, spark: Any = None, **given: Any) -> Any:
    module = load_module(project / "src/shop_etl/n.py")
    return module.main(spark, module.Params(**given))


def test_a_shell_line_still_runs_and_gives_its_lines(project: Path) -> None:
    exported(project, "name = 'b'", "found = !echo a; echo {name}", "dbutils.notebook.exit(found)")
    assert run(project) == ["a", "b"]


def test_a_file_that_a_cell_writes_is_written(project: Path, tmp_path: Path) -> None:
    exported(project, f"%%writefile {tmp_path}/made.txt\na \\ {{b}}\nc")
    run(project)
    assert (tmp_path / "made.txt").read_text() == "a \\ {b}\nc\n"


def test_a_cell_that_awaits_is_waited_for(project: Path) -> None:
    exported(project, "async def f():\n    return 3", "x = await f()", "dbutils.notebook.exit(x)")
    assert run(project) == 3


def test_widgets_in_sql_are_parameters(project: Path) -> None:
    class Spark:
        def __init__(self) -> None:
            self.asked: list[Any] = []

        def sql(self, query: str, **more: Any) -> None:
            self.asked.append((query, more))

    exported(project, "%sql\nuse ${db};\nselect '\"{x}\"', a:b from t where day = :day")
    spark = Spark()
    run(project, spark, db="shop", day="today")
    assert spark.asked == [
        ("use shop", {}),
        ("select '\"{x}\"', a:b from t where day = :day", {"args": {"day": "today"}}),
    ]


def test_a_display_that_is_passed_on_shows_nothing(project: Path) -> None:
    exported(project, "show = display", "dbutils.notebook.exit(show(1))")
    assert run(project) is None


def test_a_global_that_no_cell_sets_begins_as_none(project: Path) -> None:
    exported(project, "def f():\n    global n\n    n = 1", "f()", "dbutils.notebook.exit(n)")
    assert run(project) == 1


def test_a_star_below_a_builtin_is_imported_by_name(project: Path) -> None:
    module = exported(
        project, "a = max(1, 2)", "from math import *", "dbutils.notebook.exit((a, pow(2, 2), floor(2.5)))"
    )
    assert "from math import floor, pow" in module
    assert run(project) == (2, 4, 2)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("%fs rm -r /tmp/x", 'dbutils.fs.rm("/tmp/x", True)'),
        ("%env A=1", 'os.environ["A"] = "1"'),
        ("%sh -e\nmake it", '["bash", "-ec", "make it"], check=True'),
        ("%python x = f()", "x = f()"),
        ("ctx = SparkContext.getOrCreate()\nctx.f()", "ctx = spark.sparkContext"),
        ("print('x' in globals())", "'x' in locals()"),
    ],
)
def test_a_magic_or_context_becomes_plain_code(cell: str, code: str, project: Path) -> None:
    assert code in exported(project, cell).replace('"x" in', "'x' in")


def test_what_only_looks_like_a_frames_method_still_runs(project: Path) -> None:
    changing = ["rows.sort()", "table.drop(columns='a', inplace=True)", "worker.join()\nPath('a').replace('b')"]
    module = exported(project, "from pathlib import Path\nrows = [2, 1]", *changing, "rows.sort('a')")
    for line in "\n".join(changing).split("\n"):
        assert line.replace("'", '"') in module
    assert 'rows.sort("a")' not in module


def test_a_call_of_a_module_whose_name_begins_as_a_harmless_ones_still_runs(project: Path) -> None:
    module = exported(project, "import requests\nimport re", 'requests.post("https://hook")', 're.compile("a")')
    assert 'requests.post("https://hook")' in module
    assert "re.compile" not in module


def test_a_call_of_ones_own_function_stays_unless_it_can_only_show_something(project: Path) -> None:
    functions = """\
def notify(text):
    session.post(text)

def check(n):
    if n > 2:
        raise ValueError(n)

def outer(n):
    check(n)
    return n

def said():
    print(1)

def double(n):
    return 2 * n

def quad(n):
    return double(double(n))"""
    module = exported(
        project, functions, "notify('a')", "check(1)", "outer(2)", "said()", "display(outer(3))", "quad(4)"
    )
    main = module[module.index("def main") :]
    for call in ('notify("a")', "check(1)", "outer(2)", "said()", "outer(3)"):
        assert f"    {call}\n" in main
    assert "quad(4)" not in main


def test_an_exit_in_a_function_ends_main_with_its_value(project: Path) -> None:
    leave = "def leave(n):\n    if n > 2:\n        dbutils.notebook.exit('too many')\n    return n"
    module = exported(project, leave, "seen = [leave(1), leave(3)]", "raise ValueError('not reached')")
    assert 'raise NotebookExit("too many")' in module[: module.index("def _main")]
    assert run(project) == "too many"


def test_an_exit_in_a_function_that_is_awaited_ends_main_as_well(project: Path) -> None:
    exported(project, "async def leave():\n    dbutils.notebook.exit('left')", "await leave()\nraise ValueError")
    assert run(project) == "left"


def test_a_display_between_two_statements_leaves_no_line(project: Path) -> None:
    loop = "for n in (1, 2):\n    df = spark.range(n)\n    display(\n        df\n    )\n    display(df)  # look\n    print(n)"
    module = exported(project, loop)
    assert "        df = spark.range(n)\n        # look\n        print(n)\n" in module
