"""What passes the tap, and what never leaves: real requests over a real channel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import zstandard
from dex.guard import confirm_writes, guard_status
from dex_dbutils import GuardError
from guard_plans import Command, Env, MakeLine, Plan, Relation, catalog, config, read, refused, save, save_path, sql
from pyspark.sql.connect.proto import base_pb2

WRITES = {
    "sql": sql("DELETE FROM flights_prod.silver.t"),
    "saveAsTable": save("flights_prod.silver.t"),
    "writeTo": Plan(command=Command(write_operation_v2={"input": read("t"), "table_name": "flights_prod.silver.t"})),
    "save to a path": save_path("/some/where"),
    "mergeInto": Plan(command=Command(merge_into_table_command={"target_table_name": "flights_prod.silver.t"})),
    "toTable": Plan(command=Command(write_stream_operation_start={"table_name": "flights_prod.silver.t"})),
    "foreachBatch": Plan(
        command=Command(write_stream_operation_start={"foreach_batch": {"python_function": {"command": b"x"}}})
    ),
    "dropTable": catalog(drop_table={"table_name": "flights_prod.silver.t"}),
    "createDatabase": catalog(create_database={"db_name": "flights_prod.x"}),
    "truncateTable": catalog(truncate_table={"table_name": "flights_prod.silver.t"}),
    "a pipeline": Plan(command=Command(pipeline_command={"start_run": {}})),
    "an extension": Plan(command=Command(extension={"type_url": "x/delta.connect.Y", "value": b"x"})),
    "an extension relation": Plan(root=Relation(extension={"type_url": "x/y", "value": b"x"})),
    "sql as a lazy relation": Plan(root=Relation(sql={"query": "CREATE TABLE flights_prod.silver.t AS SELECT 1"})),
    "sql deep in a relation": Plan(
        root=Relation(limit={"limit": 1, "input": Relation(sql={"query": "DROP TABLE flights_prod.silver.t"})})
    ),
    "sql beside a relation": Plan(
        root=Relation(with_relations={"root": read("t"), "references": [Relation(sql={"query": "TRUNCATE TABLE t"})]})
    ),
    "a plan of a newer client": Plan(),
    "a command of a newer client": Plan(command=Command()),
    "a relation of a newer client": Plan(root=Relation(limit={"limit": 1, "input": Relation()})),
}

READS = {
    "a table": Plan(root=read("flights_prod.silver.t")),
    "sql": sql("SELECT * FROM lab.silver.t"),
    "a count": Plan(root=Relation(aggregate={"input": read("t"), "group_type": 1})),
    "tables": catalog(list_tables={}),
    "a view of the session": Plan(command=Command(create_dataframe_view={"input": read("t"), "name": "v"})),
    "dropping it": catalog(drop_temp_view={"view_name": "v"}),
    "a user's function": Plan(command=Command(register_function={"function_name": "f"})),
    "a benchmark's write": Plan(command=Command(write_operation={"input": read("t"), "source": "noop"})),
    "caching": catalog(cache_table={"table_name": "t"}),
}


@pytest.mark.parametrize("plan", WRITES.values(), ids=list(WRITES))
def test_an_unconfirmed_write_to_production_never_leaves(plan: Any, environment: Env, line: MakeLine) -> None:
    error = refused(line(environment("prod")), plan, "DEX-GUARD-02")
    assert "--confirm prod" in str(error)
    assert "config/prod.yaml" in str(error)


@pytest.mark.parametrize("plan", READS.values(), ids=list(READS))
def test_reading_production_needs_no_confirmation(plan: Any, environment: Env, line: MakeLine) -> None:
    assert len(line(environment("prod")).run(plan)) == 1


@pytest.mark.parametrize("plan", READS.values(), ids=list(READS))
def test_reading_a_read_only_environment_is_allowed(plan: Any, environment: Env, line: MakeLine) -> None:
    assert len(line(environment("frozen")).run(plan)) == 1


@pytest.mark.parametrize("plan", WRITES.values(), ids=list(WRITES))
def test_a_read_only_environment_takes_no_write(plan: Any, environment: Env, line: MakeLine) -> None:
    refused(line(environment("frozen")), plan, "DEX-GUARD-01")


def test_a_confirmed_write_passes_and_binding_again_takes_that_back(environment: Env, line: MakeLine) -> None:
    prod = environment("prod")
    guarded = line(prod)
    confirm_writes(prod, "prod")
    assert guard_status(prod).confirmed
    assert len(guarded.run(save("flights_prod.silver.t"))) == 1
    confirm_writes(prod, None)
    refused(guarded, save("flights_prod.silver.t"), "DEX-GUARD-02")


def test_confirming_with_another_name_confirms_nothing(environment: Env) -> None:
    prod = environment("prod")
    confirm_writes(prod, "prod")
    with pytest.raises(GuardError, match="'yes' was typed") as caught:
        confirm_writes(prod, "yes")
    assert caught.value.code == "DEX-GUARD-08"
    assert not guard_status(prod).confirmed


def test_a_read_only_environment_cannot_be_confirmed(environment: Env) -> None:
    with pytest.raises(GuardError) as caught:
        confirm_writes(environment("frozen"), "frozen")
    assert caught.value.code == "DEX-GUARD-09"
    assert guard_status(environment("frozen")).model_dump() == {
        "writes": "deny",
        "confirmed": False,
        "catalogs": ["frozen"],
        "active": True,
        "scan": None,
    }


def test_a_classic_session_is_not_said_to_be_guarded(environment: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    prod = environment("prod")
    runtime = prod.model_copy(update={"engine": prod.engine.model_copy(update={"type": "runtime"})})
    assert not guard_status(runtime).active
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "16.4")
    assert not guard_status(prod).active


@pytest.mark.parametrize(
    "plan",
    [
        save("lab.silver.t"),
        sql("INSERT INTO lab.silver.t SELECT 1"),
        sql("INSERT INTO LAB.silver.t SELECT 1"),
        sql("DROP TABLE IDENTIFIER(:t)", t="lab.silver.t"),
        sql("CREATE SCHEMA lab.extra"),
        sql("ALTER TABLE local.silver.t RENAME TO lab.silver.t"),
        sql("FROM t INSERT INTO local.a.b SELECT * INSERT INTO lab.a.b SELECT *"),
        sql("SELECT 1; DROP TABLE lab.a.b"),
        sql("BEGIN DROP TABLE lab.a.b; END"),
        catalog(drop_database={"db_name": "lab.silver"}),
        save_path("/Volumes/lab/raw/files/x"),
        save_path("dbfs:/Volumes/lab/raw/files/x"),
    ],
    ids=str,
)
def test_a_write_to_another_environments_catalog_never_leaves(plan: Any, environment: Env, line: MakeLine) -> None:
    error = refused(line(environment("local")), plan, "DEX-GUARD-03")
    assert "lab" in error.what


def test_a_write_into_another_environments_warehouse_never_leaves(environment: Env, line: MakeLine) -> None:
    local, lab = environment("local"), environment("lab")
    guarded = line(local)
    refused(guarded, save_path(str(lab.warehouse / "lab/silver/t")), "DEX-GUARD-03")
    refused(guarded, save_path(f"file:{lab.warehouse}/lab/silver/t"), "DEX-GUARD-03")
    refused(guarded, sql(f"INSERT INTO delta.`{lab.warehouse}/lab/silver/t` SELECT 1"), "DEX-GUARD-03")
    refused(guarded, sql(f"CREATE TABLE local.a.b USING delta LOCATION '{lab.warehouse}/lab/a/b'"), "DEX-GUARD-03")
    assert len(guarded.run(save_path(str(local.warehouse / "local/silver/t")))) == 1
    assert len(guarded.run(save_path(str(local.project.root / "out")))) == 2


def test_a_relative_path_begins_at_the_project_for_the_guard_as_for_the_engine(
    environment: Env, line: MakeLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notebooks/deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks/deep")  # where a kernel works
    guarded = line(environment("local"))
    for path in (
        ".dex/warehouse/lab/lab/silver/t",
        "file:/../.dex/warehouse/lab/lab/silver/t",
        "dbfs:/../.dex/warehouse/lab/lab/silver/t",
        "~/../.dex/warehouse/lab/lab/silver/t",
        f"file://{tmp_path}/%2edex/warehouse/lab/lab/silver/t",
    ):
        refused(guarded, save_path(path), "DEX-GUARD-03")
    assert len(guarded.run(save_path("out/t"))) == 1
    assert len(guarded.run(save_path("../../.dex/warehouse/lab/lab/silver/t"))) == 2  # not in the project at all


def test_reading_another_environment_while_writing_to_the_own_is_allowed(environment: Env, line: MakeLine) -> None:
    guarded = line(environment("local"))
    assert len(guarded.run(sql("INSERT INTO local.silver.t SELECT * FROM lab.silver.t"))) == 1
    assert len(guarded.run(save("local.silver.t"))) == 2
    assert len(guarded.run(save("silver.t"))) == 3


def test_a_catalog_that_the_guard_lists_may_be_written(environment: Env, line: MakeLine) -> None:
    guarded = line(environment("shared"))
    assert len(guarded.run(save("lab.silver.t"))) == 1
    refused(guarded, save("flights_prod.silver.t"), "DEX-GUARD-03")


@pytest.mark.parametrize("use", [sql("USE CATALOG lab"), sql("USE lab.silver"), sql("USE lab"), catalog(
    set_current_catalog={"catalog_name": "lab"}), catalog(set_current_database={"db_name": "lab.silver"})], ids=str)  # fmt: skip
def test_a_short_name_counts_for_the_current_catalog(use: Any, environment: Env, line: MakeLine) -> None:
    guarded = line(environment("local"))
    guarded.run(save("silver.t"))
    guarded.run(use)
    refused(guarded, save("silver.t"), "DEX-GUARD-03")
    guarded.run(save("local.silver.t"))
    guarded.run(sql("USE CATALOG local"))
    guarded.run(save("silver.t"))


def test_a_setting_may_name_the_current_catalog(environment: Env, line: MakeLine) -> None:
    guarded = line(environment("local"))
    guarded.stub.Config(config(spark__sql__defaultCatalog="lab"))
    refused(guarded, save("silver.t"), "DEX-GUARD-03")


def test_using_a_schema_does_not_change_the_catalog(environment: Env, line: MakeLine) -> None:
    guarded = line(environment("local"))
    guarded.run(sql("USE silver"))
    assert len(guarded.run(save("t"))) == 2


def test_one_text_cannot_use_another_catalog_and_write_there(environment: Env, line: MakeLine) -> None:
    refused(line(environment("local")), sql("USE CATALOG lab; DROP TABLE silver.t"), "DEX-GUARD-03")


def test_a_clone_begins_where_its_original_is(environment: Env, line: MakeLine) -> None:
    guarded = line(environment("local"))
    guarded.run(sql("USE CATALOG lab"), session="s")
    guarded.stub.CloneSession(base_pb2.CloneSessionRequest(session_id="s", new_session_id="clone"))
    with pytest.raises(GuardError, match="lab"):
        guarded.run(save("silver.t"), session="clone")


def test_a_name_of_two_parts_may_begin_with_a_catalog(environment: Env, line: MakeLine) -> None:
    refused(line(environment("local")), sql("DROP TABLE lab.t"), "DEX-GUARD-03")


def test_on_databricks_a_short_name_may_be_anywhere(environment: Env, line: MakeLine) -> None:
    dev = environment("dev")
    guarded = line(dev)
    refused(guarded, save("silver.t"), "DEX-GUARD-04")
    guarded.run(save("flights_dev.silver.t"))
    guarded.run(sql("USE CATALOG flights_dev"))
    guarded.run(save("silver.t"))


@pytest.mark.parametrize(
    "text", ["EXECUTE IMMEDIATE :x", "DROP TABLE IDENTIFIER(:x || 'y')", "SELEC 1", "CALL main.maintain()"]
)
def test_what_is_not_understood_needs_a_confirmation_in_development(
    text: str, environment: Env, line: MakeLine
) -> None:
    dev = environment("dev")
    guarded = line(dev)
    refused(guarded, sql(text), "DEX-GUARD-04")
    confirm_writes(dev, "dev")
    assert len(guarded.run(sql(text))) == 1


def test_a_typing_error_on_the_own_machine_is_the_engines_to_explain(environment: Env, line: MakeLine) -> None:
    assert len(line(environment("local")).run(sql("SELEC 1"))) == 1


def packed(plan: Any, kind: int) -> Any:
    inside = plan.root if kind == 1 else plan.command
    data = zstandard.ZstdCompressor().compress(inside.SerializeToString())
    return Plan(compressed_operation={"data": data, "op_type": kind, "compression_codec": 1})


def test_a_write_in_a_compressed_plan_never_leaves(environment: Env, line: MakeLine) -> None:
    guarded = line(environment("prod"))
    padded = "DELETE FROM flights_prod.silver.t -- " + "x" * 100_000
    refused(guarded, packed(sql(padded), 2), "DEX-GUARD-02")
    refused(guarded, packed(Plan(root=Relation(sql={"query": padded})), 1), "DEX-GUARD-02")
    assert len(guarded.run(packed(Plan(root=read("t")), 1))) == 1


@pytest.mark.parametrize(
    "operation",
    [
        {"data": b"no zstd", "op_type": 1, "compression_codec": 1},
        {"data": zstandard.compress(b"\xff\xff no plan"), "op_type": 2, "compression_codec": 1},
        {"data": zstandard.compress(b""), "op_type": 0, "compression_codec": 1},
        {"data": b"", "op_type": 1, "compression_codec": 0},
        {"data": b"", "op_type": 1, "compression_codec": 7},
    ],
)
def test_a_compressed_plan_that_cannot_be_read_never_leaves(
    operation: dict[str, Any], environment: Env, line: MakeLine
) -> None:
    refused(line(environment("local")), Plan(compressed_operation=operation), "DEX-GUARD-05")


@pytest.mark.parametrize(
    "text", ["EXECUTE IMMEDIATE :x", "DROP TABLE IDENTIFIER(:x || 'y')", "SELECT '" + "x" * 3_000_000 + "'"]
)
def test_what_hides_its_names_needs_a_confirmation_everywhere(text: str, environment: Env, line: MakeLine) -> None:
    local = environment("local")
    guarded = line(local)
    refused(guarded, sql(text), "DEX-GUARD-04")
    confirm_writes(local, "local")
    assert len(guarded.run(sql(text))) == 1


def test_a_request_that_the_guard_does_not_know_is_a_write(environment: Env) -> None:
    from dex.guard import make_tap

    with pytest.raises(GuardError) as caught:
        make_tap(environment("prod")).look(base_pb2.FetchErrorDetailsResponse())
    assert caught.value.code == "DEX-GUARD-02"


def test_data_of_the_session_passes(environment: Env, line: MakeLine) -> None:
    guarded = line(environment("frozen"))
    guarded.stub.AddArtifacts(iter([base_pb2.AddArtifactsRequest(session_id="s")]))
    assert len(guarded.server.arrived) == 1


def test_a_plan_a_thousand_relations_deep_is_looked_through(environment: Env, line: MakeLine) -> None:
    from dex.guard import make_tap

    request = base_pb2.ExecutePlanRequest(session_id="s")
    relation = request.plan.root
    for _ in range(1000):
        relation.limit.limit = 1
        relation = relation.limit.input
    relation.sql.query = "DROP TABLE flights_prod.a.b"
    with pytest.raises(GuardError) as caught:
        make_tap(environment("prod")).look(request)
    assert caught.value.code == "DEX-GUARD-02"


def test_the_sql_parser_comes_with_the_first_sql_text(environment: Env) -> None:
    import subprocess
    import sys

    code = (
        "import sys\nfrom dex.guard import install_tap, make_tap\n"
        "from dex_dbutils.config import load_environment\ninstall_tap()\n"
        "from pyspark.sql.connect.proto import base_pb2\ntap = make_tap(load_environment('local'))\n"
        "tap.look(base_pb2.ExecutePlanRequest(plan={'root': {'range': {'end': 1, 'step': 1}}}))\n"
        "assert 'sqlglot' not in sys.modules\n"
        "tap.look(base_pb2.ExecutePlanRequest(plan={'root': {'sql': {'query': 'SELECT 1'}}}))\n"
        "assert 'sqlglot' in sys.modules"
    )
    script = environment("local").project.root / "script.py"
    script.write_text(code)
    subprocess.run([sys.executable, script], check=True)
