"""What the local engine lacks: a clear error with a way out, which works; and parameters that arrive as they were given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from dex import session as binding
from dex_dbutils import EngineError
from engine_fixture import engine_project

#: Statement -> what the error names, and a word of its way out.
LACKING = {
    "OPTIMIZE local.bronze.t ZORDER BY (id)": ("OPTIMIZE", "needs no upkeep"),
    "/* all */ VACUUM local.bronze.t": ("VACUUM", "needs no upkeep"),
    "REORG TABLE local.bronze.t APPLY (PURGE)": ("REORG", "needs no upkeep"),
    "FSCK REPAIR TABLE local.bronze.t": ("FSCK REPAIR", "needs no upkeep"),
    "MSCK REPAIR TABLE local.bronze.t": ("MSCK REPAIR", "needs no upkeep"),
    "ANALYZE TABLE local.bronze.t COMPUTE STATISTICS": ("ANALYZE", "needs no upkeep"),
    "DESCRIBE HISTORY local.bronze.t": ("DESCRIBE HISTORY", "VERSION AS OF 0"),
    "DESCRIBE DETAIL local.bronze.t": ("DESCRIBE DETAIL", "DESCRIBE TABLE EXTENDED"),
    "RESTORE TABLE local.bronze.t TO VERSION AS OF 0": ("RESTORE", "INSERT OVERWRITE"),
    "COPY INTO local.bronze.t FROM 'raw/a.csv' FILEFORMAT = CSV": ("COPY INTO", "spark.read.csv"),
    "CREATE TABLE local.bronze.c SHALLOW CLONE local.bronze.t": ("SHALLOW CLONE", "AS SELECT"),
    "CREATE TABLE local.bronze.c DEEP CLONE local.bronze.t": ("DEEP CLONE", "AS SELECT"),
    "CREATE TABLE local.bronze.c CLONE local.bronze.t": ("CLONE", "AS SELECT"),
    "CREATE TABLE local.bronze.c CLUSTER BY (id) AS SELECT 1 AS id": ("CLUSTER BY", "Leave it out"),
    "TRUNCATE TABLE local.bronze.t": ("TRUNCATE", "DELETE FROM"),
    "SHOW PARTITIONS local.bronze.t": ("SHOW PARTITIONS", "SELECT DISTINCT"),
    "SHOW TBLPROPERTIES local.bronze.t": ("SHOW TBLPROPERTIES", "Databricks"),
    "SHOW CREATE TABLE local.bronze.t": ("SHOW CREATE TABLE", "printSchema"),
    "ALTER TABLE local.bronze.t ADD COLUMN x INT": ("ALTER TABLE", "mergeSchema"),
    "COMMENT ON TABLE local.bronze.t IS 'x'": ("COMMENT ON", "leave it to"),
    "CACHE TABLE local.bronze.t": ("CACHE TABLE", "Leave it out"),
    "CREATE FUNCTION local.bronze.f(x INT) RETURNS INT RETURN x": ("CREATE FUNCTION", "spark.udf.register"),
    "CREATE VOLUME local.bronze.v": ("CREATE VOLUME", "dbutils.fs.mkdirs"),
    "GRANT SELECT ON TABLE local.bronze.t TO `a`": ("GRANT", "leave it to"),
    "REVOKE SELECT ON TABLE local.bronze.t FROM `a`": ("REVOKE", "leave it to"),
    "CONVERT TO DELTA parquet.`raw/p`": ("CONVERT TO DELTA", "spark.read.parquet"),
    "DECLARE VARIABLE x INT DEFAULT 1": ("DECLARE", "args="),
    "DELETE FROM local.bronze.t WHERE id IN (SELECT 1)": ("a subquery in its condition", "MERGE INTO"),
    "SET spark.sql.shuffle.partitions=3": ("settings by SQL", "spark.conf.set"),
    "SELECT id FROM local.bronze.t GROUP BY ALL": ("GROUP BY ALL", "Name the columns"),
    "SELECT * FROM local.bronze.t QUALIFY row_number() OVER (ORDER BY id) = 1": ("QUALIFY", "subquery"),
    "SELECT * FROM read_files('raw/a.csv', format => 'csv')": ("read_files", "csv.`path`"),
    "SELECT * FROM table_changes('local.bronze.t', 0)": ("change data feed", "VERSION AS OF"),
    "SELECT _metadata.file_path, * FROM csv.`raw/a.csv`": ("_metadata", "F.lit(path)"),
}
#: Values, and what a person would see if they came out as another kind.
VALUES = [
    *(0, 7, -7, 2**31 - 1, -(2**31), 2**31, -(2**63), 2**63 - 1),
    *(1.5, -0.1, 1e300, 5e-324, 0.1 + 0.2),
    *(True, False, Decimal("1.20"), Decimal("-12345678901234567890.123456789")),
    *("", "it's", '"q"', "a\\b", "\\'", "\\n", "new\nline\ttab", "100%_", "{x} ${y} :z ?", "ü€😀", "-- no /* comment"),
    *(b"", b"\x00'\xff", dt.date(1, 1, 1), dt.date(2024, 2, 29), dt.date(9999, 12, 31)),
    *(dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(2024, 3, 31, 2, 30, 0, 1)),
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with engine_project(tmp_path_factory.mktemp("gaps") / "trial") as project:
        (project / "raw").mkdir()
        (project / "raw/a.csv").write_text("a,b\n1,2\n")
        made = binding.bind("local").spark
        made.range(3).write.saveAsTable("local.bronze.t")
        yield made


@pytest.mark.parametrize("statement", LACKING)
def test_a_statement_that_the_engine_lacks_says_what_to_do_instead(spark: Any, statement: str) -> None:
    with pytest.raises(EngineError) as caught:
        spark.sql(statement).collect()
    error = caught.value
    named, instead = LACKING[statement]
    assert error.code == "DEX-ENGINE-12"
    assert named in error.what
    assert instead in str(error.remedy)
    assert "type: connect" in str(error.remedy)


def test_the_path_of_a_file_is_not_there_for_frames_either(spark: Any) -> None:
    from pyspark.sql import functions as F

    frame = spark.read.csv("raw/a.csv", header=True)
    for work in (
        lambda: frame.select("*", "_metadata.file_name").collect(),
        lambda: frame.withColumn("at", F.col("_metadata.file_modification_time")).schema,
        lambda: frame.select(F.input_file_name()).collect(),
    ):
        with pytest.raises(EngineError, match="F.lit") as caught:
            work()
        assert caught.value.code == "DEX-ENGINE-12"


def test_a_column_of_that_name_and_a_wrong_name_are_no_gap(spark: Any) -> None:
    from pyspark.errors import AnalysisException, PySparkException

    assert (
        spark.sql("SELECT named_struct('file_path', 'x') AS _metadata").select("_metadata.file_path").first()[0] == "x"
    )
    with pytest.raises(AnalysisException, match="nothing"):
        spark.sql("SELECT nothing FROM local.bronze.t").collect()
    with pytest.raises(PySparkException, match="SELEKT"):
        spark.sql("SELEKT 1")


def test_the_ways_out_of_a_gap_are_ways(spark: Any) -> None:
    rows = lambda name: sorted(row[0] for row in spark.table(name).collect())
    spark.range(3).write.saveAsTable("local.bronze.w")
    spark.sql("INSERT INTO local.bronze.w VALUES (9)")
    assert spark.sql("SELECT * FROM local.bronze.w VERSION AS OF 0").count() == 3
    changed = "SELECT * FROM local.bronze.w VERSION AS OF 1 EXCEPT SELECT * FROM local.bronze.w VERSION AS OF 0"
    assert [row[0] for row in spark.sql(changed).collect()] == [9]
    spark.sql("INSERT OVERWRITE local.bronze.w SELECT * FROM local.bronze.w VERSION AS OF 0")
    assert rows("local.bronze.w") == [0, 1, 2]
    spark.sql("CREATE TABLE local.bronze.copied AS SELECT * FROM local.bronze.w")
    spark.sql("MERGE INTO local.bronze.w AS t USING (SELECT 1 AS id) AS s ON t.id = s.id WHEN MATCHED THEN DELETE")
    assert rows("local.bronze.w") == [0, 2]
    assert any("Location" in str(row) for row in spark.sql("DESCRIBE TABLE EXTENDED local.bronze.w").collect())
    spark.sql("DELETE FROM local.bronze.w")
    assert rows("local.bronze.w") == []
    assert rows("local.bronze.copied") == [0, 1, 2]
    spark.sql("SELECT 7L AS id, 8 AS more").write.mode("append").option("mergeSchema", "true").saveAsTable(
        "local.bronze.copied"
    )
    assert spark.table("local.bronze.copied").columns == ["id", "more"]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:40])
def test_a_parameter_of_a_command_is_what_it_is_in_a_query(spark: Any, value: object) -> None:
    asked = spark.sql("SELECT :v AS v, 1 AS one", args={"v": value})
    named = "CREATE OR REPLACE TEMPORARY VIEW given AS SELECT :v AS v, 1 AS one"
    spark.sql(named, args={"v": value})
    view = spark.table("given")
    assert view.dtypes == asked.dtypes
    assert view.collect() == asked.collect()
    listed = "CREATE OR REPLACE TEMPORARY VIEW given AS SELECT ? AS v, ? AS one"
    spark.sql(listed, args=[value, 1])
    assert spark.table("given").collect() == asked.collect()


def test_tables_change_by_statements_with_parameters(spark: Any) -> None:
    table = {"t": "local.bronze.people"}
    spark.sql("CREATE TABLE local.bronze.people (id BIGINT, name STRING)")
    spark.sql(
        "INSERT INTO IDENTIFIER(:t) VALUES (:a, :n), (:b, NULL)", args={**table, "a": 1, "b": -2, "n": "o'k -- :a"}
    )
    spark.sql("INSERT INTO local.bronze.people VALUES (?, ?)", args=[3, "?"])
    spark.sql("UPDATE local.bronze.people SET name = :n WHERE id - :b = 0 AND ':n' <> '?'", args={"n": None, "b": 3})
    spark.sql("DELETE FROM local.bronze.people WHERE id=:a", args={"a": 1})
    spark.sql(
        "MERGE INTO local.bronze.people AS t USING (SELECT :id AS id) AS s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET t.name = :n WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, :n)",
        args={"id": -2, "n": "z"},
    )
    assert sorted(tuple(row) for row in spark.table("local.bronze.people").collect()) == [(-2, "z"), (3, None)]


def test_a_parameter_that_is_no_single_value_is_refused_in_a_command(spark: Any) -> None:
    from pyspark.sql import functions as F

    with pytest.raises(EngineError, match="no single value") as caught:
        spark.sql("DELETE FROM local.bronze.t WHERE array_contains(:ids, id)", args={"ids": F.array(F.lit(1))})
    assert caught.value.code == "DEX-ENGINE-12"
    assert spark.table("local.bronze.t").count() == 3


def test_a_command_takes_frames_and_parameters_at_once(spark: Any) -> None:
    spark.range(3).write.saveAsTable("local.bronze.both")
    spark.sql("INSERT INTO local.bronze.both SELECT id + :x FROM {rows}", rows=spark.range(1), args={"x": 9})
    delete = "MERGE INTO local.bronze.both AS t USING {rows} AS s ON t.id = s.id + :x WHEN MATCHED THEN DELETE"
    spark.sql(delete, rows=spark.range(2), args={"x": 0})
    assert sorted(row.id for row in spark.table("local.bronze.both").collect()) == [2, 9]
