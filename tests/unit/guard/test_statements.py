"""What SQL texts would do, as the guard sees it."""

from __future__ import annotations

import logging

import pytest
from dex.guard import classify_sql
from dex.guard.effects import Setting, Use, Write, split_name
from hypothesis import given
from hypothesis import strategies as st

READS = """
SELECT 1
SELECT 1;
SELECT /* DROP TABLE t */ 'DELETE FROM t' -- TRUNCATE TABLE t
SELECT 1; -- done
(SELECT 1)
SELECT 1 UNION ALL SELECT 2
FROM t SELECT *
VALUES (1), (2)
TABLE t
WITH a AS (SELECT 1) SELECT * FROM a
SELECT * FROM a.b.c VERSION AS OF 1
SELECT * FROM a.b.c TIMESTAMP AS OF '2013-01-01'
SELECT * FROM delta.`/some/path`
SELECT * FROM IDENTIFIER(:t)
SELECT a, count(*) FROM t GROUP BY ALL QUALIFY row_number() OVER (ORDER BY a) = 1
SELECT * FROM t LATERAL VIEW explode(x) y AS z
SELECT col:path FROM t
SELECT * FROM t |> WHERE x = 1
EXPLAIN DELETE FROM t
EXPLAIN EXTENDED SELECT 1
EXPLAIN ANALYZE SELECT 1
DESCRIBE TABLE EXTENDED a.b.c
DESCRIBE HISTORY a.b.c
DESC a.b.c
SHOW TABLES IN a.b
SHOW CREATE TABLE a.b.c
SHOW PARTITIONS t
LIST JARS
""".strip().splitlines()

OF_THE_SESSION = """
CREATE OR REPLACE TEMP VIEW v AS SELECT 1
CREATE TEMPORARY VIEW v USING parquet OPTIONS (path '/x')
CREATE GLOBAL TEMPORARY VIEW v AS SELECT 1
CREATE TEMPORARY FUNCTION f AS 'x.Y'
DROP TEMPORARY FUNCTION f
CACHE TABLE t
CACHE LAZY TABLE t AS SELECT 1
UNCACHE TABLE t
CLEAR CACHE
REFRESH TABLE t
REFRESH a.b.c
USE SCHEMA silver
USE DATABASE silver
RESET
DECLARE VARIABLE x INT DEFAULT 1
ADD JAR '/x.jar'
SET TIME ZONE 'UTC'
""".strip().splitlines()

WRITES = {
    "INSERT INTO a.b.c VALUES (1)": "a.b.c",
    "INSERT INTO TABLE a.b.c SELECT 1": "a.b.c",
    "INSERT INTO a.b.c BY NAME SELECT 1 AS x": "a.b.c",
    "INSERT INTO a.b.c (x) VALUES (1)": "a.b.c",
    "INSERT OVERWRITE a.b.c SELECT 1": "a.b.c",
    "INSERT OVERWRITE TABLE a.b.c PARTITION (d = 1) SELECT 1": "a.b.c",
    "INSERT INTO a.b.c REPLACE WHERE x = 1 SELECT 1": "a.b.c",
    "INSERT INTO delta.`/some/path` SELECT 1": "/some/path",
    "INSERT OVERWRITE DIRECTORY '/some/path' USING parquet SELECT 1": "/some/path",
    "INSERT OVERWRITE LOCAL DIRECTORY '/some/path' SELECT 1": "/some/path",
    "WITH s AS (SELECT 1) INSERT INTO a.b.c SELECT * FROM s": "a.b.c",
    "insert into `a-b`.`c.d`.e select 1": "a-b.c.d.e",
    "UPDATE a.b.c SET x = 1 WHERE y = 2": "a.b.c",
    "DELETE FROM a.b.c": "a.b.c",
    "DELETE FROM a.b.c AS t WHERE t.x = 1": "a.b.c",
    "WITH s AS (SELECT 1) DELETE FROM a.b.c": "a.b.c",
    "MERGE INTO a.b.c t USING s ON t.x = s.x WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *": "a.b.c",
    "MERGE WITH SCHEMA EVOLUTION INTO a.b.c t USING s ON t.x = s.x WHEN MATCHED THEN DELETE": "a.b.c",
    "TRUNCATE TABLE a.b.c": "a.b.c",
    "CREATE TABLE a.b.c (x INT)": "a.b.c",
    "CREATE TABLE IF NOT EXISTS a.b.c USING delta AS SELECT 1": "a.b.c",
    "CREATE OR REPLACE TABLE a.b.c AS SELECT 1": "a.b.c",
    "REPLACE TABLE a.b.c AS SELECT 1": "a.b.c",
    "CREATE TABLE a.b.c LIKE d.e.f": "a.b.c",
    "CREATE TABLE a.b.c SHALLOW CLONE d.e.f": "a.b.c",
    "CREATE TABLE a.b.c DEEP CLONE d.e.f": "a.b.c",
    "CREATE VIEW a.b.c AS SELECT 1": "a.b.c",
    "CREATE MATERIALIZED VIEW a.b.c AS SELECT 1": "a.b.c",
    "CREATE STREAMING TABLE a.b.c AS SELECT 1": "a.b.c",
    "CREATE FUNCTION a.b.c(x INT) RETURNS INT RETURN x + 1": "a.b.c",
    "CREATE VOLUME a.b.c": "a.b.c",
    "CREATE EXTERNAL VOLUME IF NOT EXISTS a.b.c": "a.b.c",
    "CREATE SCHEMA a.b": "a.b",
    "CREATE DATABASE IF NOT EXISTS a.b": "a.b",
    "CREATE CATALOG a": "a",
    "DROP TABLE IF EXISTS a.b.c": "a.b.c",
    "DROP VIEW a.b.c": "a.b.c",
    "DROP SCHEMA a.b CASCADE": "a.b",
    "DROP CATALOG a CASCADE": "a",
    "DROP VOLUME a.b.c": "a.b.c",
    "DROP FUNCTION a.b.c": "a.b.c",
    "UNDROP TABLE a.b.c": "a.b.c",
    "ALTER TABLE a.b.c ADD COLUMN x INT": "a.b.c",
    "ALTER TABLE a.b.c SET TBLPROPERTIES ('x' = 'y')": "a.b.c",
    "ALTER TABLE a.b.c CLUSTER BY (x)": "a.b.c",
    "ALTER TABLE a.b.c SET OWNER TO me": "a.b.c",
    "ALTER VIEW a.b.c AS SELECT 1": "a.b.c",
    "ALTER SCHEMA a.b SET DBPROPERTIES ('x' = 'y')": "a.b",
    "ALTER CATALOG a OWNER TO me": "a",
    "COMMENT ON TABLE a.b.c IS 'x'": "a.b.c",
    "ANALYZE TABLE a.b.c COMPUTE STATISTICS": "a.b.c",
    "MSCK REPAIR TABLE a.b.c": "a.b.c",
    "OPTIMIZE a.b.c ZORDER BY (x)": "a.b.c",
    "VACUUM a.b.c RETAIN 0 HOURS": "a.b.c",
    "RESTORE TABLE a.b.c TO VERSION AS OF 1": "a.b.c",
    "REORG TABLE a.b.c APPLY (PURGE)": "a.b.c",
    "FSCK REPAIR TABLE a.b.c": "a.b.c",
    "CONVERT TO DELTA parquet.`/some/path`": "/some/path",
    "GENERATE symlink_format_manifest FOR TABLE a.b.c": "a.b.c",
    "COPY INTO a.b.c FROM '/x' FILEFORMAT = CSV": "a.b.c",
    "LOAD DATA INPATH '/x' INTO TABLE a.b.c": "a.b.c",
    "GRANT SELECT ON TABLE a.b.c TO `somebody`": "a.b.c",
    "REVOKE SELECT ON TABLE a.b.c FROM `somebody`": "a.b.c",
    "REFRESH MATERIALIZED VIEW a.b.c": "a.b.c",
    "SYNC SCHEMA a.b FROM c.d": "a.b",
    "DELETE FROM IDENTIFIER('a.b.c')": "a.b.c",
    "DELETE FROM IDENTIFIER(:t)": "lab.silver.flights",
    "INSERT INTO IDENTIFIER(:t) VALUES (1)": "lab.silver.flights",
    "DROP TABLE IDENTIFIER(:t)": "lab.silver.flights",
    "CREATE TABLE IDENTIFIER('a.b.c') (x INT)": "a.b.c",
    "SELECT 1; DROP TABLE a.b.c": "a.b.c",
    "EXPLAIN SELECT 1; TRUNCATE TABLE a.b.c": "a.b.c",
    "EXPLAIN ANALYZE INSERT INTO a.b.c SELECT 1": "a.b.c",
    "/* /* nested */ */ DROP TABLE a.b.c": "a.b.c",
}  # fmt: skip

NOT_UNDERSTOOD = """
EXECUTE IMMEDIATE 'DROP TABLE a.b.c'
BEGIN DROP TABLE a.b.c; END
DROP TABLE IDENTIFIER(:t || '_v2')
INSERT INTO IDENTIFIER(:unknown) VALUES (1)
OPTIMIZE IDENTIFIER(:t)
CALL lab.maintain()
SELECT * INTO t FROM s
SELEC 1
SELECT 'not closed
DROP TABLE `not closed
PUT '/x' INTO '/Volumes/a/b/c'
something else entirely
DROP
""".strip().splitlines()


@pytest.mark.parametrize("text", [*READS, *OF_THE_SESSION])
def test_reading_and_work_in_the_session_are_no_writes(text: str) -> None:
    assert [e for e in classify_sql(text, {"t": "x"}) if isinstance(e, Write)] == []


@pytest.mark.parametrize(("text", "target"), WRITES.items(), ids=list(WRITES))
def test_a_write_is_seen_with_its_target(text: str, target: str) -> None:
    writes = [e for e in classify_sql(text, {"t": "lab.silver.flights"}) if isinstance(e, Write)]
    assert [(w.level != "unknown", w.target) for w in writes] == [(True, target)]


@pytest.mark.parametrize("text", NOT_UNDERSTOOD)
def test_what_is_not_understood_is_a_write_to_nobody_knows_what(text: str) -> None:
    assert "unknown" in {e.level for e in classify_sql(text, {"t": "x"}) if isinstance(e, Write)}


def test_every_insert_of_a_statement_with_several_counts() -> None:
    effects = classify_sql("FROM s INSERT INTO a.b.c SELECT * INSERT INTO lab.b.d SELECT *")
    assert [e.target for e in effects if isinstance(e, Write)] == ["a.b.c", "lab.b.d"]


def test_a_rename_counts_for_both_names() -> None:
    effects = classify_sql("ALTER TABLE a.b.c RENAME TO lab.b.c")
    assert [e.target for e in effects if isinstance(e, Write)] == ["a.b.c", "lab.b.c"]


def test_the_place_of_a_table_counts_beside_its_name() -> None:
    effects = classify_sql("CREATE TABLE a.b.c USING delta LOCATION '/elsewhere'")
    assert [(e.level, e.target) for e in effects if isinstance(e, Write)] == [
        ("table", "a.b.c"),
        ("path", "/elsewhere"),
    ]


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("USE CATALOG lab", Use("lab", sure=True)),
        ("SET CATALOG lab", Use("lab", sure=True)),
        ("USE lab.silver", Use("lab", sure=False)),
        ("USE lab", Use("lab", sure=False, perhaps_schema=True)),
    ],
)
def test_another_current_catalog_is_noted(text: str, use: Use) -> None:
    assert classify_sql(text) == (use,)


def test_a_setting_in_sql_is_a_setting() -> None:
    text = "SET spark.sql.sources.partitionOverwriteMode = dynamic"
    assert classify_sql(text) == (Setting("spark.sql.sources.partitionOverwriteMode", "dynamic", "SET"),)


def test_an_unreadable_statement_says_where_and_shows_nothing_of_the_text() -> None:
    (write,) = classify_sql("SELECT 1 FROM WHERE 'hunter2'")
    assert isinstance(write, Write)
    assert "line 1, column" in write.reason
    assert "hunter2" not in repr(write)


def test_the_parser_says_nothing_to_the_person(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        classify_sql("VACUUM silver.flights RETAIN 7 HOURS")
    assert caplog.records == []


def test_a_huge_text_is_not_parsed() -> None:
    (write,) = classify_sql("SELECT '" + "x" * 2_000_001 + "'")
    assert isinstance(write, Write)
    assert write.level == "unknown"


def test_a_text_nested_beyond_the_parser_is_a_write() -> None:
    (write,) = classify_sql("SELECT " + "(" * 5000 + "1" + ")" * 5000)
    assert isinstance(write, Write)
    assert write.level == "unknown"


@given(st.text(max_size=200))
def test_no_text_at_all_breaks_the_guard(text: str) -> None:
    for effect in classify_sql(text):
        assert isinstance(effect, (Write, Use, Setting))


@given(st.sampled_from(sorted(WRITES)), st.sampled_from([" ", "\n", "\t", " /* x */ ", " -- x\n"]), st.booleans())
def test_spelling_and_comments_hide_no_write(text: str, gap: str, upper: bool) -> None:
    words = text.split(" ")
    spelled = gap.join([words[0].lower() if upper else words[0], " ".join(words[1:])])
    assert [e for e in classify_sql(f"{gap}{spelled}{gap};", {"t": "a.b.c"}) if isinstance(e, Write)]


@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_a_quoted_name_keeps_its_parts(parts: list[str]) -> None:
    parts = [part.strip() or "x" for part in parts]
    assert split_name(".".join(f"`{part.replace('`', '``')}`" for part in parts)) == tuple(parts)
