"""Layered notebooks become one declarative pipeline, or are refused at every place that has no meaning in one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from dex.bundle import validate_bundle
from dex.export import find_notebooks
from dex.export.declarative import emit_pipeline
from dex_dbutils import ExportError, NotebookError
from dex_dbutils.config import Project
from layered_notebooks import READ, WRITE, emitted, notebook, source
from layered_sets import CELL, ROWS, SETS, write_set
from notebook_factory import contents

FIXTURES = Path(__file__).parents[2] / "notebooks/fixtures"


@pytest.mark.parametrize("name", SETS)
def test_a_set_of_notebooks_becomes_the_expected_tables(name: str, shop: Project) -> None:
    layered = SETS[name]
    paths = write_set(shop.root, layered)
    before = [path.read_bytes() for path in paths]
    report = emit_pipeline(shop, "etl", paths)
    assert {table.name: table.kind for table in report.tables} == layered.makes
    assert [said for table in report.tables for said in table.expectations] == list(layered.expectations)
    assert len(report.unchecked) == len(layered.unchecked)
    assert all(part in line for part, line in zip(layered.unchecked, report.unchecked, strict=True))
    texts = "\n".join((shop.root / path).read_text("utf-8") for path in report.files)
    assert [text for text in layered.holds if text not in texts] == []
    made = yaml.safe_load((shop.root / report.path).read_text("utf-8"))["resources"]["pipelines"]["etl"]
    assert made.get("configuration", {}) == layered.configuration
    assert validate_bundle(shop.root) == []
    assert [path.read_bytes() for path in paths] == before
    first = contents(shop.root)
    assert emit_pipeline(shop, "etl").status == "unchanged"
    assert contents(shop.root) == first


def test_every_source_is_clean_for_ruff(shop: Project) -> None:
    for number, layered in enumerate(SETS.values()):
        paths = write_set(shop.root, layered)
        emit_pipeline(shop, f"p{number}", paths)
        for path in paths:
            path.unlink()
    words = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,I", "--line-length", "120"]
    done = subprocess.run(
        [*words, "--config", 'lint.isort.known-first-party = ["shop_etl"]', "src"],
        cwd=shop.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--check", "--line-length", "120", "src"],
        cwd=shop.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert formatted.returncode == 0, formatted.stdout


def test_what_the_pipeline_does_by_itself_is_told_with_its_place(shop: Project) -> None:
    report = emitted(shop, ROWS, READ, f"# MAGIC %sql VACUUM bronze.orders{CELL}print(orders.count())", WRITE)
    assert report.left_out[:2] == [
        "notebooks/one.py, cell 3, line 1: `VACUUM bronze.orders`: the platform looks after the tables of a pipeline",
        "notebooks/one.py, cell 4, line 1: `print(orders.count())`: no table needs it",
    ]
    assert "VACUUM" not in source(shop)


def test_names_that_a_lambda_or_comprehension_has_of_its_own_stay(shop: Project) -> None:
    loop = (
        'for name in ("a", "b"):\n'
        '    frame = orders.select(*[name for name in ("id", "day")]).transform(lambda name: name.distinct())\n'
        '    frame.write.mode("overwrite").saveAsTable(f"silver.{name}")'
    )
    emitted(shop, READ, loop)
    assert 'select(*[name for name in ("id", "day")]).transform(lambda name: name.distinct())' in source(shop)


def test_a_check_of_one_part_of_a_table_is_the_parts_own(shop: Project) -> None:
    part = 'more = orders.filter("id > 3")\nassert more.filter("day is null").count() == 0\n'
    report = emitted(
        shop,
        f"{READ}\n{WRITE}",
        f'{part}more.write.mode("append").saveAsTable("silver.orders")',
        'assert spark.table("silver.orders").filter("id is null").isEmpty()',
    )
    marks = (
        '@dp.temporary_view(name="silver_orders_from_one_2")\n@dp.expect_or_fail("day IS NOT NULL", "day IS NOT NULL")'
    )
    assert marks in source(shop)
    assert source(shop).count("expect_or_fail") == 1
    assert report.unchecked == [
        "notebooks/one.py, cell 3, line 1: `id IS NOT NULL`: silver.orders gets rows from elsewhere too"
    ]


def test_an_import_below_a_use_of_pythons_own_function_is_only_where_it_holds(shop: Project) -> None:
    emitted(
        shop,
        f"total = sum([1, 2])\n{READ}.limit(total)",
        WRITE,
        "from pyspark.sql.functions import sum",
        'orders.agg(sum("id").alias("ids")).write.mode("overwrite").saveAsTable("gold.ids")',
    )
    head, last = source(shop).split("def gold_ids")
    assert "import sum" not in head
    assert "    from pyspark.sql.functions import sum" in last


def test_a_main_function_of_the_notebook_is_what_it_does(shop: Project) -> None:
    main = (
        'def main(day="1"):\n'
        '    """Load the orders."""\n'
        '    orders = spark.table("bronze.orders")\n'
        '    for layer in ("silver", "gold"):\n'
        '        table = f"{layer}.orders"\n'
        '        orders.filter(f"day = \'{day}\'").write.mode("overwrite").saveAsTable(table)'
    )
    report = emitted(shop, main, 'if __name__ == "__main__":\n    main("2")')
    assert [table.name for table in report.tables] == ["silver.orders", "gold.orders"]
    assert "orders.filter(\"day = '2'\")" in source(shop)


def test_sql_that_has_a_name_or_stands_in_a_list_is_what_it_says(shop: Project) -> None:
    texts = (
        'query = "create or replace table silver.a as select 1 as n"\nspark.sql(query)\n'
        'layer = "gold"\nquery = f"create or replace table {layer}.b as select * from silver.a"\nspark.sql(query)\n'
        'for query in ["create table gold.c as select 2 as n", "create table gold.d as select 3 as n"]:\n    spark.sql(query)'
    )
    report = emitted(shop, texts)
    assert [table.name for table in report.tables] == ["silver.a", "gold.b", "gold.c", "gold.d"]
    assert 'spark.sql("select * from silver.a")' in source(shop)
    assert 'name=f"{layer}.b"' in source(shop)


def test_a_table_that_is_created_empty_begins_anew_with_what_is_inserted(shop: Project) -> None:
    sql = (
        "# MAGIC %sql\n# MAGIC CREATE OR REPLACE TABLE silver.o (id INT, word STRING);\n"
        "# MAGIC INSERT INTO silver.o SELECT id, word AS other FROM bronze.o"
    )
    report = emitted(shop, sql)
    assert [(table.name, table.kind) for table in report.tables] == [("silver.o", "materialized view")]
    text = (shop.root / report.files[0]).read_text()
    assert "CREATE OR REFRESH MATERIALIZED VIEW silver.o (\n  id INT, word STRING\n)" in text
    assert "AS given (`id`, `word`)" in text


def test_column_names_that_an_insert_does_not_say_are_told(shop: Project) -> None:
    report = emitted(shop, 'spark.sql("INSERT OVERWRITE silver.o SELECT a AS x FROM bronze.o")')
    told = "notebooks/one.py, cell 1, line 1: the columns of silver.o get the names of this query; no notebook declares others"
    assert told in report.notes


def test_functions_that_write_through_others_make_their_tables(shop: Project) -> None:
    functions = (
        'def write(df, table):\n    df.write.mode("overwrite").saveAsTable(table)\n\n\n'
        'def both(df, name):\n    write(df, f"silver.{name}")\n    write(df.distinct(), f"gold.{name}")'
    )
    report = emitted(shop, functions, 'both(spark.table("bronze.o"), "o")')
    assert [table.name for table in report.tables] == ["silver.o", "gold.o"]


def test_a_function_that_only_tells_may_be_called(shop: Project) -> None:
    told = "def told(df):\n    if df.isEmpty():\n        print(len(df.columns))\n    return df.count()"
    report = emitted(shop, READ, told, "told(orders)\nn = told(orders)", WRITE)
    assert [line.partition(": ")[2] for line in report.left_out] == [
        "`told(orders)`: no table needs it",
        "`n = told(orders)`: no table needs it",
    ]


def test_a_default_that_is_computed_is_set_on_the_parameters(shop: Project) -> None:
    emitted(
        shop,
        'from datetime import date\ndbutils.widgets.text("day", str(date.today()))\nday = dbutils.widgets.get("day")',
        f"{READ}.filter(f\"day = '{{day}}'\")",
        WRITE,
    )
    assert "params.day = params.day if params.day is not None else str(date.today())" in source(shop)
    assert 'day=spark.conf.get("day", "") or None' in source(shop)


def test_a_function_of_the_pipeline_has_no_name_of_the_notebook(shop: Project) -> None:
    emitted(shop, "silver_orders = 3", f"{READ}.limit(silver_orders)", WRITE)
    assert "def silver_orders_table() -> DataFrame:" in source(shop)


def test_any_notebook_becomes_a_pipeline_or_is_refused(shop: Project) -> None:
    for folder in sorted(path for path in FIXTURES.iterdir() if path.is_dir()):
        shutil.copytree(folder, shop.root / "notebooks" / folder.name)
    outcomes: Counter[str] = Counter()
    for path in find_notebooks(shop.root / "notebooks"):
        try:
            report = emit_pipeline(shop, "etl", [path], force=True)
        except (ExportError, NotebookError) as error:
            outcomes[error.code.rpartition("-")[0]] += 1
            continue
        outcomes["made"] += 1
        for each in report.files:
            text = (shop.root / each).read_text("utf-8")
            assert "saveAsTable" not in text
            assert "TempView" not in text
    assert set(outcomes) == {"made", "DEX-EXPORT", "DEX-NOTEBOOK"}
    assert outcomes["made"] > 70


def test_a_notebook_that_two_others_run_makes_its_tables_once(shop: Project) -> None:
    notebook(shop, "setup.py", f"{READ}\n{WRITE}")
    paths = [
        notebook(shop, name, "# MAGIC %run ./setup", f'orders.write.mode("overwrite").saveAsTable("gold.{name[0]}")')
        for name in ("a.py", "b.py")
    ]
    report = emit_pipeline(shop, "etl", [*paths, shop.root / "notebooks/setup.py"])
    assert [table.name for table in report.tables] == ["silver.orders", "gold.a", "gold.b"]
    assert not (shop.root / "src/shop_etl_pipelines/etl/setup.py").exists()
