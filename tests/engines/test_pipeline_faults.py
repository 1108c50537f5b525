"""What is wrong in a pipeline's sources is told with its line; what is not touched by it is made."""

from __future__ import annotations

from typing import Any

import pytest
from dex_dbutils import Environment, PipelineError
from pipeline_sources import Trial

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
