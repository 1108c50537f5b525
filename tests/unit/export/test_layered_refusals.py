"""What has no meaning in a declarative pipeline is refused at its place."""

from __future__ import annotations

import pytest
from dex.export.declarative import PipelineRefused, emit_pipeline
from dex_dbutils.config import Project
from layered_notebooks import READ, WRITE, notebook, refused
from notebook_factory import contents

MERGE = "merge into silver.orders using x on x.id = silver.orders.id when matched then delete"


def both(shop: Project, one: str, two: str) -> PipelineRefused:
    paths = [notebook(shop, "one.py", one), notebook(shop, "two.py", two)]
    with pytest.raises(PipelineRefused) as caught:
        emit_pipeline(shop, "etl", paths)
    return caught.value


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
