"""The guard in front of the real engine: what a person writes, and what is there afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dex import session as binding
from dex_dbutils import GuardError, load_environment
from engine_fixture import engine_project

PROD = "kind: production\nengine: {type: sail}\ncatalog: flights_prod\n"
FROZEN = "kind: production\nengine: {type: sail}\ncatalog: frozen\nguard: {writes: deny}\n"
DYNAMIC = (
    "kind: local\nengine: {type: sail, conf: {spark.sql.sources.partitionOverwriteMode: dynamic}}\ncatalog: dynamic\n"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("guard") / "trial"
    with engine_project(folder, prod=PROD, frozen=FROZEN, dynamic=DYNAMIC) as made:
        yield made


def spark_of(project: Path, name: str, confirm: str | None = None) -> Any:
    return binding.bind(name, confirm=confirm).spark


def refuses(code: str, work: Any) -> GuardError:
    with pytest.raises(GuardError) as caught:
        work()
    assert caught.value.code == code
    return caught.value


def test_a_write_to_the_own_catalog_arrives(project: Path) -> None:
    spark = spark_of(project, "local")
    spark.range(3).write.saveAsTable("local.bronze.own", mode="overwrite")
    spark.range(2).write.insertInto("bronze.own")
    spark.range(4).writeTo("local.bronze.second").createOrReplace()
    spark.sql("DELETE FROM local.bronze.own WHERE id = 0")
    assert spark.table("local.bronze.own").count() == 3
    assert spark.table("local.bronze.second").count() == 4


def test_another_environments_table_stays_as_it_is(project: Path) -> None:
    spark_of(project, "lab").range(5).write.saveAsTable("lab.bronze.theirs", mode="overwrite")
    spark = spark_of(project, "local")
    frame = spark.range(1)
    refuses("DEX-GUARD-03", lambda: frame.write.saveAsTable("lab.bronze.theirs", mode="overwrite"))
    refuses("DEX-GUARD-03", lambda: frame.write.mode("append").insertInto("lab.bronze.theirs"))
    refuses("DEX-GUARD-03", lambda: frame.writeTo("lab.bronze.theirs").append())
    refuses("DEX-GUARD-03", lambda: spark.sql("DROP TABLE lab.bronze.theirs"))
    refuses("DEX-GUARD-03", lambda: spark.sql("DELETE FROM IDENTIFIER(:t)", args={"t": "lab.bronze.theirs"}))
    refuses("DEX-GUARD-03", lambda: spark.sql("INSERT INTO lab.bronze.theirs SELECT * FROM {f}", f=frame))
    refuses("DEX-GUARD-03", lambda: spark.sql("TRUNCATE TABLE lab.bronze.theirs"))
    place = load_environment("lab").warehouse / "lab/bronze/theirs"
    refuses("DEX-GUARD-03", lambda: frame.write.format("delta").mode("overwrite").save(str(place)))
    assert spark_of(project, "lab").table("lab.bronze.theirs").count() == 5


def test_files_are_written_only_where_tables_may_be(project: Path) -> None:
    fs = binding.bind("prod").dbutils.fs
    refuses("DEX-GUARD-02", lambda: fs.put("dbfs:/raw/x.csv", "x"))
    refuses("DEX-GUARD-02", lambda: fs.rm("dbfs:/raw", True))
    refuses("DEX-GUARD-02", lambda: fs.mkdirs("/Volumes/flights_prod/raw/files"))
    fs = binding.bind("frozen").dbutils.fs
    refuses("DEX-GUARD-01", lambda: fs.put("dbfs:/raw/x.csv", "x"))
    fs = binding.bind("local").dbutils.fs
    refuses("DEX-GUARD-03", lambda: fs.put(".dex/warehouse/lab/lab/bronze/t/x.csv", "x"))
    refuses("DEX-GUARD-03", lambda: fs.put("/Volumes/lab/raw/files/x.csv", "x"))
    assert fs.put("dbfs:/raw/x.csv", "x")
    assert binding.bind("prod").dbutils.fs.head("dbfs:/raw/x.csv") == "x"
    fs = binding.bind("prod", confirm="prod").dbutils.fs
    assert fs.put("dbfs:/raw/x.csv", "y", True)
    assert fs.rm("dbfs:/raw", True)


def test_a_relative_path_into_another_environment_is_no_way_around(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spark_of(project, "lab").range(5).write.saveAsTable("lab.bronze.beside", mode="overwrite")
    frame = spark_of(project, "local").range(9)
    monkeypatch.chdir(tmp_path)
    save = frame.write.mode("overwrite").format("delta").save
    refuses("DEX-GUARD-03", lambda: save(".dex/warehouse/lab/lab/bronze/beside"))
    refuses("DEX-GUARD-03", lambda: save("data/../.dex/warehouse/lab/lab/bronze/beside"))
    assert spark_of(project, "lab").table("lab.bronze.beside").count() == 5


def test_files_are_read_and_written_from_the_projects_folder(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spark = spark_of(project, "local")
    monkeypatch.chdir(tmp_path)
    (project / "data").mkdir()
    (project / "data/a.csv").write_text("id\n1\n2\n")
    (project / "data/b.csv").write_text("id\n3\n")
    assert spark.read.csv("data/a.csv", header=True).count() == 2
    assert spark.read.csv("data/*.csv", header=True).count() == 3
    assert spark.read.csv("data", header=True).count() == 3
    assert spark.read.csv(f"file://{project}/data/a.csv", header=True).count() == 2
    spark.range(4).write.parquet("data/out")
    assert list((project / "data/out").glob("*.parquet"))
    assert spark.read.parquet("data/out").count() == 4


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "text"])
def test_a_file_that_is_not_there_is_an_error(project: Path, kind: str) -> None:
    spark = spark_of(project, "local")
    for path in ("/nope/none", "none", "none/*.x"):
        refuses("DEX-GUARD-10", lambda path=path: spark.read.format(kind).load(path).count())
    refuses("DEX-GUARD-10", lambda: spark.sql(f"SELECT * FROM {kind}.`/nope/none`").count())
    refuses("DEX-GUARD-11", lambda: spark.read.format(kind).option("path", "/nope").load().count())


def test_a_short_name_in_another_current_catalog_is_no_way_around(project: Path) -> None:
    spark = spark_of(project, "local")
    frame = spark.range(1)
    spark.catalog.setCurrentCatalog("lab")
    try:
        refuses("DEX-GUARD-03", lambda: frame.write.saveAsTable("bronze.theirs", mode="overwrite"))
    finally:
        spark.catalog.setCurrentCatalog("local")
    frame.write.saveAsTable("bronze.short", mode="overwrite")
    assert spark.table("local.bronze.short").count() == 1


def test_production_is_read_until_its_name_is_typed(project: Path) -> None:
    spark = spark_of(project, "prod")
    frame = spark.range(3)
    assert frame.count() == 3
    assert spark.sql("SHOW TABLES IN flights_prod.bronze").collect() == []
    frame.createOrReplaceTempView("v")
    assert spark.sql("SELECT * FROM v").count() == 3
    error = refuses("DEX-GUARD-02", lambda: frame.write.saveAsTable("flights_prod.bronze.t"))
    assert "%dex_env prod --confirm prod" in str(error)
    refuses("DEX-GUARD-02", lambda: spark.sql("CREATE TABLE flights_prod.bronze.t AS SELECT 1 AS id"))
    refuses("DEX-GUARD-08", lambda: binding.bind("prod", confirm="yes"))
    assert spark.sql("SHOW TABLES IN flights_prod.bronze").where("not isTemporary").collect() == []

    spark = spark_of(project, "prod", confirm="prod")
    spark.range(3).write.saveAsTable("flights_prod.bronze.t", mode="overwrite")
    refuses("DEX-GUARD-03", lambda: spark.range(1).write.saveAsTable("local.bronze.own", mode="overwrite"))

    spark = spark_of(project, "prod")
    refuses("DEX-GUARD-02", lambda: spark.sql("DROP TABLE flights_prod.bronze.t"))
    assert spark.table("flights_prod.bronze.t").count() == 3


def test_a_confirmed_production_looks_confirmed(project: Path) -> None:
    from dex.magics import env, status
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    shown = []
    try:
        for line in ("prod --confirm prod", "prod"):
            for magic, words in ((env, line), (status, "")):
                with capture_output() as captured:
                    magic.run(shell, words)
                shown.append(captured.outputs[-1].data["text/plain"])
    finally:
        InteractiveShell.clear_instance()
    assert ["confirm, confirmed in this notebook" in text for text in shown] == [True, True, False, False]


def test_a_read_only_environment_cannot_be_written_at_all(project: Path) -> None:
    spark = spark_of(project, "frozen")
    refuses("DEX-GUARD-01", lambda: spark.range(1).write.saveAsTable("frozen.bronze.t"))
    refuses("DEX-GUARD-09", lambda: binding.bind("frozen", confirm="frozen"))
    refuses("DEX-GUARD-01", lambda: spark.sql("CREATE SCHEMA frozen.extra"))
    assert spark.range(2).count() == 2


def test_partitions_are_not_lost_to_an_option_that_the_engine_ignores(project: Path) -> None:
    spark = spark_of(project, "local")
    days = spark.sql("SELECT * FROM VALUES (1, 'mon'), (2, 'tue') AS t(id, day)")
    days.write.partitionBy("day").saveAsTable("local.silver.days", mode="overwrite")
    monday = spark.sql("SELECT 3 AS id, 'mon' AS day")
    dynamic = monday.write.option("partitionOverwriteMode", "dynamic").mode("overwrite")
    refuses("DEX-GUARD-06", lambda: dynamic.saveAsTable("local.silver.days"))
    refuses("DEX-GUARD-06", lambda: spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic"))
    refuses("DEX-GUARD-06", lambda: spark.sql("SET spark.sql.sources.partitionOverwriteMode = dynamic"))
    assert spark.table("local.silver.days").count() == 2

    by_condition = monday.write.format("delta").option("replaceWhere", "day = 'mon'").mode("overwrite")
    refuses("DEX-GUARD-06", lambda: by_condition.saveAsTable("local.silver.days"))
    refuses("DEX-GUARD-06", lambda: by_condition.insertInto("local.silver.days"))
    assert spark.table("local.silver.days").count() == 2

    from pyspark.sql.connect import functions as F

    monday.writeTo("local.silver.days").overwrite(F.col("day") == "mon")
    assert sorted(row.id for row in spark.table("local.silver.days").collect()) == [2, 3]
    spark.sql("INSERT INTO local.silver.days REPLACE WHERE day = 'tue' SELECT 4 AS id, 'tue' AS day")
    assert sorted(row.id for row in spark.table("local.silver.days").collect()) == [3, 4]


def test_a_configuration_that_would_lose_data_is_not_bound(project: Path) -> None:
    before = binding.bind("local")
    error = refuses("DEX-GUARD-06", lambda: binding.bind("dynamic"))
    assert "REPLACE WHERE" in str(error)
    assert binding.current() is before


def test_an_idempotent_write_does_not_double_rows_in_silence(project: Path) -> None:
    spark = spark_of(project, "local")
    once = spark.range(2).write.format("delta").mode("append").option("txnAppId", "daily").option("txnVersion", "1")
    refuses("DEX-GUARD-07", lambda: once.saveAsTable("local.silver.once"))


def test_explaining_by_running_is_running(project: Path) -> None:
    spark = spark_of(project, "prod")
    refuses("DEX-GUARD-02", lambda: spark.sql("EXPLAIN ANALYZE INSERT INTO flights_prod.bronze.t SELECT 9"))
    assert spark.sql("EXPLAIN DELETE FROM flights_prod.bronze.t").count() == 1
    assert spark.table("flights_prod.bronze.t").count() == 3


def test_a_compressed_plan_is_seen_through(project: Path) -> None:
    spark = spark_of(project, "local")
    refuses("DEX-GUARD-03", lambda: spark.sql(f"DROP TABLE lab.bronze.theirs -- {'x' * 1_000_000}"))
    refuses("DEX-GUARD-04", lambda: spark.sql(f"DROP TABLE lab.bronze.theirs -- {'x' * 12_000_000}"))
    big = spark.createDataFrame([("x" * 1000,)] * 20_000, "a string")
    assert big.count() == 20_000


def test_the_error_in_a_cell_is_the_message_alone(project: Path) -> None:
    error = refuses("DEX-GUARD-03", lambda: spark_of(project, "local").sql("DROP TABLE lab.bronze.theirs"))
    shown = "\n".join(error._render_traceback_())
    assert shown.startswith("DEX-GUARD-03")
    assert "grpc" not in shown
