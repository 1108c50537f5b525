"""Layered notebooks become one declarative pipeline, or are refused at every place that has no meaning in one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from dex.bundle import validate_bundle
from dex.cli import main
from dex.export import find_notebooks
from dex.export.declarative import PipelineRefused, PipelineReport, emit_pipeline
from dex_dbutils import ExportError, NotebookError
from dex_dbutils.config import Project, find_project, load_environment
from layered_sets import CELL, ROWS, SETS, write_set
from notebook_factory import contents, project_folder

FIXTURES = Path(__file__).parents[2] / "notebooks/fixtures"
READ = 'orders = spark.table("bronze.orders")'
WRITE = 'orders.write.mode("overwrite").saveAsTable("silver.orders")'


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    return find_project(project_folder(tmp_path / "shop"))


def notebook(shop: Project, name: str, *cells: str) -> Path:
    path = shop.root / "notebooks" / name
    path.write_text(f"# Databricks notebook source\n{CELL.join(cells)}\n", "utf-8")
    return path


def emitted(shop: Project, *cells: str, **options: bool) -> PipelineReport:
    return emit_pipeline(shop, "etl", [notebook(shop, "one.py", *cells)], **options)


def source(shop: Project, name: str = "one.py") -> str:
    return (shop.root / "src/shop_etl_pipelines/etl" / name).read_text("utf-8")


def refused(shop: Project, *cells: str) -> PipelineRefused:
    with pytest.raises(PipelineRefused) as caught:
        emitted(shop, *cells)
    return caught.value


# -- what notebooks become ---------------------------------------------------------------------------------------------


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


# -- what is refused ---------------------------------------------------------------------------------------------------

MERGE = "merge into silver.orders using x on x.id = silver.orders.id when matched then delete"
REFUSED: dict[str, tuple[list[str], tuple[int, int], str, str]] = {
    "MERGE": ([READ, f'spark.sql("{MERGE}")'], (2, 1), "`MERGE` changes rows", "create_auto_cdc_flow"),
    "MERGE in a SQL cell": ([READ, f"# MAGIC %sql\n# MAGIC select 1;\n# MAGIC {MERGE}"], (2, 3), "`MERGE`", "AUTO CDC"),
    "merge of a Delta table": (
        [
            "from delta.tables import DeltaTable",
            (
                f'{READ}\nDeltaTable.forName(spark, "silver.o").alias("t").merge(orders, "t.id = s.id")'
                ".whenMatchedUpdateAll().execute()"
            ),
        ],
        (2, 2),
        "silver.o is written",
        "create_auto_cdc_flow",
    ),
    "DELETE": (['spark.sql("delete from silver.orders where id = 1")'], (1, 1), "`DELETE`", "Filter them out"),
    "UPDATE": (['spark.sql("update silver.orders set id = 1")'], (1, 1), "`UPDATE`", "query that makes the table"),
    "foreachBatch": (
        ['spark.readStream.table("b.o").writeStream.foreachBatch(print).start()'],
        (1, 1),
        "`foreachBatch` runs code",
        "create_auto_cdc_flow",
    ),
    "another notebook": (['dbutils.notebook.run("./other", 60)'], (1, 1), "dbutils.notebook.run", "Name that notebook"),
    "collect that steers": (
        [READ, 'if orders.count() > 10:\n    orders.write.mode("overwrite").saveAsTable("silver.orders")'],
        (2, 1),
        "silver.orders is written in a way that no table declares",
        "top of a cell",
    ),
    "a value of the data in a frame": (
        [READ, 'newest = orders.agg({"day": "max"}).first()[0]', "orders = orders.filter(orders.day == newest)", WRITE],
        (2, 1),
        "runs a query while the pipeline is being planned",
        "crossJoin",
    ),
    "collect in a function": (
        [
            f"{READ}\n\n\ndef newest(df):\n    rows = df.collect()\n    return df.limit(len(rows))",
            "orders = newest(orders)",
            WRITE,
        ],
        (1, 5),
        "`df.collect()` runs a query",
        "crossJoin",
    ),
    "a loop over data": (
        [READ, 'for row in orders.collect():\n    orders.write.mode("overwrite").saveAsTable(f"silver.{row.id}")'],
        (2, 1),
        "in a loop over data",
        "literal list",
    ),
    "a loop that carries something on": (
        [
            READ,
            'total = orders\nfor n in ("a", "b"):\n    total = total.union(orders)\n    total.write.mode("overwrite").saveAsTable(n)',
        ],
        (2, 2),
        "`total` goes from one round to the next",
        "by itself",
    ),
    "files": (
        [READ, 'orders.write.mode("overwrite").parquet("/mnt/out")'],
        (2, 1),
        "`parquet` writes files",
        "saveAsTable",
    ),
    "a stream into files": (
        ['spark.readStream.table("b.o").writeStream.option("checkpointLocation", "/c").start("/mnt/out")'],
        (1, 1),
        "does not end in a table",
        "toTable",
    ),
    "a stream that rewrites": (
        ['spark.readStream.table("b.o").writeStream.outputMode("complete").toTable("silver.o")'],
        (1, 1),
        "rewrites its table",
        "materialized view",
    ),
    "a part of a table": (
        [READ, 'orders.write.mode("overwrite").option("replaceWhere", "id = 1").saveAsTable("silver.orders")'],
        (2, 1),
        "a part of it cannot be overwritten",
        "Write the whole table",
    ),
    "a partition": (
        ["# MAGIC %sql INSERT OVERWRITE silver.o PARTITION (day = '1') SELECT 1"],
        (1, 1),
        "a part of it",
        "Write the whole table",
    ),
    "a path of its own": (
        [READ, 'orders.write.mode("overwrite").option("path", "/mnt/o").saveAsTable("silver.orders")'],
        (2, 1),
        "a path of its own",
        "Leave the path out",
    ),
    "only where there is none": (
        [READ, 'orders.write.mode("ignore").saveAsTable("silver.orders")'],
        (2, 1),
        "no table yet",
        "overwrite",
    ),
    "a computed mode": (
        [READ, 'orders.write.mode("append" if orders else "overwrite").saveAsTable("silver.orders")'],
        (2, 1),
        "begins anew or grows",
        "literal",
    ),
    "a name that only the run knows": (
        [READ, "import os", 'orders.write.mode("overwrite").saveAsTable(os.environ["TARGET"])'],
        (3, 1),
        "only known when it runs",
        "literal text",
    ),
    "a global view": (
        [READ, 'orders.createOrReplaceGlobalTempView("o")'],
        (2, 1),
        "global temporary view",
        "temporary view or a table",
    ),
    "a view of the catalog": (
        ["# MAGIC %sql CREATE VIEW gold.v AS SELECT 1 AS a"],
        (1, 1),
        "A view of the catalog",
        "materialized view",
    ),
    "COPY INTO": (
        ["# MAGIC %sql COPY INTO bronze.o FROM '/mnt/in' FILEFORMAT = CSV"],
        (1, 1),
        "`COPY INTO`",
        "cloudFiles",
    ),
    "USE": ([f'spark.sql("use schema silver")\n{READ}', WRITE], (1, 1), "`USE` changes", "schema before each"),
    "TRUNCATE": (['spark.sql("truncate table silver.o")'], (1, 1), "`TRUNCATE`", "Take it out"),
    "another column": (
        ['spark.sql("alter table silver.o add column a int")'],
        (1, 1),
        "`ALTER` changes a table",
        "where the table is made",
    ),
    "a call for what it does": (
        ["import requests", READ, 'requests.post("https://hook", json={"done": True})', WRITE],
        (3, 1),
        "does something that no table is made of",
        "task beside the pipeline",
    ),
    "files of the platform": (
        ['dbutils.fs.rm("/mnt/in", True)', READ, WRITE],
        (1, 1),
        "dbutils.fs.rm",
        "before or after",
    ),
    "task values": ([READ, WRITE, 'dbutils.jobs.taskValues.set("n", 1)'], (3, 1), "taskValues", "tasks of a job"),
    "rows of the run before": (
        [READ, 'old = spark.table("silver.orders")', WRITE, 'old.write.mode("overwrite").saveAsTable("gold.old")'],
        (2, 1),
        "silver.orders is read before",
        "below the write",
    ),
    "a table of itself": (
        ['orders = spark.table("silver.orders").distinct()', WRITE],
        (1, 1),
        "is made of itself",
        "readStream",
    ),
    "rows added at every run": (
        [READ, 'orders.write.mode("append").saveAsTable("silver.orders")'],
        (2, 1),
        "Every run adds",
        "readStream",
    ),
    "a writer with a name": (
        [READ, 'writer = orders.write.mode("overwrite")\nwriter.saveAsTable("silver.orders")'],
        (2, 1),
        "A writer gets a name",
        "one chain",
    ),
    "written twice": (
        [READ, WRITE, WRITE],
        (3, 1),
        "is begun anew at notebooks/one.py, cell 2, line 1 too",
        "Keep one",
    ),
    "a helper in an expression": (
        [
            READ,
            'def save(df):\n    df.write.mode("overwrite").saveAsTable("silver.o")\n    return df',
            "print(save(orders))",
        ],
        (3, 1),
        "called inside of something else",
        "statement of its own",
    ),
    "what a helper does": (
        [READ, 'def save(df):\n    df.write.mode("append").saveAsTable("silver.o")', "save(orders)"],
        (3, 1),
        "Every run adds",
        "overwrite",
    ),
    "MERGE where the table is there": (
        [READ, f'if spark.catalog.tableExists("silver.orders"):\n    spark.sql("{MERGE}")\nelse:\n    {WRITE}'],
        (2, 1),
        "silver.orders is written in a way",
        "create_auto_cdc_flow",
    ),
    "a read that the platform does not see": (
        [
            "from delta.tables import DeltaTable",
            f'orders = DeltaTable.forName(spark, "bronze.orders").toDF()\n{WRITE}',
        ],
        (2, 1),
        "does not see",
        "spark.read.table",
    ),
    "an insert behind a query": (
        ["# MAGIC %sql WITH new AS (SELECT 1 AS id) INSERT INTO silver.orders SELECT * FROM new"],
        (1, 1),
        "silver.orders is written behind",
        "INSERT OVERWRITE table WITH",
    ),
    "SQL that only the run knows": (
        ["import os", 'spark.sql(os.environ["QUERY"])', READ, WRITE],
        (2, 1),
        "does something that no table is made of",
        "task beside",
    ),
    "a function that does something by another": (
        [
            READ,
            "import os\n\n\ndef gone(path):\n    os.remove(path)\n\n\ndef tidy(path):\n    gone(path)",
            'tidy("/x")',
            WRITE,
        ],
        (3, 1),
        "does something that no table is made of",
        "task beside",
    ),
    "another language": (["# MAGIC %scala\n# MAGIC val a = 1", READ, WRITE], (1, 1), "is Scala", "notebook task"),
    "a table that nobody fills": (
        ["# MAGIC %sql CREATE TABLE silver.o (id INT)"],
        (1, 1),
        "does not fill it",
        "fills the table",
    ),
    "a dropped table": (
        ['spark.sql("drop table if exists silver.o")', READ, WRITE],
        (1, 1),
        "silver.o is dropped",
        "Take it out",
    ),
    "a pipeline already": (
        ['import dlt\n\n\n@dlt.table\ndef orders():\n    return spark.table("bronze.orders")'],
        (1, 4),
        "defines a pipeline itself",
        "dex export",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_declarative_meaning_is_refused_at_its_place(name: str, shop: Project) -> None:
    cells, place, message, remedy = REFUSED[name]
    before = {**contents(shop.root)}
    error = refused(shop, *cells)
    found = {(each.spot.cell, each.spot.line): each for each in error.refused}
    assert place in found, error
    assert message in found[place].message
    assert remedy in found[place].remedy
    assert error.code == "DEX-EXPORT-40"
    written = {path: data for path, data in contents(shop.root).items() if not path.startswith("notebooks/")}
    assert written == {path: data for path, data in before.items() if not path.startswith("notebooks/")}


def test_every_place_is_named_at_once(shop: Project) -> None:
    error = refused(shop, 'spark.sql("truncate table a.b")', READ, 'orders.write.parquet("/x")')
    assert [(each.spot.cell, each.spot.line) for each in error.refused] == [(1, 1), (3, 1)]
    assert "And 1 more:\n  notebooks/one.py, cell 3, line 1: `parquet` writes files" in str(error)


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


# -- several notebooks -------------------------------------------------------------------------------------------------


def both(shop: Project, one: str, two: str) -> PipelineRefused:
    paths = [notebook(shop, "one.py", one), notebook(shop, "two.py", two)]
    with pytest.raises(PipelineRefused) as caught:
        emit_pipeline(shop, "etl", paths)
    return caught.value


def test_two_notebooks_that_begin_one_table_anew_are_refused(shop: Project) -> None:
    error = both(shop, f"{READ}\n{WRITE}", f"{READ}\n{WRITE}")
    assert "silver.orders is begun anew at notebooks/one.py, cell 1, line 2 too" in str(error)
    assert error.refused[0].spot.notebook == "notebooks/two.py"


def test_tables_that_wait_for_each_other_are_shown_as_a_circle(shop: Project) -> None:
    one = 'spark.table("silver.b").write.mode("overwrite").saveAsTable("silver.a")'
    two = 'spark.table("silver.a").write.mode("overwrite").saveAsTable("silver.b")'
    assert "The tables wait for each other: silver.a needs silver.b needs silver.a." in str(both(shop, one, two))


def test_a_temporary_view_of_another_notebook_is_another_sessions(shop: Project) -> None:
    one = f'{READ}\norders.createOrReplaceTempView("o")\nspark.sql("create table silver.o as select * from o")'
    two = 'spark.table("o").write.mode("overwrite").saveAsTable("gold.o")'
    error = both(shop, one, two)
    assert str(error.refused[0]).startswith(
        "notebooks/two.py, cell 1, line 1: `o` is a temporary view of notebooks/one.py"
    )


def test_one_parameter_with_two_defaults_is_refused(shop: Project) -> None:
    one = f'dbutils.widgets.text("day", "1")\n{READ}\n{WRITE}'
    two = 'dbutils.widgets.text("day", "2")\nspark.table("silver.orders").write.mode("overwrite").saveAsTable("gold.o")'
    assert "The parameter `day` is '2' here and '1' in notebooks/one.py" in str(both(shop, one, two))


def test_a_stream_of_a_table_that_is_made_anew_is_refused(shop: Project) -> None:
    one = f"{READ}\n{WRITE}"
    two = 'spark.readStream.table("silver.orders").writeStream.toTable("gold.o")'
    assert "silver.orders is read as a stream, but notebooks/one.py, cell 1, line 2 makes it anew" in str(
        both(shop, one, two)
    )


def test_a_table_is_a_stream_in_every_notebook_or_in_none(shop: Project) -> None:
    one = f"{READ}\n{WRITE}"
    two = 'spark.readStream.table("bronze.x").writeStream.toTable("silver.orders")'
    assert "silver.orders is a stream at notebooks/two.py, cell 1, line 1 and written whole here" in str(
        both(shop, one, two)
    )


def test_a_notebook_that_two_others_run_makes_its_tables_once(shop: Project) -> None:
    notebook(shop, "setup.py", f"{READ}\n{WRITE}")
    paths = [
        notebook(shop, name, "# MAGIC %run ./setup", f'orders.write.mode("overwrite").saveAsTable("gold.{name[0]}")')
        for name in ("a.py", "b.py")
    ]
    report = emit_pipeline(shop, "etl", [*paths, shop.root / "notebooks/setup.py"])
    assert [table.name for table in report.tables] == ["silver.orders", "gold.a", "gold.b"]
    assert not (shop.root / "src/shop_etl_pipelines/etl/setup.py").exists()


# -- its files ---------------------------------------------------------------------------------------------------------


def test_each_target_has_the_catalog_and_schema_of_its_environment(shop: Project) -> None:
    (shop.root / "config/dev.yaml").write_text(
        "kind: development\nengine: {type: databricks, serverless: true}\ncatalog: shop_dev\nschema_prefix: dev_${user}_\n"
    )
    (shop.root / "config/prod.yaml").write_text(
        "kind: production\nengine: {type: databricks, serverless: true}\ncatalog: shop\n"
    )
    emitted(shop, READ, WRITE)
    made = yaml.safe_load((shop.root / "resources/etl.pipeline.yml").read_text())
    settings = made["resources"]["pipelines"]["etl"]
    assert (settings["catalog"], settings["schema"]) == ("shop_dev", "dev_${workspace.current_user.short_name}_silver")
    assert made["targets"] == {"prod": {"resources": {"pipelines": {"etl": {"catalog": "shop", "schema": "silver"}}}}}
    assert validate_bundle(shop.root) == []


def test_what_a_person_changes_in_the_resource_stays(shop: Project) -> None:
    emitted(shop, READ, WRITE)
    path = shop.root / "resources/etl.pipeline.yml"
    edited = path.read_text().replace("serverless: true", "serverless: true # ours\n      channel: PREVIEW")
    path.write_text(edited.replace("schema: silver", "schema: other"))
    report = emitted(shop, 'dbutils.widgets.text("day", "1")', READ, f'{WRITE}\nday = dbutils.widgets.get("day")')
    text = path.read_text()
    assert "serverless: true # ours\n      channel: PREVIEW" in text
    assert "schema: other" in text
    assert 'day: "1"' in text
    assert report.status == "written"


def test_a_source_that_was_changed_by_hand_is_not_overwritten(shop: Project) -> None:
    emitted(shop, READ, WRITE)
    path = shop.root / "src/shop_etl_pipelines/etl/one.py"
    path.write_text(path.read_text() + "# mine\n")
    before = contents(shop.root)
    with pytest.raises(ExportError) as caught:
        emitted(shop, READ, WRITE)
    assert caught.value.code == "DEX-EXPORT-03"
    assert contents(shop.root) == before
    emitted(shop, READ, WRITE, force=True)
    assert "# mine" not in path.read_text()


def test_the_source_of_a_notebook_that_is_gone_goes_too(shop: Project) -> None:
    paths = [
        notebook(shop, "one.py", f"{READ}\n{WRITE}"),
        notebook(shop, "two.py", f"{READ}\n{WRITE.replace('silver', 'gold')}"),
    ]
    emit_pipeline(shop, "etl", paths)
    assert emit_pipeline(shop, "etl", paths[:1], check=True).diff.endswith("two.py is no longer a part of the pipeline")
    emit_pipeline(shop, "etl", paths[:1])
    assert [path.name for path in (shop.root / "src/shop_etl_pipelines/etl").iterdir()] == ["one.py"]


@pytest.mark.parametrize(
    ("key", "cells", "code"),
    [
        ("a-b", [READ, WRITE], "DEX-EXPORT-42"),
        ("daily", [READ, WRITE], "DEX-EXPORT-42"),
        ("etl", [READ], "DEX-EXPORT-41"),
    ],
)
def test_a_pipeline_that_cannot_be_made_says_why(shop: Project, key: str, cells: list[str], code: str) -> None:
    (shop.root / "resources").mkdir()
    (shop.root / "resources/daily.job.yml").write_text("resources: {jobs: {daily: {name: daily}}}\n")
    with pytest.raises(ExportError) as caught:
        emit_pipeline(shop, key, [notebook(shop, "one.py", *cells)])
    assert caught.value.code == code
    assert not (shop.root / "src").exists()


def test_the_command_emits_checks_and_remembers(
    shop: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shop.root)
    assert main(["bundle", "emit", "etl", "--pipeline"]) == 2  # of nothing
    path = notebook(shop, "one.py", f"{READ}\n{WRITE}")
    capsys.readouterr()
    assert main(["bundle", "emit", "etl", "notebooks", "--pipeline", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tables"][0]["name"] == "silver.orders"
    assert main(["bundle", "emit", "etl", "--check"]) == 0
    path.write_text(path.read_text().replace("silver.orders", "silver.other"))
    assert main(["bundle", "emit", "--check"]) == 1
    assert "silver.other" in capsys.readouterr().out
    assert main(["bundle", "emit", "etl"]) == 0
    assert main(["bundle", "emit", "--check"]) == 0


def test_a_pipelines_source_finds_the_project_around_its_package(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    emitted(shop, READ, WRITE)
    monkeypatch.delenv("DEX_PROJECT", raising=False)
    monkeypatch.chdir(shop.root.parent)
    monkeypatch.syspath_prepend(str(shop.root / "src"))
    assert load_environment("local", package="shop_etl").project.root == shop.root
    monkeypatch.delitem(sys.modules, "shop_etl", raising=False)
