"""What becomes of a notebook's code: functions verbatim, the rest in main in notebook order, nothing with another sense."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from dex.export import ExportReport, export_notebook, sync_notebook
from dex_dbutils.config import find_project
from notebook_factory import code, edit_module, load_module, project_folder, text, write_notebook


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_folder(tmp_path / "shop")


class Exported:
    """An export in a project of its own."""

    def __init__(self, project: Path, *cells: Any, name: str = "n.ipynb") -> None:
        self.project = project
        self.path = write_notebook(project / "notebooks" / name, *cells)
        self.report: ExportReport = export_notebook(self.path, find_project(project))
        self.module = (project / "src/shop_etl" / f"{self.path.stem}.py").read_text("utf-8")
        self.tests = (project / "tests" / f"test_{self.path.stem}.py").read_text("utf-8")
        self.tree = ast.parse(self.module)

    def main(self) -> str:
        """The body of main without its docstring and markers."""
        function = next(n for n in self.tree.body if isinstance(n, ast.FunctionDef) and n.name == "main")
        lines = self.module.split("\n")[function.body[1].lineno - 1 : function.end_lineno] if function.body[1:] else []
        return "\n".join(line[4:] for line in lines if not line.strip().startswith("# %% [dex"))

    def top(self) -> list[str]:
        return [n.name for n in self.tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]

    def dropped(self) -> list[str]:
        return [line.text for line in self.report.dropped]

    def notes(self) -> str:
        return "\n".join(line.text for line in self.report.notes)

    def run(self, spark: Any = None, **given: Any) -> Any:
        """Run main with values instead of a Spark session."""
        module = load_module(self.project / "src/shop_etl" / f"{self.path.stem}.py")
        return module.main(spark, module.Params(**given))


def test_functions_move_verbatim_and_the_rest_stays_in_order(project: Path) -> None:
    function = 'def double(x: int) -> int:\n    """Twice."""\n    # why\n    return x * 2  # two'
    done = Exported(project, f"a = 1\n\n\n{function}", "b = double(a)\ndbutils.notebook.exit(b)")
    assert function in done.module
    assert done.top()[:1] == ["double"]
    assert done.run() == 2


def test_the_module_imports_no_dex(project: Path) -> None:
    done = Exported(
        project, "%load_ext dex", "import dex\ndex.profile(spark.range(3))", "print(session.environment.name)"
    )
    imported = {
        n.module or "" if isinstance(n, ast.ImportFrom) else n.names[0].name
        for n in ast.walk(done.tree)
        if isinstance(n, ast.Import | ast.ImportFrom)
    }
    assert {name.partition(".")[0] for name in imported} == {"argparse", "dataclasses", "dex_dbutils", "pyspark"}


def test_what_only_shows_is_left_out_with_a_line_in_the_report(project: Path) -> None:
    done = Exported(
        project,
        "%load_ext dex\n%dex_env local",
        "df = spark.range(3)\ndisplay(df)\ndf.show()\ndf.limit(3)",
        "%dex_profile df",
        "%%agent silver @df\nNA means null.",
        "df.toPandas()",
        "%dex_export",
    )
    assert done.main().strip() == "df = spark.range(3)"
    assert len(done.report.dropped) == 9
    assert [(line.cell, line.line) for line in done.report.dropped][:3] == [(1, 1), (1, 2), (2, 2)]


def test_what_acts_is_kept_although_it_stands_alone(project: Path) -> None:
    done = Exported(
        project,
        "spark.sql('drop table x')\ndf = spark.range(1)\ndf.write.saveAsTable('x')\nprint(df.count())\nrun_it(df)",
    )
    assert [line.partition("(")[0] for line in done.main().strip().split("\n")] == [
        "spark.sql",
        "df = spark.range",
        "df.write.saveAsTable",
        "print",
        "run_it",
    ]


def test_a_display_of_something_that_acts_keeps_the_act(project: Path) -> None:
    assert 'load("x")' in Exported(project, "display(load('x'))").main()


def test_a_function_that_reads_the_notebook_stays_inside_main(project: Path) -> None:
    done = Exported(
        project,
        "threshold = 3\ndef above(xs):\n    return [x for x in xs if x > threshold]",
        "threshold = 4\ndbutils.notebook.exit(above([3, 4, 5]))",
    )
    assert "above" not in done.top()
    assert done.run() == [5]
    assert "`above` stays inside main: it reads `threshold`" in done.notes()


def test_a_name_bound_twice_keeps_both_meanings(project: Path) -> None:
    done = Exported(
        project, "def f():\n    return 1", "a = f()", "def f():\n    return 2", "dbutils.notebook.exit((a, f()))"
    )
    assert done.run() == (1, 2)


def test_an_import_that_covers_a_builtin_does_not_move_above_its_use(project: Path) -> None:
    done = Exported(project, "a = max(1, 2)", "from operator import gt as max", "dbutils.notebook.exit((a, max(1, 2)))")
    assert done.run() == (2, False)


def test_one_name_from_two_imports_keeps_their_order(project: Path) -> None:
    done = Exported(
        project,
        "from datetime import datetime\na = datetime(2013, 1, 1).year",
        "import datetime\nb = datetime.date(2014, 1, 1).year",
        "dbutils.notebook.exit((a, b))",
    )
    assert done.run() == (2013, 2014)


def test_a_name_of_a_builtin_that_is_bound_later_still_means_the_builtin_above(project: Path) -> None:
    done = Exported(project, "a = sum([1, 2])\nsum = 5\ndbutils.notebook.exit((a, sum))")
    assert done.run() == (3, 5)


def test_a_global_in_a_function_sets_mains_variable(project: Path) -> None:
    done = Exported(project, "n = 0\ndef bump():\n    global n\n    n += 1", "bump()\nbump()\ndbutils.notebook.exit(n)")
    assert done.run() == 2


def test_constants_go_to_the_top_unless_somebody_changes_them(project: Path) -> None:
    done = Exported(
        project,
        "NAMES = ('a', 'b')\nSEEN = []\nlimit = 3",
        "for name in NAMES:\n    SEEN.append(name)",
        "dbutils.notebook.exit(SEEN)",
    )
    assert [n.targets[0].id for n in done.tree.body if isinstance(n, ast.Assign)] == ["NAMES"]  # type: ignore[attr-defined]
    assert done.run() == ["a", "b"]
    assert done.run() == ["a", "b"]


def test_text_of_several_lines_keeps_every_blank(project: Path) -> None:
    source = 'sql = """\nselect 1\n  from x\n"""\ndbutils.notebook.exit(sql)'
    assert Exported(project, source).run() == "\nselect 1\n  from x\n"


def test_an_exit_inside_a_branch_returns_there(project: Path) -> None:
    done = Exported(project, "if True:\n    dbutils.notebook.exit('early')", "dbutils.notebook.exit('late')")
    assert done.run() == "early"


def test_its_own_session_and_its_end_are_left_out(project: Path) -> None:
    done = Exported(
        project,
        "from pyspark.sql import SparkSession\nspark = SparkSession.builder.master('local').getOrCreate()",
        "dbutils.notebook.exit(spark)",
        "spark.stop()",
    )
    assert done.run(spark="given") == "given"


def test_code_that_asks_whether_it_is_the_main_program_still_runs(project: Path) -> None:
    done = Exported(project, "x = 1\nif __name__ == '__main__':\n    x = 2", "dbutils.notebook.exit(x)")
    assert done.run() == 2


@pytest.mark.parametrize("name", ["main", "params", "Params", "run", "argparse", "builtins", "session", "get_spark"])
def test_a_name_that_the_module_needs_itself_is_no_trouble(name: str, project: Path) -> None:
    done = Exported(
        project,
        code("n = 3", tags=["parameters"]),
        f"def {name}(x):\n    return x + 1",
        f"dbutils.notebook.exit({name}(n))",
    )
    assert done.run() == 4


def test_unused_imports_go_only_where_that_is_safe(project: Path) -> None:
    done = Exported(project, "import json\nimport os, sys\nimport plugin_that_registers", "print(os.getcwd())")
    assert "import json" not in done.module
    assert "import os\n" in done.module
    assert "import plugin_that_registers  # noqa: F401" in done.module


def test_headings_and_comments_stay(project: Path) -> None:
    done = Exported(
        project, text("# Orders\n\nWhat was bought."), text("## Clean\nwords"), "# why it is so\nx = 1", "# the end"
    )
    assert done.module.startswith('"""Orders.\n\nWhat was bought.\n')
    assert "    # Clean\n" in done.module
    assert "    # why it is so\n    x = 1\n" in done.module
    assert "    # the end\n" in done.module


def test_every_block_names_its_cell(project: Path) -> None:
    done = Exported(project, code("def f():\n    return 1", id="make"), code("x = f()", id="use"))
    markers = [line.strip() for line in done.module.split("\n") if line.strip().startswith("# %% [dex")]
    assert [marker.split()[3] for marker in markers] == ["make#1", "use#1"]


def test_sql_cells_become_calls_one_a_statement(project: Path) -> None:
    done = Exported(project, "%%sql\n-- note\nselect 'a;b' as x;\nselect '\\d'")

    class Spark:
        def __init__(self) -> None:
            self.asked: list[str] = []

        def sql(self, query: str) -> None:
            self.asked.append(query)

    spark = Spark()
    done.run(spark=spark)
    assert spark.asked == ["-- note\nselect 'a;b' as x", "select '\\d'"]


def test_installed_packages_become_requirements_of_the_job(project: Path) -> None:
    done = Exported(project, "%pip install -q requests==2.31 'pydantic>=2'", "x = 1")
    job = (done.project / "resources/n.job.yml").read_text()
    assert '- "requests==2.31"' in job
    assert '- "pydantic>=2"' in job


def test_a_timed_line_runs_untimed(project: Path) -> None:
    assert Exported(project, "%time x = 1 + 1\ndbutils.notebook.exit(x)").run() == 2


def test_a_name_that_nobody_sets_is_noted(project: Path) -> None:
    assert "`file_path` is never set" in Exported(project, "x = open(file_path).read()").notes()


def test_a_marked_region_becomes_a_function_of_what_it_reads(project: Path) -> None:
    done = Exported(
        project,
        "orders = spark.table('orders')\nlimit = 3",
        "# dex: transform cheap_orders\ncheap = orders.where(f'price < {limit}')\ncheap = cheap.distinct()",
        "cheap.write.saveAsTable('cheap')",
    )
    function = next(n for n in done.tree.body if isinstance(n, ast.FunctionDef) and n.name == "cheap_orders")
    assert [a.arg for a in function.args.args] == ["orders", "limit"]
    assert ast.unparse(function.args.args[0].annotation or ast.Pass()) == "DataFrame"
    assert ast.unparse(function.body[-1]) == "return cheap"
    assert "cheap = cheap_orders(orders, limit)" in done.main()


def test_the_mark_above_a_function_of_that_name_moves_the_function(project: Path) -> None:
    done = Exported(
        project, "# dex: transform clean\ndef clean(df):\n    return df\n\n\nx = clean(1)\ndbutils.notebook.exit(x)"
    )
    assert "clean" in done.top()
    assert "dex: transform" not in done.module
    assert done.run() == 1


def test_imports_whose_order_may_matter_stay_apart_from_generated_ones(project: Path) -> None:
    done = Exported(project, "import zebra\nimport aardvark", "print(zebra.a, aardvark.a)")
    generated, _, own = done.module.partition("# isort: split\n")
    assert generated.rstrip().endswith("from pyspark.sql import SparkSession")
    assert own.startswith("import zebra\nimport aardvark\n")
    edit_module(project, "print(zebra.a, aardvark.a)", "print(zebra.b, aardvark.a)")
    sync_notebook(project / "notebooks/n.ipynb", find_project(project))
    assert "zebra.b" in done.path.read_text("utf-8")
    sorted_already = Exported(project, "from zebra import a", "print(a)", name="m.ipynb")
    assert "# isort" not in sorted_already.module


@pytest.mark.parametrize("last", ["from math import *", "from math import floor", "from our_library import *"])
def test_a_later_import_wins_over_a_star_as_in_the_notebook(project: Path, last: str) -> None:
    done = Exported(project, f"from pyspark.sql.functions import *\n{last}", "print(floor(2.5))")
    assert done.module.index("from pyspark.sql.functions import *") < done.module.index(last)


def test_a_computed_default_is_set_beside_the_star_of_spark(project: Path) -> None:
    widget = "import datetime\ndbutils.widgets.text('day', str(datetime.date(2013, 1, 1)))"
    cells = ("from pyspark.sql.functions import *", widget, "dbutils.notebook.exit(dbutils.widgets.get('day'))")
    assert Exported(project, *cells).run() == "2013-01-01"
    assert Exported(project, *cells, name="m.ipynb").run(day="2014-02-02") == "2014-02-02"


def test_imports_beside_a_star_that_brings_none_of_their_names_are_sorted(project: Path) -> None:
    stars = "from pyspark.sql.types import *\nfrom pyspark.sql.functions import *\nimport json"
    done = Exported(project, f"{stars}\nfrom pyspark.sql.functions import col", "print(json.dumps(1), col('a'))")
    assert "# isort" not in done.module
    assert (
        done.module.index("import json") < done.module.index("functions import *") < done.module.index("types import *")
    )


def test_names_that_main_makes_itself_are_imported_for_it_alone(project: Path) -> None:
    done = Exported(project, "if True:\n    import json\nprint(json.dumps(1))", "params = {'a': 1}\nprint(params)")
    assert done.module.count("import json") == 1
    assert "job_params" not in done.module
    both = Exported(
        project,
        "dbutils.widgets.text('n', '[1]')\nimport json as js\nn = js.loads(dbutils.widgets.get('n'))",
        "params = {'a': 1}\nprint(params, n)",
        name="b.ipynb",
    )
    assert "job_params = params" in both.module


def test_a_star_import_stays_at_the_top(project: Path) -> None:
    done = Exported(project, "from math import *", "dbutils.notebook.exit(floor(2.5))")
    assert done.run() == 2


def test_no_code_is_nothing_to_export(project: Path) -> None:
    path = write_notebook(project / "notebooks/n.ipynb", text("# Words"), "%load_ext dex", "")
    report = export_notebook(path, find_project(project))
    assert (report.module, report.files) == (None, [])
    assert "nothing to export" in report.to_text()
    assert not (project / "src").exists()


@pytest.mark.parametrize("call", ["cache", "persist", "localCheckpoint"])
def test_what_keeps_a_frame_for_later_stays(project: Path, call: str) -> None:
    done = Exported(project, f"frame = spark.range(3)\nframe.{call}()", "frame.write.saveAsTable('t')")
    assert f"frame.{call}()" in done.main()
