"""`guard.max_scan` in front of the real engine: what is too large to read never leaves, however it is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dex import session as binding
from dex.guard import guard_status
from dex_dbutils import GuardError
from engine_fixture import engine_project

NARROW = "kind: local\nengine: {type: sail}\ncatalog: narrow\nguard: {max_scan: 20KB}\n"
AWAY = "kind: development\nengine: {type: databricks}\nguard: {max_scan: 1.5 TB}\n"


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session that may read 20 kB at once; a table of three days, each of one file of 8 to 16 kB."""
    from pyspark.sql import functions as F

    with engine_project(tmp_path_factory.mktemp("scan") / "trial", narrow=NARROW, away=AWAY) as project:
        (project / "raw").mkdir()
        for name in ("a b.csv", "c, d.csv", "e.csv"):
            (project / "raw" / name).write_text("x\n" + "123456789\n" * 900)
        made = binding.bind("narrow").spark
        days = made.range(3000).select("id", F.rand(1).alias("v"), (F.col("id") % 3).cast("string").alias("day"))
        days.coalesce(1).write.partitionBy("day").saveAsTable("narrow.bronze.days")
        yield made


def refused(work: Any) -> str:
    with pytest.raises(GuardError) as caught:
        work()
    assert caught.value.code == "DEX-GUARD-13"
    assert "guard.max_scan" in str(caught.value)
    return str(caught.value.what)


def test_a_query_that_reads_more_than_the_limit_says_bytes_and_limit(spark: Any) -> None:
    said = refused(lambda: spark.table("narrow.bronze.days").agg({"v": "sum"}).collect())
    assert " bytes in 3 files" in said
    assert "20,000 bytes (20KB)" in said
    refused(lambda: spark.sql("SELECT sum(v) FROM narrow.bronze.days").collect())


def test_what_the_engine_leaves_out_does_not_count(spark: Any) -> None:
    assert spark.table("narrow.bronze.days").where("day = '1'").count() == 1000
    assert len(spark.table("narrow.bronze.days").limit(1).collect()) == 1
    assert spark.range(5).count() == 5
    assert spark.table("narrow.bronze.days").columns == ["id", "v", "day"]


def test_files_count_whatever_their_names(spark: Any) -> None:
    for name in ("a b.csv", "c, d.csv", "e.csv"):
        assert spark.read.csv(f"raw/{name}", header=True).count() == 900
    assert "27,006 bytes in 3 files" in refused(lambda: spark.read.csv("raw", header=True).count())
    refused(lambda: spark.sql("SELECT count(*) FROM csv.`raw`").collect())


def test_views_hide_nothing(spark: Any) -> None:
    spark.table("narrow.bronze.days").createOrReplaceTempView("all_days")
    spark.sql("CREATE VIEW narrow.bronze.kept AS SELECT * FROM narrow.bronze.days")
    refused(lambda: spark.sql("SELECT sum(v) FROM all_days").collect())
    refused(lambda: spark.table("narrow.bronze.kept").agg({"v": "sum"}).collect())
    refused(lambda: spark.sql("USE SCHEMA bronze") and spark.sql("SELECT sum(v) FROM days").collect())


def test_a_write_that_reads_too_much_writes_nothing(spark: Any) -> None:
    frame = spark.table("narrow.bronze.days")
    refused(lambda: frame.write.saveAsTable("narrow.bronze.copied"))
    refused(lambda: frame.writeTo("narrow.bronze.copied").create())
    refused(lambda: spark.sql("CREATE TABLE narrow.bronze.copied AS SELECT * FROM narrow.bronze.days"))
    refused(lambda: spark.sql("INSERT INTO narrow.bronze.days SELECT * FROM narrow.bronze.days"))
    refused(lambda: spark.sql("INSERT INTO narrow.bronze.days SELECT * FROM {f}", f=frame))
    refused(lambda: spark.sql("UPDATE narrow.bronze.days SET id = id + :n", args={"n": 1}))
    on = "ON a.id = b.id WHEN MATCHED THEN DELETE"
    refused(lambda: spark.sql(f"MERGE INTO narrow.bronze.days AS a USING narrow.bronze.days AS b {on}"))
    assert not spark.catalog.tableExists("narrow.bronze.copied")
    spark.sql("CREATE TABLE narrow.bronze.one AS SELECT * FROM narrow.bronze.days WHERE day = '2'")
    assert spark.table("narrow.bronze.one").count() == 1000
    spark.sql("DELETE FROM narrow.bronze.one WHERE id > 100")
    assert spark.table("narrow.bronze.one").count() == 33


def test_a_faulty_query_is_the_engines_to_explain(spark: Any) -> None:
    with pytest.raises(Exception, match="nothing") as caught:
        spark.sql("SELECT nothing FROM narrow.bronze.days").collect()
    assert not isinstance(caught.value, GuardError)


def test_the_status_says_what_is_checked_and_where_not(spark: Any) -> None:
    from dex.magics.env import environment_facts
    from dex_dbutils import load_environment

    assert guard_status(load_environment("local")).scan is None
    assert guard_status(load_environment("narrow")).scan == "20KB"
    away = load_environment("away")
    assert away.guard.max_scan_bytes == 1_500_000_000_000
    assert "1.5 TB, not checked" in environment_facts(away, "4.0")["text/plain"]
