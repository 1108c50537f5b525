"""Declarative pipelines on this machine: what their sources define is made, in order, once, and nothing by half."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dex.pipelines import Update
from dex_dbutils import Environment, GuardError, PipelineError, get_session, load_environment
from pipeline_sources import Trial


@pytest.fixture(scope="module")
def environment(own_project: Path) -> Environment:
    return load_environment("local", start=own_project)


@pytest.fixture(scope="module")
def spark(environment: Environment) -> Any:
    return get_session(environment).spark


@pytest.fixture
def trial(environment: Environment, request: pytest.FixtureRequest) -> Iterator[Trial]:
    name = re.sub(r"\W+", "_", request.node.name.removeprefix("test_"))[:60].strip("_").lower()
    yield Trial(environment, name)


def test_datasets_of_python_and_sql_are_made_in_the_order_of_what_they_read(trial: Trial, spark: Any) -> None:
    update = trial.run(
        {
            "a_last.sql": """\
-- reads what stands further down, and in the other file
CREATE OR REFRESH MATERIALIZED VIEW per_day COMMENT 'of a day' AS
WITH orders AS (SELECT * FROM orders WHERE amount > 0)
SELECT orders.day, sum(amount) AS amount, '${word}' AS word FROM orders GROUP BY day;
CREATE TEMPORARY VIEW known AS SELECT o.id, o.amount FROM LIVE.raw o WHERE id IS NOT NULL;
""",
            "b_first.py": """\
@dp.materialized_view(name="orders", partition_cols=["day"], table_properties={"quality": "silver"})
def any_name():
    return spark.read.table("known").withColumn("day", F.lit(spark.conf.get("day")))

@dp.table
def raw():
    return spark.createDataFrame([(1, 2.0), (2, 3.0), (None, 4.0)], "id int, amount double")

@dp.materialized_view(name="other_schema.of_three_parts", schema="n bigint")
def other():
    return spark.sql(f"select count(*) as n from main.{spark.conf.get('own')}.orders")
""",
        },
        settings={"configuration": {"word": "said", "day": "2013-01-01", "own": trial.key}},
    )
    assert update.state == "COMPLETED"
    assert trial.states(update) == {
        "known": None,
        "raw": "COMPLETED",
        "orders": "COMPLETED",
        "per_day": "COMPLETED",
        "of_three_parts": "COMPLETED",
    }
    assert trial.rows("per_day", spark) == [("2013-01-01", 5.0, "said")]
    assert trial.rows("of_three_parts", spark, "other_schema") == [(2,)]
    order = [each.name for each in update.datasets]
    assert order.index(f"local.{trial.key}.orders") < order.index(f"local.{trial.key}.per_day")


def test_older_names_of_the_module_mean_the_same(trial: Trial, spark: Any) -> None:
    update = trial.run(
        {
            "tables.py": """\
# the older module
import dlt

@dlt.view
def numbers():
    return spark.range(4)

@dlt.table(name="even", comment="even ones")
@dlt.expect_all_or_drop({"even": "id % 2 = 0"})
def some():
    return dlt.read("numbers")
""",
            "more.sql": "CREATE OR REFRESH LIVE TABLE twice AS SELECT id * 2 AS id FROM LIVE.even;",
        }
    )
    assert update.state == "COMPLETED"
    assert trial.rows("twice", spark) == [(0,), (4,)]


def test_names_that_are_words_of_sql_and_columns_behind_them_are_found(trial: Trial, spark: Any) -> None:
    update = trial.run(
        {
            "tables.sql": """\
CREATE OR REFRESH MATERIALIZED VIEW `order` AS SELECT 1 AS id, 'a' AS `group`;
CREATE OR REFRESH MATERIALIZED VIEW `${prefix}-dashed`.`values` (a COMMENT 'first', b BIGINT) AS
SELECT `order`.id, o2.id FROM `order` JOIN LIVE.`order` o2 ON `order`.id = o2.id;
CREATE OR REFRESH MATERIALIZED VIEW named AS SELECT :word AS word, o.* FROM IDENTIFIER('main.' || :own || '.order') AS o;
"""
        },
        settings={
            "configuration": {"prefix": "my-own"},
            "parameters": {"word": "it's", "own": trial.key},
        },
    )
    assert update.state == "COMPLETED", trial.log
    assert trial.rows("named", spark) == [("it's", 1, "a")]
    assert spark.table("local.`my-own-dashed`.`values`").dtypes == [("a", "int"), ("b", "bigint")]


def test_a_stream_of_a_table_whose_name_is_encoded_on_disk_takes_what_is_new(trial: Trial, spark: Any) -> None:
    spark.sql(f"create schema if not exists local.{trial.key}")
    table = f"local.{trial.key}.`new counts`"
    spark.sql("select 1 as `größe`").write.saveAsTable(table)
    sources = {"tables.sql": "CREATE OR REFRESH STREAMING TABLE taken AS SELECT `größe` FROM STREAM(`new counts`);"}
    assert trial.run(sources).state == "COMPLETED", trial.log
    spark.sql("select 2 as `größe`").write.mode("append").saveAsTable(table)
    assert [each.rows for each in trial.run().datasets] == [1]
    assert trial.rows("taken", spark) == [(1,), (2,)]


def test_declared_columns_are_those_of_the_table(trial: Trial, spark: Any) -> None:
    source = """\
from pyspark.sql.types import LongType, StructField, StructType

@dp.materialized_view(schema="b STRING NOT NULL COMMENT 'the key, as a text', a INT, CONSTRAINT pk PRIMARY KEY (b)")
def by_name():
    return spark.sql("select '1' as a, 2 as b")

@dp.materialized_view(schema=StructType([StructField("id", LongType())]))
def by_type():
    return spark.sql("select 1 as id")
"""
    update = trial.run({"tables.py": source})
    assert trial.rows("by_name", spark) == [("2", 1)]
    assert spark.table(f"local.{trial.key}.by_type").dtypes == [("id", "bigint")]
    assert update.state == "COMPLETED"
    wrong = (
        '@dp.materialized_view(schema="a int, c int")\ndef wrong():\n    return spark.sql("select 1 as a, 2 as b")\n'
    )
    with pytest.raises(PipelineError, match="gives the columns a, b; declared are a, c") as told:
        trial.run({"tables.py": wrong})
    assert told.value.code == "DEX-PIPELINE-14"


def test_a_query_that_leaves_or_reads_an_earlier_version_is_told_or_made(trial: Trial, spark: Any) -> None:
    with pytest.raises(PipelineError, match=r"left with sys.exit\(3\)"):
        trial.run({"a.py": "import sys\n\n@dp.table\ndef a():\n    sys.exit(3)\n"})
    trial.write({"a.py": ""})
    versions = """\
CREATE OR REFRESH MATERIALIZED VIEW base AS SELECT 1 AS id;
CREATE OR REFRESH MATERIALIZED VIEW before AS SELECT id FROM base VERSION AS OF 0;
"""
    assert trial.run({"b.sql": versions}).state == "COMPLETED"
    assert trial.rows("before", spark) == [(1,)]


def test_a_column_that_is_not_there_is_found_before_anything_is_written(trial: Trial, spark: Any) -> None:
    sources = {
        "a.py": """\
@dp.table
def last():
    middle = spark.table("middle")
    return middle.select([F.col(name) for name in middle.columns if name != "b"])

@dp.table
@dp.expect("positive", "c > 0")
def middle():
    return spark.table("first").withColumn("c", F.col("a") + 1)
""",
        "b.sql": "CREATE OR REFRESH MATERIALIZED VIEW first AS SELECT 1 AS a, 'x' AS b;\n",
        "c.sql": "\nCREATE OR REFRESH STREAMING TABLE wrong AS SELECT d FROM STREAM(last);\n",
    }
    with pytest.raises(PipelineError, match="wrong cannot be made: .*d") as told:
        trial.run(sources)
    assert (told.value.code, told.value.where and told.value.where.line) == ("DEX-PIPELINE-10", 2)
    assert not spark.catalog.tableExists(f"local.{trial.key}.first")
    for file, before, after in (
        ("a.py", "c > 0", "nothing > 0"),
        ("a.py", "nothing > 0", "c > 0"),
        ("c.sql", " d ", " c "),
    ):
        sources[file] = sources[file].replace(before, after)
        if "nothing" in sources["a.py"]:
            with pytest.raises(PipelineError, match="middle cannot be made: .*nothing"):
                trial.run(sources)
    planned = trial.run(sources, dry_run=True)
    assert [
        (each.name.rpartition(".")[2], [r.rpartition(".")[2] for r in each.reads]) for each in planned.datasets
    ] == [
        ("first", []),
        ("middle", ["first"]),
        ("last", ["middle"]),
        ("wrong", ["last"]),
    ]
    assert trial.run().state == "COMPLETED"
    assert trial.rows("last", spark) == [(1, 2)]


def test_a_helper_beside_the_sources_and_functions_for_spark_work(trial: Trial, spark: Any) -> None:
    (trial.environment.project.root / "helpers").mkdir(exist_ok=True)
    (trial.environment.project.root / "helpers/words.py").write_text("def loud(word):\n    return word.upper()\n")
    source = """\
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf
from words import loud

@udf("string")
def very(word):
    return word + "!"

@dp.table
def said():
    own = SparkSession.active()
    return own.sql("select {word} as word", word="a").select(very(F.lit(loud("hey"))).alias("word"))
"""
    update = trial.run({"tables.py": source}, settings={"root_path": "helpers"})
    assert update.state == "COMPLETED", trial.log
    assert trial.rows("said", spark) == [("HEY!",)]


def test_a_stream_of_json_without_types_is_refused_and_read_with_them(trial: Trial, spark: Any) -> None:
    folder = trial.environment.project.root / "landing" / trial.key
    folder.mkdir(parents=True)
    (folder / "a.json").write_text('{"id": 1, "name": "a"}')
    load = f'.option("cloudFiles.format", "json").load("landing/{trial.key}")'
    typed = '.option("cloudFiles.inferColumnTypes", "true")'
    sources = {
        "tables.py": f"""\
@dp.table
def typed():
    return spark.readStream.format("cloudFiles"){typed}{load}
"""
    }
    assert trial.run(sources).state == "COMPLETED"
    assert trial.rows("typed", spark) == [(1, "a", None)]
    sources["tables.py"] = sources["tables.py"].replace(typed, "")
    with pytest.raises(PipelineError, match="Reading 'id' of 'landing/.*' as a text") as told:
        trial.run(sources)
    assert told.value.code == "DEX-PIPELINE-08"


def test_expectations_of_a_view_count_where_it_is_read(trial: Trial, spark: Any) -> None:
    sources = {
        "tables.sql": """\
CREATE TEMPORARY VIEW numbers (CONSTRAINT small EXPECT (id < 2) ON VIOLATION DROP ROW) AS SELECT id FROM range(3);
CREATE OR REFRESH MATERIALIZED VIEW kept AS SELECT * FROM numbers;
"""
    }
    (view, kept) = trial.run(sources).datasets
    assert (view.name, view.kind, view.state) == ("numbers", "temporary view", None)
    assert [(each.name, each.passed, each.failed) for each in kept.expectations] == [("numbers.small", 2, 1)]
    assert trial.rows("kept", spark) == [(0,), (1,)]


def test_expectations_warn_drop_and_stop_with_counts_in_the_log(trial: Trial, spark: Any) -> None:
    sources = {
        "tables.py": """\
rows = spark.conf.get("rows")

@dp.materialized_view
@dp.expect("has a name", "name IS NOT NULL")
@dp.expect_all_or_drop({"known": "id IS NOT NULL", "positive": "id > 0"})
def kept():
    return spark.sql(f"select * from values {rows} as t(id, name)")

@dp.materialized_view
@dp.expect_or_fail("few", "id < 100")
def small():
    return spark.read.table("kept")

@dp.materialized_view
def after():
    return spark.read.table("small")
"""
    }
    rows = "(1, 'a'), (2, null), (-3, null), (cast(null as int), 'd')"
    update = trial.run(sources, settings={"configuration": {"rows": rows}})
    kept = next(each for each in update.datasets if each.name.endswith(".kept"))
    assert [(each.name, each.passed, each.failed) for each in kept.expectations] == [
        ("has a name", 2, 2),
        ("known", 3, 1),
        ("positive", 2, 2),  # NULL is not above 0
    ]
    assert (kept.rows, kept.dropped) == (2, 2)
    assert "  positive: 2 passed, 2 failed, dropped" in "\n".join(trial.log).splitlines()
    assert trial.rows("kept", spark) == [(1, "a"), (2, None)]

    stopped = trial.run(settings={"configuration": {"rows": "(7, 'a'), (100, 'b')"}})
    assert stopped.state == "FAILED"
    assert trial.states(stopped) == {"kept": "COMPLETED", "small": "FAILED", "after": "SKIPPED"}
    small = next(each for each in stopped.datasets if each.name.endswith(".small"))
    assert small.error is not None
    assert small.error.startswith("DEX-PIPELINE-11: 1 row does not meet the expectation 'few'")
    assert f"where: pipelines/{trial.key}/tables.py, line 12" in small.error
    assert trial.rows("small", spark) == [(1, "a"), (2, None)]  # as it was


def test_a_streaming_table_takes_what_was_added_since_the_last_update(trial: Trial, spark: Any) -> None:
    source = f"local.{trial.key}_source.events"
    spark.sql(f"create schema if not exists local.{trial.key}_source")

    def add(rows: str) -> None:
        frame = spark.sql(f"select * from values {rows} as t(id, kind)")
        frame.write.mode("append").partitionBy("kind").saveAsTable(source)

    add("(1, 'a'), (2, 'b'), (-1, cast(null as string))")
    sources = {
        "tables.py": f"""\
@dp.table
@dp.expect_or_drop("positive", "id > 0")
def taken():
    return spark.readStream.table("{source}").withColumn("twice", F.col("id") * 2)
""",
        "more.sql": "CREATE OR REFRESH STREAMING TABLE further AS SELECT taken.id, kind FROM STREAM(taken);",
    }
    assert [each.rows for each in trial.run(sources).datasets] == [2, 2]
    add("(3, 'b'), (4, cast(null as string))")
    assert [each.rows for each in trial.run().datasets] == [2, 2]
    assert [each.rows for each in trial.run().datasets] == [0, 0]
    assert trial.rows("further", spark) == [(1, "a"), (2, "b"), (3, "b"), (4, None)]

    spark.sql(f"delete from {source} where id = 1")
    refused = trial.run()
    error = refused.datasets[0].error or ""
    assert error.startswith(f"DEX-PIPELINE-09: {source} has changed otherwise than by new rows: version 2, DELETE")
    assert trial.states(refused) == {"taken": "FAILED", "further": "SKIPPED"}
    anew = trial.run(full_refresh=True)
    assert anew.state == "COMPLETED"
    assert trial.rows("further", spark) == [(2, "b"), (3, "b"), (4, None)]


def test_files_are_read_once_each(trial: Trial, spark: Any) -> None:
    folder = trial.environment.project.root / "landing" / trial.key
    folder.mkdir(parents=True)
    (folder / "one.csv").write_text("id,name\n1,a\n2,b\n")
    place = f"landing/{trial.key}"
    sources = {
        "tables.py": f"""\
@dp.table
def loaded():
    return (
        spark.readStream.format("cloudFiles").option("cloudFiles.format", "csv").option("header", "true").load("{place}")
    )
""",
        "more.sql": f"""\
CREATE OR REFRESH STREAMING TABLE typed AS
SELECT id, name FROM STREAM read_files('{place}', format => 'csv', header => true, schema => 'id int, name string');
""",
    }
    trial.run(sources)
    (folder / "two.csv").write_text("id,name\n3,c\n")
    (folder / "one.csv").write_text("id,name\n9,z\n")  # a file that was read is not read again
    update = trial.run()
    assert [each.rows for each in update.datasets] == [1, 1]
    assert trial.rows("loaded", spark) == [("1", "a", None), ("2", "b", None), ("3", "c", None)]
    assert trial.rows("typed", spark) == [(1, "a"), (2, "b"), (3, "c")]


def test_an_update_that_is_ended_behind_its_write_takes_no_row_twice(
    trial: Trial, spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dex.pipelines import streams

    sources = {
        "tables.py": """\
@dp.materialized_view
def numbers():
    return spark.range(3)

@dp.table
def taken():
    return spark.readStream.option("skipChangeCommits", "true").table("numbers")
"""
    }

    def ended(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(streams.Checkpoint, "done", ended)
    with pytest.raises(KeyboardInterrupt):
        trial.run(sources)
    monkeypatch.undo()
    assert len(trial.rows("taken", spark)) == 3
    trial.run()
    assert len(trial.rows("taken", spark)) == 3


def test_several_flows_fill_one_table_and_one_that_runs_once_does_so(trial: Trial, spark: Any) -> None:
    spark.sql(f"create schema if not exists local.{trial.key}")
    for name in ("north", "south"):
        spark.sql(f"select '{name}' as place, 1 as n").write.saveAsTable(f"local.{trial.key}.{name}")
    sources = {
        "tables.py": """\
dp.create_streaming_table("both", schema="place string, n int", expect_all_or_drop={"counted": "n IS NOT NULL"})

for each in ("north", "south"):
    @dp.append_flow(target="both", name=f"from_{each}")
    def flow(each=each):
        return spark.readStream.table(each)

@dp.append_flow(target="both", once=True)
def history():
    return spark.sql("select 'history' as place, 0 as n")
""",
        "more.sql": "CREATE FLOW more AS INSERT INTO both BY NAME SELECT n + 10 AS n, place FROM STREAM(north);",
    }
    trial.run(sources)
    spark.sql(f"insert into local.{trial.key}.south values ('south', 2)")
    trial.run()
    assert trial.rows("both", spark) == [
        ("history", 0),
        ("north", 1),
        ("north", 11),
        ("south", 1),
        ("south", 2),
    ]


FEED = """\
CREATE OR REFRESH STREAMING TABLE feed AS SELECT * FROM STREAM read_files(
  'landing/{key}', format => 'json', schema => 'id int, name string, gone boolean, at int');
CREATE OR REFRESH STREAMING TABLE by_sql;
CREATE FLOW apply AS AUTO CDC INTO by_sql FROM STREAM(feed) KEYS (id)
APPLY AS DELETE WHEN gone SEQUENCE BY at COLUMNS * EXCEPT (gone, at) STORED AS SCD TYPE 1;
"""


def test_a_change_feed_leaves_the_newest_row_of_each_key_whatever_its_order(trial: Trial, spark: Any) -> None:
    folder = trial.environment.project.root / "landing" / trial.key
    folder.mkdir(parents=True)

    def add(name: str, *rows: tuple[int | None, str, bool, int]) -> None:
        lines = [json.dumps(dict(zip(("id", "name", "gone", "at"), row, strict=True))) for row in rows]
        (folder / name).write_text("\n".join(lines))

    sources = {
        "feed.sql": FEED.format(key=trial.key),
        "tables.py": """\
dp.create_streaming_table("by_python")
dp.create_auto_cdc_flow(
    target="by_python", source="feed", keys=["id"], sequence_by=F.col("at"),
    apply_as_deletes=F.expr("gone"), except_column_list=["gone", "at"], stored_as_scd_type=1,
)
""",
    }
    add("1.json", (1, "new", False, 5), (1, "old", False, 1), (2, "b", False, 1), (3, "c", False, 2))
    trial.run(sources)
    assert trial.rows("by_sql", spark) == [(1, "new"), (2, "b"), (3, "c")]
    add("2.json", (2, "", True, 3), (3, "", True, 1), (1, "late", False, 4), (4, "d", False, 1))
    trial.run()
    assert trial.rows("by_sql", spark) == [(1, "new"), (3, "c"), (4, "d")]
    assert trial.rows("by_python", spark) == trial.rows("by_sql", spark)
    add("3.json", (None, "nobody", False, 9))
    refused = trial.run()
    assert (refused.datasets[1].error or "").startswith("DEX-PIPELINE-15")
    assert trial.rows("by_sql", spark) == [(1, "new"), (3, "c"), (4, "d")]


def test_notebooks_are_sources_too(trial: Trial, spark: Any) -> None:
    cells = [
        "%pip install nothing-at-all",
        "from pyspark import pipelines as dp",
        "@dp.table\ndef one():\n    return spark.range(1)",
    ]
    notebook = {
        "cells": [
            {"cell_type": "code", "source": cell, "metadata": {}, "outputs": [], "execution_count": None, "id": f"c{n}"}
            for n, cell in enumerate(cells)
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    update = trial.run(
        {
            "first.ipynb": json.dumps(notebook),
            "second.py": "# Databricks notebook source\n# MAGIC %md\n# MAGIC Two\n\n# COMMAND ----------\n\n"
            "from pyspark import pipelines as dp\n\n# COMMAND ----------\n\n"
            "@dp.table\ndef two():\n    return spark.table('one')\n",
            "third.sql": "-- Databricks notebook source\nCREATE OR REFRESH MATERIALIZED VIEW three AS SELECT * FROM two\n\n"
            "-- COMMAND ----------\n\nCREATE OR REFRESH MATERIALIZED VIEW four AS SELECT * FROM three\n",
        }
    )
    assert update.state == "COMPLETED"
    assert trial.rows("four", spark) == [(0,)]
    assert [each.place.rpartition("/")[2] for each in update.datasets] == [
        "first.ipynb, cell 3, line 1",
        "second.py, line 11",
        "third.sql, line 2",
        "third.sql, line 6",
    ]


FAULTS = {
    "unknown": (
        "@dp.table\ndef odrers():\n    return spark.range(1)\n\n@dp.table\ndef b():\n    return spark.table('orders')\n",
        "DEX-PIPELINE-06",
        8,
        "orders, which this pipeline does not define and the catalog does not have. Did you mean",
    ),
    "circle": (
        "@dp.table\ndef a():\n    return spark.table('b')\n\n@dp.table\ndef b():\n    return spark.table('a')\n",
        "DEX-PIPELINE-07",
        4,
        "in a circle",
    ),
    "twice": (
        "@dp.table\ndef a():\n    return spark.range(1)\n\n@dp.table(name='A')\ndef b():\n    return spark.range(1)\n",
        "DEX-PIPELINE-05",
        8,
        "is defined twice; the other time in",
    ),
    "syntax": ("@dp.table\ndef a(:\n    pass\n", "DEX-PIPELINE-03", 5, "SyntaxError"),
    "raises": ("import nothing_like_it\n", "DEX-PIPELINE-03", 4, "ModuleNotFoundError"),
    "no_frame": ("@dp.table\ndef a():\n    spark.range(1)\n", "DEX-PIPELINE-14", 4, "returns nothing"),
    "stream": (
        "@dp.table\ndef a():\n    return spark.range(1)\n\n@dp.materialized_view\ndef b():\n    return spark.readStream.table('a')\n",
        "DEX-PIPELINE-14",
        8,
        "reads a stream",
    ),
    "no_stream": (
        "dp.create_streaming_table('a')\n\n@dp.append_flow(target='a')\ndef b():\n    return spark.range(1)\n",
        "DEX-PIPELINE-14",
        6,
        "reads no stream",
    ),
    "flow": (
        "@dp.append_flow(target='nothing')\ndef b():\n    return spark.range(1)\n",
        "DEX-PIPELINE-05",
        4,
        "no dataset of this pipeline",
    ),
    "parameter": ("@dp.table(nmae='x')\ndef a():\n    return spark.range(1)\n", "DEX-PIPELINE-04", 4, "'nmae'"),
    "above": (
        "@dp.expect('a', 'true')\n@dp.table\ndef a():\n    return spark.range(1)\n",
        "DEX-PIPELINE-04",
        4,
        "above the decorator",
    ),
    "schema": ("@dp.table(schema='a INTT')\ndef a():\n    return spark.range(1)\n", "DEX-PIPELINE-04", 4, "The schema cannot"),
    "generated": (
        "@dp.table(schema='a INT, b INT GENERATED ALWAYS AS (a + 1)')\ndef a():\n    return spark.range(1)\n",
        "DEX-PIPELINE-08",
        4,
        "GENERATED of the column b",
    ),
    "sink": ("dp.create_sink('a', 'kafka', {})\n", "DEX-PIPELINE-08", 4, "The sink 'a'"),
    "history": (
        "dp.create_streaming_table('a')\ndp.create_auto_cdc_flow('a', 'b', ['id'], 'at', stored_as_scd_type=2)\n",
        "DEX-PIPELINE-08",
        5,
        "SCD type 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_source_is_told_with_its_line_and_nothing_is_written(trial: Trial, spark: Any, name: str) -> None:
    source, code, line, said = FAULTS[name]
    with pytest.raises(PipelineError) as told:
        trial.run({"tables.py": source})
    assert (told.value.code, told.value.where and told.value.where.line) == (code, line), str(told.value)
    assert said in told.value.what
    assert not spark.catalog.tableExists(f"local.{trial.key}.a")


SQL_FAULTS = {
    "DROP TABLE x": ("DEX-PIPELINE-04", "holds statements that define datasets"),
    "CREATE TABLE x (id INT)": ("DEX-PIPELINE-04", "CREATE TABLE is nothing that a pipeline fills"),
    "CREATE OR REFRESH MATERIALIZED VIEW x": ("DEX-PIPELINE-04", "has no query"),
    "CREATE OR REFRESH MATERIALIZED VIEW x AS SELEC 1 FROM": ("DEX-PIPELINE-04", "cannot be read"),
    "CREATE OR REFRESH MATERIALIZED VIEW x (CONSTRAINT a EXPECT (true) ON VIOLATION DROP) AS SELECT 1 AS a": (
        "DEX-PIPELINE-04",
        "ON VIOLATION DROP",
    ),
    "CREATE OR REFRESH MATERIALIZED VIEW x (a INT MASK m) AS SELECT 1 AS a": ("DEX-PIPELINE-08", "MASK of the column a"),
    "CREATE OR REFRESH STREAMING TABLE x AS SELECT count(*) AS n FROM STREAM base": ("DEX-PIPELINE-08", "an aggregate"),
    "CREATE OR REFRESH STREAMING TABLE x AS SELECT a.id FROM STREAM base a JOIN STREAM base b ON a.id = b.id": (
        "DEX-PIPELINE-08",
        "a JOIN of two streams",
    ),
    "CREATE VIEW x AS SELECT 1 AS n": ("DEX-PIPELINE-08", "CREATE VIEW of 'x'"),
    "CREATE OR REFRESH STREAMING TABLE x AS SELECT * FROM base": ("DEX-PIPELINE-14", "reads no stream"),
    "CREATE FLOW f AS AUTO CDC INTO x FROM STREAM(base) KEYS (id) SEQUENCE BY id STORED AS SCD TYPE 2": (
        "DEX-PIPELINE-08",
        "SCD TYPE 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("statement", SQL_FAULTS)
def test_a_faulty_statement_is_told_with_its_line(environment: Environment, statement: str) -> None:
    trial = Trial(environment, "statements")
    code, said = SQL_FAULTS[statement]
    base = "CREATE OR REFRESH MATERIALIZED VIEW base AS SELECT 1 AS id;\n-- comment; with a semicolon\n\n"
    with pytest.raises(PipelineError) as told:
        trial.run({"tables.sql": f"{base}{statement};"})
    assert (told.value.code, told.value.where and told.value.where.line) == (code, 4), str(told.value)
    assert said in told.value.what


STATEFUL = {
    "grouped": ".groupBy('id').count()",
    "whole": ".select(F.sum('id').alias('n'))",
    "text": ".selectExpr('max(id) as n')",
    "distinct": ".distinct()",
    "window": ".selectExpr('row_number() over (order by id) as n')",
    "sorted": ".orderBy('id')",
    "few": ".limit(1)",
    "itself": ".alias('a').join(spark.readStream.table('base').alias('b'), 'id')",
    "minus": ".exceptAll(spark.range(1))",
}


def test_a_stream_below_what_keeps_state_is_refused_and_other_tables_are_made(trial: Trial, spark: Any) -> None:
    made = [
        f"@dp.table\ndef {name}():\n    return spark.readStream.table('base'){more}\n"
        for name, more in STATEFUL.items()
    ]
    fine = (
        "@dp.table\ndef fine():\n    other = spark.createDataFrame([(0, 'zero')], 'id long, name string')\n"
        "    one = spark.readStream.table('base').where('id < 2').withColumn('at', F.current_timestamp())\n"
        "    joined = one.withWatermark('at', '1 hour').join(other, 'id', 'left').drop('at')\n"
        "    return joined.unionByName(spark.readStream.table('base').where('id = 2').selectExpr('id', 'null as name'))\n"
    )
    base = "@dp.table\ndef base():\n    return spark.range(3)\n"
    update = trial.run({"tables.py": "\n".join([base, *made, fine])})
    wrong = {
        each.name: each.error
        for each in update.datasets
        if each.name.rpartition(".")[2] in STATEFUL and not (each.error or "").startswith("DEX-PIPELINE-08")
    }
    assert not wrong
    assert trial.rows("fine", spark) == [(0, "zero"), (1, None), (2, None)]


def test_a_query_that_fails_takes_along_only_those_that_read_it(trial: Trial, spark: Any) -> None:
    update = trial.run(
        {
            "tables.py": """\
@dp.table
def bad():
    return spark.range(1).selectExpr("id", "1 / id as x")

@dp.table
def reads_bad():
    frame = spark.table("bad")
    return frame.select(frame.columns[0])

@dp.table
def good():
    rows = spark.range(2)
    return rows
"""
        }
    )
    assert trial.states(update) == {"bad": "FAILED", "reads_bad": "SKIPPED", "good": "COMPLETED"}
    bad = next(each for each in update.datasets if each.name.endswith(".bad"))
    assert (bad.error or "").startswith(f"DEX-PIPELINE-10: local.{trial.key}.bad cannot be made: ")
    assert f"where: pipelines/{trial.key}/tables.py, line 4" in (bad.error or "")
    assert not spark.catalog.tableExists(f"local.{trial.key}.bad")


def test_some_tables_are_chosen_and_a_plan_alone_writes_nothing(trial: Trial, spark: Any) -> None:
    chain = "CREATE OR REFRESH MATERIALIZED VIEW a AS SELECT 1 AS x;\nCREATE OR REFRESH MATERIALIZED VIEW b AS SELECT * FROM a;"
    planned = trial.run({"tables.sql": chain}, dry_run=True)
    assert planned.state is None
    assert [(each.name, each.reads) for each in planned.datasets] == [
        (f"local.{trial.key}.a", []),
        (f"local.{trial.key}.b", [f"local.{trial.key}.a"]),
    ]
    assert not spark.catalog.tableExists(f"local.{trial.key}.a")
    for chosen, said in (("nothing", "has no table 'nothing'"), ("b", "is not there yet and is not chosen")):
        with pytest.raises(PipelineError, match="DEX-PIPELINE-13|" + said) as told:
            trial.run(refresh=[chosen])
        assert told.value.code == "DEX-PIPELINE-13"
    assert trial.states(trial.run(refresh=["a"])) == {"a": "COMPLETED", "b": "EXCLUDED"}
    assert trial.states(trial.run(refresh=["b"])) == {"a": "EXCLUDED", "b": "COMPLETED"}


def test_what_cannot_be_made_here_is_left_out_by_choosing_the_others(trial: Trial, spark: Any) -> None:
    sources = {
        "tables.py": """\
dp.create_sink("away", "kafka", {})

@dp.append_flow(target="away")
def sent():
    return spark.readStream.table("fine")

dp.create_streaming_table("history")
dp.create_auto_cdc_flow("history", "fine", ["id"], "id", stored_as_scd_type=2)

@dp.table(row_filter="ROW FILTER f ON (id)")
def filtered():
    return spark.range(1)

@dp.table
def from_kafka():
    return spark.readStream.format("kafka").load()

@dp.table
def fine():
    return spark.range(2)
"""
    }
    with pytest.raises(PipelineError, match="The sink 'away'"):
        trial.run(sources)
    update = trial.run(refresh=["fine"])
    assert trial.states(update) == {
        "fine": "COMPLETED",
        **dict.fromkeys(("away", "history", "filtered", "from_kafka"), "EXCLUDED"),
    }
    for name, said in (("history", "SCD type 2"), ("filtered", "row filter"), ("from_kafka", "'kafka' as a stream")):
        with pytest.raises(PipelineError, match=said) as told:
            trial.run(refresh=[name])
        assert told.value.code == "DEX-PIPELINE-08"


def test_tables_of_others_are_found_whatever_the_case_of_their_names(trial: Trial, spark: Any) -> None:
    spark.sql(f"create schema if not exists local.{trial.key}")
    spark.sql("select 1 as id").write.saveAsTable(f"local.{trial.key}.Theirs")
    update = trial.run(
        {
            "tables.py": """\
@dp.table
def Batch():
    rows = spark.range(1)
    return spark.sql("select theirs.id from theirs join {rows} r on true", rows=rows)

@dp.table
def streamed():
    return spark.sql("select THEIRS.id from stream(THEIRS)")

@dp.table
def own():
    return spark.sql("select BATCH.id from BATCH").unionByName(spark.table("baTch"))

@dp.table
def of_a_stream():
    return spark.sql("select * from {rows}", rows=spark.readStream.table("theirs"))
"""
        }
    )
    assert update.state == "COMPLETED", trial.log
    assert [each.kind for each in update.datasets if each.name.endswith("stream")] == ["streaming table"]
    assert trial.rows("own", spark) == [(1,), (1,)]
    assert trial.rows("streamed", spark) == trial.rows("of_a_stream", spark) == [(1,)]


def test_a_table_that_may_not_be_reset_stays(trial: Trial, spark: Any) -> None:
    sources = {
        "tables.sql": """\
CREATE OR REFRESH STREAMING TABLE kept TBLPROPERTIES ('pipelines.reset.allowed' = 'false') AS
SELECT * FROM STREAM(source);
CREATE OR REFRESH STREAMING TABLE made_anew AS SELECT * FROM STREAM(source);
"""
    }
    spark.sql(f"create schema if not exists local.{trial.key}")
    spark.range(2).write.saveAsTable(f"local.{trial.key}.source")
    trial.run(sources)
    spark.sql(f"insert into local.{trial.key}.kept values (7)")
    spark.sql(f"insert into local.{trial.key}.made_anew values (7)")
    trial.run(full_refresh=True)
    assert trial.rows("kept", spark) == [(0,), (1,), (7,)]
    assert trial.rows("made_anew", spark) == [(0,), (1,)]


def test_the_session_is_as_it_was_afterwards(trial: Trial, spark: Any) -> None:
    before = (spark.catalog.currentCatalog(), spark.catalog.currentDatabase())
    update: Update = trial.run(
        {"tables.py": "@dp.table(spark_conf={'of.one': 'flow'})\ndef a():\n    return spark.range(1)\n"},
        settings={"configuration": {"of.the.pipeline": "x"}},
    )
    assert update.state == "COMPLETED"
    assert (spark.catalog.currentCatalog(), spark.catalog.currentDatabase()) == before
    assert spark.conf.get("of.the.pipeline", "none") == "none"
    assert spark.conf.get("of.one", "none") == "none"
    from pyspark import pipelines

    assert pipelines.__file__  # Spark's own module again


def test_the_guard_of_the_environment_sees_what_a_pipeline_writes(trial: Trial) -> None:
    guarded = trial.environment.model_copy(
        update={"name": "guarded", "guard": trial.environment.guard.model_copy(update={"writes": "deny"})}
    )
    from dex.guard import install_tap

    install_tap()
    denied = Trial(guarded, trial.key)
    with pytest.raises(GuardError) as told:
        denied.run({"tables.sql": "CREATE OR REFRESH MATERIALIZED VIEW a AS SELECT 1 AS x;"})
    assert told.value.code == "DEX-GUARD-01"
    assert denied.run(dry_run=True).state is None  # a plan writes nothing


def test_a_pipeline_of_the_bundle_runs_from_the_command_line(
    own_project: Path, spark: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    from dex.cli import main

    files = {
        "databricks.yml": "bundle: {name: trial}\ninclude: [resources/*.yml]\ntargets: {dev: {default: true}}\n",
        "resources/by_hand.pipeline.yml": """\
resources:
  pipelines:
    by_hand:
      name: by hand
      schema: "${bundle.target}_by_hand"
      root_path: ../flow
      parameters: {least: "1"}
      libraries: [{glob: {include: ../flow/**}}]
""",
        "flow/a.py": "from pyspark import pipelines as dp\n\n@dp.table\ndef a():\n    return spark.range(3)\n",
        "flow/deeper/b.sql": "CREATE OR REFRESH MATERIALIZED VIEW b AS SELECT * FROM a WHERE id >= cast(:least AS INT);\n",
    }
    for name, text in files.items():
        (own_project / name).parent.mkdir(parents=True, exist_ok=True)
        (own_project / name).write_text(text)
    words = ["pipeline", "run", "by_hand", "--project", str(own_project)]
    assert main([*words, "--dry-run"]) == 0
    shown = capfd.readouterr().out.splitlines()
    assert [line.split() for line in shown[1:]] == [
        ["local.local_by_hand.a", "materialized", "view", "flow/a.py,", "line", "3"],
        ["local.local_by_hand.b", "materialized", "view", "local.local_by_hand.a", "flow/deeper/b.sql,", "line", "1"],
    ]
    assert not spark.catalog.databaseExists("local_by_hand")
    assert main([*words, "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert [(each["name"], each["rows"]) for each in told["datasets"]] == [
        ("local.local_by_hand.a", 3),
        ("local.local_by_hand.b", 2),
    ]
    assert main(["runs", "--json", "--project", str(own_project)]) == 0
    assert json.loads(capfd.readouterr().out)[0]["summary"] == "by_hand: 2 of 2 tables made"

    def change(query: str) -> None:
        (own_project / "flow/a.py").write_text(files["flow/a.py"].replace("range(3)", query))

    change("range(3).select('nothing')")
    assert main(words) == 2
    assert "DEX-PIPELINE-10: local.local_by_hand.a cannot be made" in capfd.readouterr().err
    change("range(3).selectExpr('1 / id AS id')")
    assert main(words) == 1
    said = capfd.readouterr()
    assert "by_hand: FAILED, 0 of 2 tables made" in said.out
    assert "local.local_by_hand.b (materialized view): SKIPPED, local.local_by_hand.a was not made" in said.err
    assert main(["pipeline", "run", "nothing", "--project", str(own_project)]) == 2
    assert "DEX-BUNDLE-30: The bundle has no pipeline 'nothing'. Known: by_hand." in capfd.readouterr().err


SLOW = """\
from pyspark import pipelines as dp
from pyspark.sql.functions import udf
from pathlib import Path
import os, time

marker = Path(os.environ["DEX_PROJECT"], "killed.txt")

@udf("long")
def slowly(n):
    time.sleep(0.5)
    return n

@dp.table
def numbers():
    frame = spark.range(4)
    if not marker.exists():
        return frame
    marker.write_text("going")
    return frame.repartition(1).select(slowly("id").alias("id"))

@dp.table
def taken():
    return spark.readStream.option("skipChangeCommits", "true").table("numbers")
"""


def test_an_update_that_is_killed_leaves_its_tables_whole_and_the_next_one_finishes(
    own_project: Path, spark: Any
) -> None:
    files = {
        "databricks.yml": "bundle: {name: trial}\ninclude: [resources/*.yml]\ntargets: {dev: {default: true}}\n",
        "resources/killed.pipeline.yml": "resources: {pipelines: {killed: {name: killed, schema: killed, "
        "libraries: [{file: {path: ../killed.py}}]}}}\n",
        "killed.py": SLOW,
    }
    for name, text in files.items():
        (own_project / name).parent.mkdir(exist_ok=True)
        (own_project / name).write_text(text)
    command = [str(Path(sys.executable).with_name("dex")), "pipeline", "run", "killed", "--project", str(own_project)]
    env = {**os.environ, "DEX_PROJECT": str(own_project)}
    subprocess.run(command, env=env, check=True, capture_output=True)
    marker = own_project / "killed.txt"
    marker.touch()
    going = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not marker.read_text():
        assert time.monotonic() < deadline, "it does not begin"
        time.sleep(0.02)
    time.sleep(0.5)
    going.kill()
    going.wait()
    rows = [(n,) for n in range(4)]
    trial = Trial(load_environment("local", start=own_project), "killed")
    assert trial.rows("numbers", spark) == trial.rows("taken", spark) == rows
    marker.unlink()
    subprocess.run(command, env=env, check=True, capture_output=True)
    assert trial.rows("numbers", spark) == trial.rows("taken", spark) == rows
    assert not (own_project / ".dex/pipelines/local/killed/staging").exists()
