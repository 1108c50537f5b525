"""The SQL of a pipeline's sources, taken apart without an engine."""

from __future__ import annotations

from typing import Any

import pytest
from dex.pipelines.elements import Name, Names
from dex.pipelines.parameters import with_configuration, with_parameters
from dex.pipelines.queries import joins, replaced, sources_of
from dex.pipelines.sql_words import NotOfPipeline, take_apart

NAMES = Names("local", "main", "silver")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("orders", "local.silver.orders"),
        ("LIVE.Orders", "local.silver.orders"),
        ("gold.`per day`", "local.gold.per day"),
        ("main.gold.x", "local.gold.x"),
        ("other.gold.x", "other.gold.x"),
    ],
)
def test_a_name_of_one_two_or_three_parts_means_a_table_of_the_environment(written: str, meant: str) -> None:
    found = NAMES.find(written)
    assert found is not None
    assert str(found) == meant


@pytest.mark.parametrize("written", ["parquet.`/data/x`", "a.b.c.d", "", "a..b"])
def test_what_is_no_name_of_a_table_is_left_alone(written: str) -> None:
    assert NAMES.find(written) is None


def test_a_name_is_quoted_for_sql() -> None:
    assert Name("local", "per day", "o`x").sql == "`local`.`per day`.`o``x`"


def test_every_clause_of_a_table_is_read() -> None:
    made = take_apart(
        """CREATE OR REFRESH PRIVATE STREAMING TABLE IF NOT EXISTS gold.`per day` (
             id BIGINT NOT NULL COMMENT 'the, id',
             price DECIMAL(10, 2),
             parts ARRAY<STRUCT<a: INT, b: STRING>>,
             CONSTRAINT known EXPECT (id IS NOT NULL AND price IN (1, 2)) ON VIOLATION DROP ROW,
             CONSTRAINT `a name` EXPECT (price > 0),
             PRIMARY KEY (id)
           )
           USING DELTA PARTITIONED BY (id, `other col`) CLUSTER BY AUTO COMMENT 'x'
           TBLPROPERTIES ('a.b' = 'c', d = 'e') SCHEDULE EVERY 1 HOUR
           AS SELECT * FROM STREAM(raw) -- the end"""
    )
    assert (made.kind, made.name) == ("streaming table", "gold.`per day`")
    assert made.columns == [
        ("id", "BIGINT"),
        ("price", "DECIMAL(10, 2)"),
        ("parts", "ARRAY<STRUCT<a: INT, b: STRING>>"),
    ]
    assert made.expectations == [
        ("known", "id IS NOT NULL AND price IN (1, 2)", "drop"),
        ("a name", "price > 0", "warn"),
    ]
    assert made.partitioned_by == ("id", "other col")
    assert made.properties == {"a.b": "c", "d": "e"}
    assert made.query == "SELECT * FROM STREAM(raw)"


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("CREATE MATERIALIZED VIEW x AS SELECT 1", "materialized view"),
        ("create or replace live table x as select 1", "materialized view"),
        ("CREATE STREAMING LIVE TABLE x AS SELECT 1", "streaming table"),
        ("CREATE TEMPORARY VIEW x AS SELECT 1", "temporary view"),
        ("CREATE TEMPORARY STREAMING LIVE VIEW x AS SELECT 1", "temporary view"),
    ],
)
def test_each_kind_of_dataset_has_its_words(statement: str, kind: str) -> None:
    made = take_apart(statement)
    assert (made.kind, made.name, made.query.upper()) == (kind, "x", "SELECT 1")


@pytest.mark.parametrize(
    ("statement", "flow"),
    [
        ("CREATE FLOW f AS INSERT INTO s.t BY NAME SELECT 1", ("f", "s.t", False)),
        ("CREATE FLOW f COMMENT 'x' AS INSERT INTO ONCE t SELECT 1", ("f", "t", True)),
    ],
)
def test_a_flow_names_its_table(statement: str, flow: tuple[str, str, bool]) -> None:
    made = take_apart(statement)
    assert (made.name, made.target, made.once) == flow
    assert (made.kind, made.query) == (None, "SELECT 1")


@pytest.mark.parametrize(
    "head", ["APPLY CHANGES INTO LIVE.t", "AUTO CDC INTO LIVE.t", "CREATE FLOW f AS AUTO CDC INTO LIVE.t"]
)
def test_a_change_feed_is_read_in_all_its_forms(head: str) -> None:
    made = take_apart(
        f"{head} FROM stream(live.feed) KEYS (id, `the day`) APPLY AS DELETE WHEN op = 'D' AND (x OR y) "
        "SEQUENCE BY struct(at, n) COLUMNS * EXCEPT (op, at) STORED AS SCD TYPE 1"
    )
    assert made.target == "LIVE.t"
    assert made.cdc is not None
    assert (made.cdc.source, made.cdc.keys) == ("live.feed", ["id", "the day"])
    assert made.cdc.deletes == "op = 'D' AND (x OR y)"
    assert (made.cdc.sequence_by, made.cdc.left_out, made.cdc.refused) == ("struct(at, n)", ["op", "at"], "")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT 1", "define datasets and flows"),
        ("USE SCHEMA x", "in front of the names"),
        ("CREATE FUNCTION x AS 1", "CREATE FUNCTION"),
        ("CREATE STREAMING TABLE x FLOW AUTO CDC FROM y KEYS (id)", "needs KEYS"),
        ("CREATE FLOW f INSERT INTO t SELECT 1", "AS is expected before 'INSERT'"),
        ("CREATE MATERIALIZED VIEW x (a INT AS SELECT 1", "not closed"),
        ("CREATE MATERIALIZED VIEW x NONSENSE AS SELECT 1", "the clause NONSENSE"),
        ("CREATE MATERIALIZED VIEW", "ends too early"),
    ],
)
def test_what_cannot_be_read_says_why(statement: str, said: str) -> None:
    with pytest.raises(NotOfPipeline, match=said):
        take_apart(statement)


def told(query: str) -> list[tuple[Any, ...]]:
    return [(s.name or s.path, s.streaming, s.aliased, s.keeps_state) for s in sources_of(query) or []]


@pytest.mark.parametrize(
    ("query", "sources"),
    [
        ("SELECT * FROM a JOIN `b`.c AS d ON true", [("a", False, False, ""), ("`b`.c", False, True, "")]),
        ("WITH a AS (SELECT * FROM a) SELECT * FROM a", [("a", False, False, "")]),
        ("SELECT * FROM STREAM(LIVE.a) x", [("LIVE.a", True, True, "")]),
        ("SELECT * FROM STREAM a WHERE b > 1", [("a", True, False, "")]),
        ("SELECT * FROM cloud_files('/p', 'json')", [("/p", True, False, "")]),
        ("SELECT * FROM STREAM read_files('/p', format => 'csv')", [("/p", True, False, "")]),
        ("SELECT * FROM STREAM a UNION ALL SELECT * FROM STREAM b", [("a", True, False, ""), ("b", True, False, "")]),
        ("SELECT * FROM a VERSION AS OF 0", [("a", False, True, "")]),
        ("SELECT * FROM a TABLESAMPLE (5 ROWS)", [("a", False, True, "")]),
        ("SELECT explode(x) FROM STREAM a", [("a", True, False, "")]),
        ("SELECT a.x FROM STREAM a LEFT JOIN b ON true", [("a", True, False, ""), ("b", False, False, "a LEFT JOIN with the stream on its right")]),
        ("SELECT x FROM STREAM a GROUP BY x", [("a", True, False, "GROUP BY")]),
        ("SELECT DISTINCT x FROM STREAM a", [("a", True, False, "DISTINCT")]),
        ("SELECT row_number() OVER (ORDER BY x) FROM STREAM a", [("a", True, False, "an aggregate")]),
        ("SELECT * FROM (SELECT * FROM STREAM a) ORDER BY x", [("a", True, False, "ORDER BY")]),
        ("SELECT * FROM b LEFT JOIN STREAM a ON true", [("b", False, False, ""), ("a", True, False, "a LEFT JOIN with the stream on its right")]),
        ("SELECT x, sum(y) FROM view_of_a_stream GROUP BY x", [("view_of_a_stream", False, False, "GROUP BY")]),
        ("SELECT * FROM STREAM a UNION SELECT 1", [("a", True, False, "UNION")]),
        ("SELECT * FROM b WHERE x IN (SELECT x FROM STREAM a)", [("b", False, False, ""), ("a", True, False, "a subquery")]),
    ],
)  # fmt: skip
def test_what_a_query_reads_is_found_with_what_a_stream_would_need(query: str, sources: list[tuple[Any, ...]]) -> None:
    assert told(query) == sources


@pytest.mark.parametrize(
    ("query", "is_join"), [("FROM a, b", True), ("FROM a JOIN b", True), ("FROM a UNION ALL SELECT * FROM b", False)]
)
def test_tables_behind_a_comma_are_joined_too(query: str, is_join: bool) -> None:
    assert joins(f"SELECT * {query}") is is_join


def test_sources_are_replaced_where_they_stand() -> None:
    query = "SELECT a.x -- FROM a\nFROM STREAM(a) JOIN b ON a.x = b.x WHERE y = 'FROM a'"
    first, second = sources_of(query) or []
    assert replaced(query, [(second, "n AS b"), (first, "m AS a")]) == (
        "SELECT a.x -- FROM a\nFROM m AS a JOIN n AS b ON a.x = b.x WHERE y = 'FROM a'"
    )


def test_a_statement_that_is_no_query_has_no_sources() -> None:
    assert sources_of("SHOW TABLES") is None


def test_options_of_files_are_texts() -> None:
    (source,) = (
        sources_of("SELECT * FROM STREAM read_files('/p', format => 'csv', header => true, schema => 'a INT')") or []
    )
    assert source.options == {"format": "csv", "header": "true", "schema": "a INT"}


def test_configuration_and_parameters_are_put_into_the_text() -> None:
    assert with_configuration("${a.b} ${ c } $d ${e}", {"a.b": "1", "c": "2"}) == "1 2 $d ${e}"
    given = {"day": "o'clock", "schema": "my schema"}
    assert with_parameters("SELECT :day, x:day, ':day' FROM IDENTIFIER(:schema || '.t')", given) == (
        "SELECT 'o\\'clock', x:day, ':day' FROM `my schema`.`t`"
    )
    assert with_parameters("SELECT :other", given) == "SELECT :other"
