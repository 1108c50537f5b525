"""Streams of a pipeline: every row that is added is taken once, and what needs earlier rows is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from dex_dbutils import PipelineError, load_environment
from pipeline_sources import Trial


def test_a_folder_that_one_flow_reads_twice_gives_every_file_once(trial: Trial, spark: Any) -> None:
    folder = trial.environment.project.root / "landing" / trial.key
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("1\n")
    (folder / "b.csv").write_text("2\n")
    sources = {
        "tables.py": f"""\
def files(pattern):
    reader = spark.readStream.format("csv").schema("x int").option("pathGlobFilter", pattern)
    return reader.load("landing/{trial.key}")

@dp.table
def both():
    return files("a*").union(files("b*"))
"""
    }
    assert trial.run(sources).datasets[0].rows == 2
    assert trial.run().datasets[0].rows == 0
    assert trial.rows("both", spark) == [(1,), (2,)]


SEEN = """\
@dp.table
def base():
    return spark.range(3)

@dp.temporary_view
def seen():
    return spark.readStream.table("base")

"""


def test_sql_takes_frames_and_is_a_stream_where_they_are(trial: Trial, spark: Any) -> None:
    update = trial.run(
        {
            "tables.py": SEEN
            + """\
@dp.materialized_view
def of_a_frame():
    return spark.sql("select id from {numbers} where id > 0", numbers=spark.range(3))

@dp.table
def of_a_stream():
    return spark.sql("select id from {numbers} where id > 1", numbers=spark.readStream.table("base"))
""",
            "older.sql": "CREATE OR REFRESH MATERIALIZED VIEW first AS SELECT base.id FROM base VERSION AS OF 0;",
        }
    )
    kinds = {each.name.rpartition(".")[2]: each.kind for each in update.datasets}
    assert (kinds["of_a_frame"], kinds["of_a_stream"]) == ("materialized view", "streaming table")
    assert trial.rows("of_a_frame", spark) == [(1,), (2,)]
    assert trial.rows("of_a_stream", spark) == [(2,)]
    assert trial.rows("first", spark) == [(0,), (1,), (2,)]


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("sum", "select sum(id) as total from seen"),
        ("count", "select count(*) as n from {stream}"),
        ("join", "select a.id from stream(base) a, seen b where a.id = b.id"),
    ],
)
def test_sql_that_needs_earlier_rows_of_a_stream_is_refused_without_the_word_stream(
    trial: Trial, kind: str, query: str
) -> None:
    table = f"@dp.table\ndef {kind}():\n    return spark.sql({query!r}, stream=spark.readStream.table('base'))\n"
    with pytest.raises(PipelineError, match="DEX-PIPELINE-08"):
        trial.run({"tables.py": SEEN + table}, dry_run=True)


def test_a_stream_of_a_table_whose_name_is_encoded_on_disk_takes_what_is_new(trial: Trial, spark: Any) -> None:
    spark.sql(f"create schema if not exists local.{trial.key}")
    table = f"local.{trial.key}.`new counts`"
    spark.sql("select 1 as `größe`").write.saveAsTable(table)
    sources = {"tables.sql": "CREATE OR REFRESH STREAMING TABLE taken AS SELECT `größe` FROM STREAM(`new counts`);"}
    assert trial.run(sources).state == "COMPLETED", trial.log
    spark.sql("select 2 as `größe`").write.mode("append").saveAsTable(table)
    assert [each.rows for each in trial.run().datasets] == [1]
    assert trial.rows("taken", spark) == [(1,), (2,)]


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


def test_a_stream_below_what_keeps_state_is_refused_and_others_can_be_chosen(trial: Trial, spark: Any) -> None:
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
    assert trial.run({"tables.py": "\n".join([base, *made, fine])}, refresh=["base", "fine"]).state == "COMPLETED"
    for name in STATEFUL:
        with pytest.raises(PipelineError, match="it needs rows that came earlier") as told:
            trial.run(refresh=[name])
        assert told.value.code == "DEX-PIPELINE-08", name
    assert trial.rows("fine", spark) == [(0, "zero"), (1, None), (2, None)]


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
