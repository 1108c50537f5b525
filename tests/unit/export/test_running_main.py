"""A test runs `main` where that harms nobody's tables; where it cannot, it says why."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from dex.export import export_notebook
from dex.export.own_names import in_sql
from dex_dbutils.config import find_project
from notebook_factory import project_folder, text, write_notebook


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_folder(tmp_path / "shop")


def generated(project: Path, *cells: str) -> str:
    """Return the test file of a notebook."""
    export_notebook(write_notebook(project / "notebooks/n.ipynb", *cells), find_project(project))
    return (project / "tests/test_n.py").read_text("utf-8")


def test_a_notebook_that_names_its_tables_itself_is_run_in_a_warehouse_of_its_own(project: Path) -> None:
    tests = generated(
        project,
        "df = spark.table('silver.orders')",
        "df.write.mode('overwrite').saveAsTable('gold.orders')\nspark.table('gold.orders').count()",
        "%sql\ncreate or replace table gold.totals as select count(*) as n from bronze.raw",
        "%sql\ndrop table if exists gold.old",
    )
    assert "tables=['silver.orders', 'bronze.raw']" in tests.replace('"', "'")
    for table in ("gold.orders", "gold.totals"):
        assert f'assert after_main.spark.table("{table}").limit(1).count() == 1' in tests
    assert "if not keeps_apart(base, spark):" in tests
    assert "gold.old" not in tests


def test_a_table_that_is_written_in_a_branch_only_is_not_expected(project: Path) -> None:
    tests = generated(project, "df = spark.range(1)\nif df.count() > 1:\n    df.write.saveAsTable('gold.many')")
    assert "scratch_warehouse" in tests
    assert 'spark.table("gold.many")' not in tests


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("df = spark.read.csv(file_path)", "main needs `file_path`, which no cell sets"),
        ("token = dbutils.secrets.get('shop', 'token')\nprint(len(token))", "main asks for a secret"),
        ("print(dbutils.notebook.run('./child', 0))", "main runs another notebook"),
        ("spark.range(1).write.saveAsTable('main.gold.orders')", "main writes to a fixed place"),
        ("spark.range(1).write.save('/mnt/gold')", "main writes to a fixed place"),
    ],
)
def test_what_no_machine_without_the_platform_can_run_is_skipped_with_its_reason(
    cell: str, reason: str, project: Path
) -> None:
    assert f'@pytest.mark.skip(reason="{reason}' in generated(project, cell).replace("'", '"')


def test_a_package_that_is_not_there_skips_the_file_and_a_missing_context_its_main(project: Path) -> None:
    tests = generated(project, "import torch_of_the_platform as torch", "print(torch, spark.range(1).rdd.count())")
    assert tests.index('pytest.importorskip("torch_of_the_platform")') < tests.index("from shop_etl import")
    assert 'if not hasattr(spark, "sparkContext"):' in tests


def test_the_notebooks_that_it_runs_work_in_the_same_session_as_its_own_tables(project: Path) -> None:
    setup = "catalog = session.environment.catalog\nspark.range(2).write.saveAsTable(session.table('silver', 'made'))"
    write_notebook(project / "notebooks/setup.ipynb", setup, "rows = session.read('bronze', 'raw').count()")
    tests = generated(project, "%run ./setup", "print(rows, session.read('silver', 'made').count())")
    assert 'patch.setattr("shop_etl.setup.load_environment"' in tests.replace("'", '"')
    assert '[("bronze", "raw")]' in tests
    assert "pytest.mark.skip" not in tests


def test_a_notebook_of_words_that_it_runs_is_no_module_of_the_test(project: Path) -> None:
    write_notebook(project / "notebooks/words.ipynb", text("# Words"))
    assert "words" not in generated(project, "%run ./words", "x = 1\nprint(x)")


def test_what_stands_in_the_way_of_a_notebook_that_it_runs_stands_in_its_own(project: Path) -> None:
    write_notebook(project / "notebooks/setup.ipynb", "token = dbutils.secrets.get('shop', 'token')")
    assert '@pytest.mark.skip(reason="main asks for a secret")' in generated(project, "%run ./setup", "print(token)")


@pytest.mark.parametrize(
    ("sql", "writes", "reads", "fixed"),
    [
        ("select * from gold.a join b", [], ["gold.a"], False),
        ("with a as (select 1) select * from a", [], [], False),
        ("create or replace table gold.t as select * from main.silver.s", ["gold.t"], ["main.silver.s"], False),
        ("insert into gold.t (a) values (1)", ["gold.t"], [], False),
        ("create temporary view v as select 1", ["v"], [], False),
        ("create schema if not exists gold", [], [], False),
        ("create table main.gold.t as select 1", ["main.gold.t"], [], True),
        ("create table gold.t using delta location '/mnt/t' as select 1", [], [], True),
        ("insert overwrite directory '/a' select 1", [], [], True),
        ("select * from delta.`/mnt/a`", [], [], False),
        ("optimize gold.t", [], [], True),
        ("show tables in gold", [], [], False),
        ("use schema gold", [], [], False),
        ("use catalog main", [], [], True),
        ("use main.gold", [], [], True),
    ],
)
def test_what_sql_does_with_tables_that_it_names(sql: str, writes: list[str], reads: list[str], fixed: bool) -> None:
    found = in_sql(ast.Constant(sql))
    assert (found.writes, found.fixed) == (writes, fixed)
    assert fixed or found.reads == reads


def test_a_name_in_sql_that_only_the_run_knows_is_not_kept_apart() -> None:
    assert in_sql(ast.parse("f'create table {name} as select 1'", mode="eval").body).fixed
    assert in_sql(ast.parse("query", mode="eval").body).fixed
    filled = in_sql(ast.parse("f'create table gold.t as select {n} as n'", mode="eval").body)
    assert (filled.writes, filled.fixed) == (["gold.t"], False)
