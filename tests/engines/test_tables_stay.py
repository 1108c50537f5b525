"""Tables have three-level names, and stay: over a restart, in a second notebook, in a second environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dex.engines import engine_for
from dex_dbutils import get_session, load_environment
from dex_dbutils.catalog import get_table_name, list_tables, prepare_warehouse
from dex_dbutils.catalog.aliases import engine_path
from dex_dbutils.catalog.disk import catalog_folder
from dex_dbutils.session import close_session
from engine_fixture import engine_project

SEE = "from dex_dbutils import get_session; s = get_session('{env}'); print(s.spark.table('{table}').count())"


def names(project: Path, env: str = "local") -> list[str]:
    return [f"{t.layer}.{t.name}" for t in list_tables(load_environment(env, start=project))]


def test_tables_outlive_a_restart_of_the_engine(project: Path) -> None:
    first = get_session("local")
    first.spark.range(5).write.saveAsTable(first.table("bronze", "plain"))
    first.spark.range(6).selectExpr("id % 2 as part", "id").write.partitionBy("part").saveAsTable(
        first.table("silver", "parted")
    )
    first.spark.range(7).write.format("parquet").saveAsTable(first.table("gold", "columnar"))
    first.spark.sql("create table local.default.words as select 'a' as word")
    engine_for(first.environment).restart()

    again = get_session("local")
    assert again is not first
    counts = {t: again.spark.table(t).count() for t in ("local.bronze.plain", "local.silver.parted", "words")}
    assert counts == {"local.bronze.plain": 5, "local.silver.parted": 6, "words": 1}
    assert again.read("gold", "columnar").count() == 7
    again.spark.range(3).write.mode("overwrite").saveAsTable(again.table("bronze", "plain"))
    again.spark.range(2).write.mode("append").saveAsTable(again.table("bronze", "plain"))
    assert again.read("bronze", "plain").count() == 5
    assert names(project) == ["bronze.plain", "silver.parted", "gold.columnar"]


def test_tables_of_a_project_in_any_folder_lie_in_it_and_stay(
    tmp_path: Path, in_another_process: Callable[..., str]
) -> None:
    with engine_project(tmp_path / "my läden 50%" / "trial") as project:
        here = get_session("local")
        here.spark.range(3).write.saveAsTable(here.table("bronze", "mine"))
        here.spark.sql("insert into local.bronze.mine values (99)")
        here.spark.sql("delete from local.bronze.mine where id = 99")
        here.spark.sql("create table local.silver.copied as select * from local.bronze.mine")
        assert in_another_process(SEE.format(env="local", table="local.silver.copied")).split() == ["3"]
        assert names(project) == ["bronze.mine", "silver.copied"]
        here.spark.sql("drop table local.silver.copied")
        assert names(project) == ["bronze.mine"]
        here.spark.sql("create schema local.`läden 1`")
        here.spark.range(4).write.saveAsTable("local.`läden 1`.t")
        assert in_another_process(SEE.format(env="local", table="local.`läden 1`.t")).split() == ["4"]
        for schema in catalog_folder(here.environment).iterdir():
            engine_path(schema).unlink()
    assert [path.name for path in tmp_path.iterdir()] == ["my läden 50%"]


def test_a_second_notebook_sees_what_the_first_one_makes_and_drops(
    project: Path, in_another_process: Callable[..., str]
) -> None:
    here = get_session("local")
    here.spark.range(4).write.saveAsTable(here.table("bronze", "mine"))
    theirs = """
from dex_dbutils import get_session
spark = get_session("local").spark
print(spark.table("local.bronze.mine").count())
spark.range(9).write.saveAsTable("local.bronze.theirs")
spark.sql("create schema local.extra")
spark.range(2).write.saveAsTable("local.extra.more")
spark.sql("drop table local.bronze.mine")
"""
    assert in_another_process(theirs).split() == ["4"]
    assert here.spark.table("local.bronze.theirs").count() == 9
    assert here.spark.table("local.extra.more").count() == 2
    listed = [row.tableName for row in here.spark.sql("show tables in local.bronze").collect()]
    assert listed == ["theirs"]


def test_a_dropped_table_does_not_come_back_and_its_files_are_in_the_trash(project: Path) -> None:
    here = get_session("local")
    here.spark.range(4).write.saveAsTable("local.bronze.gone")
    here.spark.range(4).write.saveAsTable("local.bronze.stays")
    here.spark.sql("create schema local.scratch")
    here.spark.range(1).write.saveAsTable("local.scratch.note")
    here.spark.sql("DROP TABLE local.bronze.gone")
    here.spark.sql("drop schema local.scratch cascade")
    engine_for(here.environment).restart()

    spark = get_session("local").spark
    assert [r.tableName for r in spark.sql("show tables in local.bronze").collect()] == ["stays"]
    assert "scratch" not in {row[0] for row in spark.sql("show databases in local").collect()}
    trash = project / ".dex/warehouse/local/.trash/local"
    assert {path.name.rpartition(".")[0] for path in trash.iterdir()} == {"bronze.gone", "scratch"}
    assert list(trash.glob("bronze.gone.*/*.parquet"))


def test_an_environment_with_another_catalog_has_tables_of_its_own(
    project: Path, in_another_process: Callable[..., str]
) -> None:
    local, lab = get_session("local"), get_session("lab")
    local.spark.range(1).write.saveAsTable(local.table("silver", "flights"))
    lab.spark.range(2).write.saveAsTable(lab.table("silver", "flights"))
    assert (local.table("silver", "flights"), lab.table("silver", "flights")) == (
        "local.silver.flights",
        "lab.silver.flights",
    )
    assert get_table_name("lab", "silver", "flights") == "lab.silver.flights"
    assert (local.read("silver", "flights").count(), lab.read("silver", "flights").count()) == (1, 2)
    assert in_another_process(SEE.format(env="lab", table="lab.silver.flights")).split() == ["2"]
    engine_for(lab.environment).restart()
    assert get_session("lab").read("silver", "flights").count() == 2
    assert names(project, "lab") == ["silver.flights"]


def test_an_environment_added_while_the_engine_runs_gets_its_catalog(project: Path) -> None:
    (project / "config/stage.yaml").write_text("kind: local\nengine: {type: sail}\ncatalog: stage_area\n")
    stage = get_session("stage")  # nobody is attached, so the engine may be restarted
    stage.spark.range(3).write.saveAsTable(stage.table("bronze", "t"))
    assert stage.read("bronze", "t").count() == 3

    (project / "config/later.yaml").write_text("kind: local\nengine: {type: sail}\ncatalog: later\n")
    from dex_dbutils import EngineError

    with pytest.raises(EngineError, match="DEX-ENGINE-09") as caught:
        get_session("later")  # `stage` is attached and has work to lose
    assert "dex engine restart" in str(caught.value)
    assert stage.read("bronze", "t").count() == 3
    close_session(stage.environment)


def test_a_table_that_cannot_be_read_takes_no_other_one_away(project: Path) -> None:
    here = get_session("local")
    here.spark.range(3).write.saveAsTable("local.bronze.good")
    broken = project / ".dex/warehouse/local/local/bronze/broken/_delta_log"
    broken.mkdir(parents=True)
    (broken / "00000000000000000000.json").write_text("{not json")
    (project / ".dex/warehouse/local/local/bronze/half_made").mkdir()
    engine_for(here.environment).restart()
    again = get_session("local")
    assert again.spark.table("local.bronze.good").count() == 3
    with pytest.warns(RuntimeWarning) as told:
        assert [row.tableName for row in again.spark.sql("show tables in local.bronze").collect()] == ["good"]
    assert [str(w.message)[:14] for w in told] == ["DEX-CATALOG-03"]
    assert "broken" in str(told[0].message)


def test_a_session_learns_of_the_tables_that_it_names_and_of_all_when_it_lists_them(project: Path) -> None:
    here = get_session("local")
    for name in ("orders", "customers", "lines"):
        here.spark.range(3).write.saveAsTable(f"local.bronze.`{name}`")
    here.spark.sql("create view local.silver.recent as select o.id from local.bronze.orders o")
    here.spark.sql("create view local.silver.latest as select * from local.silver.recent")
    close_session(here.environment)

    spark = get_session("local").spark
    assert spark.sql("select * from local.silver.latest").count() == 3  # a view on a view on a table
    assert spark.catalog.tableExists("local.bronze.customers")
    assert spark.sql("select count(*) from identifier('local.bronze.li' || 'nes')").collect()[0][0] == 3
    close_session(here.environment)

    spark = get_session("local").spark
    assert {t.name for t in spark.catalog.listTables("local.bronze")} == {"orders", "customers", "lines"}
    assert {t.name for t in spark.catalog.listTables("local.silver")} == {"recent", "latest"}


def test_names_that_need_quotes_stay_too(project: Path) -> None:
    here = get_session("local")
    here.spark.sql("create schema local.`my-schema`")
    odd = ["two words", "a.b", "Ärger", "50%", "a+b", "my-table"]
    for at, name in enumerate(odd):
        here.spark.range(at + 1).write.saveAsTable(f"local.`my-schema`.`{name}`")
    here.spark.sql("drop table local.`my-schema`.`a+b`")
    close_session(here.environment)

    spark = get_session("local").spark
    counts = {name: spark.table(f"local.`my-schema`.`{name}`").count() for name in odd if name != "a+b"}
    assert counts == {"two words": 1, "a.b": 2, "Ärger": 3, "50%": 4, "my-table": 6}
    assert {t.name for t in spark.catalog.listTables("local.`my-schema`")} == counts.keys()


def test_a_view_follows_a_view_that_another_notebook_replaces(
    project: Path, in_another_process: Callable[..., str]
) -> None:
    here = get_session("local")
    here.spark.sql("create view local.silver.base as select 1 as id")
    assert here.spark.table("local.silver.base").count() == 1
    in_another_process("""
from dex_dbutils import get_session
spark = get_session("local").spark
spark.range(5).write.saveAsTable("local.bronze.five")
spark.sql("create or replace view local.silver.base as select id from local.bronze.five")
""")
    assert here.spark.table("local.silver.base").count() == 5


def test_preparing_the_warehouse_twice_changes_nothing(project: Path) -> None:
    here = get_session("local")
    here.spark.range(3).write.saveAsTable("local.bronze.good")
    here.spark.range(3).write.saveAsTable("kept_in_default")
    first = prepare_warehouse(here.spark, here.environment)
    assert [(t.schema, t.name, t.format) for t in first] == [
        ("default", "kept_in_default", "delta"),
        ("bronze", "good", "delta"),
    ]
    assert prepare_warehouse(here.spark, here.environment) == first
    assert here.spark.table("kept_in_default").count() == 3


def test_values_read_back_are_the_values_written_whatever_the_time_zone_of_the_machine(session) -> None:  # type: ignore[no-untyped-def]
    row = session.spark.sql("select current_timezone() as zone, timestamp'2013-07-01 12:00:00' as at").collect()[0]
    assert row.zone == "UTC"


def test_views_stay_too_and_are_seen_by_a_second_notebook(
    project: Path, in_another_process: Callable[..., str]
) -> None:
    here = get_session("local")
    here.spark.range(6).write.saveAsTable("local.bronze.six")
    here.spark.sql(
        "-- of the even ones\nCREATE VIEW local.silver.even AS SELECT * FROM local.bronze.six WHERE id % 2 = 0"
    )
    here.spark.sql("create or replace view local.gold.`how many` as select count(*) as n from local.silver.even")
    here.spark.sql("create temporary view passing as select 1 as one")
    see = SEE.format(env="local", table="local.silver.even")
    replace = "s.spark.sql('create or replace view local.silver.even as select * from local.bronze.six')"
    drop = "s.spark.sql('drop view local.gold.`how many`')"
    assert in_another_process(f"{see}; {replace}; {drop}").split() == ["3"]
    assert here.spark.table("local.silver.even").count() == 6
    assert here.spark.table("passing").count() == 1

    engine_for(here.environment).restart()
    spark = get_session("local").spark
    assert spark.table("local.silver.even").count() == 6
    assert [row.tableName for row in spark.sql("show tables in local.gold").collect()] == []
    assert names(project) == ["bronze.six"]


def test_a_schema_with_tables_is_not_dropped_whatever_the_statement_calls_it(project: Path) -> None:
    session = get_session("local")
    session.spark.sql("create namespace local.extra")
    session.spark.sql("create table local.extra.kept as select 1 as x")
    engine_for(session.environment).restart()
    session = get_session("local")
    with pytest.raises(Exception, match="non-empty"):
        session.spark.sql("drop namespace local.extra").collect()
    assert session.spark.table("local.extra.kept").count() == 1
