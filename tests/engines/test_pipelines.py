"""Declarative pipelines on this machine: what their sources define is made, in order, once, and nothing by half."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dex.pipelines import Update
from dex_dbutils import GuardError, PipelineError
from pipeline_sources import Trial


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
    own_project: Path, spark: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
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
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-to-be-shown")
    change("range(3).selectExpr(\"cast('sk-never-to-be-shown' AS INT) AS id\")")
    assert main(words) == 1
    said = capfd.readouterr()
    assert "never-to-be-shown" not in said.out + said.err
    assert "[OPENAI_API_KEY]" in said.err
    assert main(["pipeline", "run", "nothing", "--project", str(own_project)]) == 2
    assert "DEX-BUNDLE-30: The bundle has no pipeline 'nothing'. Known: by_hand." in capfd.readouterr().err
