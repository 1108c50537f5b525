"""What passes the tap, and what never leaves: real requests over a real channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from dex.guard import confirm_writes, guard_status
from dex_dbutils import Environment, GuardError
from pyspark.sql.connect.proto import base_pb2, catalog_pb2, commands_pb2, expressions_pb2, relations_pb2

Plan, Relation, Command = base_pb2.Plan, relations_pb2.Relation, commands_pb2.Command
Env = Callable[[str], Environment]
MakeLine = Callable[[Environment], Any]


@pytest.fixture(autouse=True)
def nothing_confirmed(environment: Env) -> Iterator[None]:
    yield
    for name in ("lab", "dev", "prod", "shared", "local"):
        confirm_writes(environment(name), None)


def sql(text: str, **arguments: str) -> Any:
    named = {k: expressions_pb2.Expression(literal={"string": v}) for k, v in arguments.items()}
    return Plan(command=Command(sql_command={"input": Relation(sql={"query": text, "named_arguments": named})}))


def read(name: str) -> Any:
    return Relation(read={"named_table": {"unparsed_identifier": name}})


def save(name: str, **options: str) -> Any:
    write = commands_pb2.WriteOperation(input=read("lab.bronze.t"), mode=2, options=options)
    write.table.table_name, write.table.save_method = name, 1
    return Plan(command=Command(write_operation=write))


def save_path(path: str) -> Any:
    return Plan(command=Command(write_operation={"input": read("t"), "source": "delta", "path": path}))


def catalog(**call: Any) -> Any:
    return Plan(root=Relation(catalog=catalog_pb2.Catalog(**call)))


def refused(line: Any, plan: Any, code: str) -> GuardError:
    before = len(line.server.arrived)
    with pytest.raises(GuardError) as caught:
        line.run(plan)
    assert caught.value.code == code
    assert len(line.server.arrived) == before
    assert caught.value.remedy
    return caught.value


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


def read_path(*paths: str, format: str = "csv", **options: str) -> Any:
    source = {"format": format, "paths": list(paths), "options": options}
    return Plan(root=Relation(limit={"limit": 1, "input": Relation(read={"data_source": source})}))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for name in ("a b.csv", "c.csv", "[x].csv"):
        (tmp_path / "data" / name).write_text("x\n1\n")
    return tmp_path


@pytest.mark.parametrize(
    "path",
    [
        "none.csv",
        "data/none.csv",
        "/nope",
        "data/c.csv/",
        "data/none*.csv",
        "data/[!d].csv",
        "data/[x].csv",
        "file:/c.csv",
    ],
)
def test_a_file_that_is_not_there_is_an_error_and_no_empty_frame(
    path: str, environment: Env, line: MakeLine, files: Path
) -> None:
    guarded = line(environment("local"))
    error = refused(guarded, read_path(path), "DEX-GUARD-10")
    assert path in error.what
    assert error.where is not None
    assert error.where.file is not None
    refused(guarded, read_path("data/c.csv", path), "DEX-GUARD-10")
    if "/" in path:
        refused(guarded, sql(f"SELECT * FROM csv.`{path}`"), "DEX-GUARD-10")
        refused(guarded, Plan(root=read(f"csv.`{path}`")), "DEX-GUARD-10")


def test_files_folders_patterns_and_urls_are_read(environment: Env, line: MakeLine, files: Path) -> None:
    guarded = line(environment("local"))
    here = [
        "data", "data/", "data/c.csv", "data/*.csv", "**/c.csv", "data/{c,none}.csv", "data/[^d].csv", "data/[[]x].csv",
        str(files / "data/a b.csv"), f"file://{files}/data/a%20b.csv", "s3://bucket/none.csv",
    ]  # fmt: skip
    for number, path in enumerate(here, 1):
        assert len(guarded.run(read_path(path))) == number
    assert len(guarded.run(read_path("whatever it calls a path", format="jdbc"))) == len(here) + 1
    assert len(line(environment("dev")).run(read_path("/mnt/none.csv"))) == 1


def test_a_path_that_the_engine_would_not_look_at_is_no_empty_frame(
    environment: Env, line: MakeLine, files: Path
) -> None:
    refused(line(environment("local")), read_path(path="data/c.csv"), "DEX-GUARD-11")


def test_a_missing_file_beside_the_notebook_is_pointed_out(
    environment: Env, line: MakeLine, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files / "data")
    error = refused(line(environment("local")), read_path("c.csv"), "DEX-GUARD-10")
    assert str(files / "data/c.csv") in str(error)


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


def config(**pairs: str) -> Any:
    return base_pb2.ConfigRequest(
        session_id="s",
        operation={"set": {"pairs": [{"key": k.replace("__", "."), "value": v} for k, v in pairs.items()]}},
    )


def test_dynamic_partition_overwrite_is_refused_where_the_engine_ignores_it(environment: Env, line: MakeLine) -> None:
    guarded = line(environment("local"))
    error = refused(guarded, save("local.silver.t", partitionOverwriteMode="dynamic"), "DEX-GUARD-06")
    assert "REPLACE WHERE" in str(error)
    refused(guarded, sql("SET spark.sql.sources.partitionOverwriteMode = DYNAMIC"), "DEX-GUARD-06")
    with pytest.raises(GuardError) as caught:
        guarded.stub.Config(config(spark__sql__sources__partitionOverwriteMode="dynamic"))
    assert caught.value.code == "DEX-GUARD-06"
    assert guarded.server.arrived == []
    guarded.stub.Config(config(spark__sql__sources__partitionOverwriteMode="static", spark__sql__ansi__enabled="true"))
    assert len(guarded.run(save("local.silver.t", partitionOverwriteMode="static"))) == 2


def test_a_configured_dynamic_partition_overwrite_is_refused_at_binding(environment: Env) -> None:
    from dex.guard import make_tap

    lab = environment("lab")
    engine = lab.engine.model_copy(update={"conf": {"spark.sql.sources.partitionOverwriteMode": "dynamic"}})
    with pytest.raises(GuardError, match="whole table"):
        make_tap(lab.model_copy(update={"engine": engine}))


def test_idempotent_writes_are_refused_where_the_engine_doubles_the_rows(environment: Env, line: MakeLine) -> None:
    refused(line(environment("local")), save("local.a.b", txnAppId="x", txnVersion="1"), "DEX-GUARD-07")


def test_a_condition_that_save_as_table_ignores_is_refused(environment: Env, line: MakeLine) -> None:
    guarded = line(environment("local"))
    error = refused(guarded, save("local.a.b", replaceWhere="day = 'mon'"), "DEX-GUARD-06")
    assert "REPLACE WHERE" in str(error)
    by_path = save_path("/some/where")
    by_path.command.write_operation.options["replaceWhere"] = "day = 'mon'"
    assert len(guarded.run(by_path)) == 1


@pytest.mark.parametrize(
    "text", ["EXECUTE IMMEDIATE :x", "DROP TABLE IDENTIFIER(:x || 'y')", "SELECT '" + "x" * 3_000_000 + "'"]
)
def test_what_hides_its_names_needs_a_confirmation_everywhere(text: str, environment: Env, line: MakeLine) -> None:
    local = environment("local")
    guarded = line(local)
    refused(guarded, sql(text), "DEX-GUARD-04")
    confirm_writes(local, "local")
    assert len(guarded.run(sql(text))) == 1


def test_databricks_knows_both(environment: Env, line: MakeLine) -> None:
    guarded = line(environment("dev"))
    assert len(guarded.run(save("flights_dev.a.b", txnAppId="x", partitionOverwriteMode="dynamic"))) == 1


def test_rescued_data_that_the_engine_ignores_is_told(environment: Env, line: MakeLine) -> None:
    with pytest.warns(UserWarning, match="rescuedDataColumn"):
        line(environment("local")).run(save("local.a.b", rescuedDataColumn="_rescued"))


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


@pytest.mark.parametrize(
    ("sink", "named"),
    [
        ({"table_name": "local.silver.t"}, "the table local.silver.t"),
        ({"path": "data/out", "format": "delta"}, "data/out"),
        ({"format": "memory", "query_name": "q"}, "'memory'"),
        ({"foreach_batch": {"python_function": {"command": b"x"}}}, "foreachBatch"),
    ],
)
def test_a_stream_that_the_engine_cannot_write_is_refused_in_plain_words(
    sink: dict[str, Any], named: str, environment: Env, line: MakeLine
) -> None:
    start = Plan(command=Command(write_stream_operation_start={"input": read("t"), **sink}))
    confirm_writes(environment("local"), "local")
    error = refused(line(environment("local")), start, "DEX-GUARD-12")
    assert named in error.what
    assert "batch" in error.remedy
    if "table_name" not in sink:
        confirm_writes(environment("dev"), "dev")
        assert line(environment("dev")).run(start)


def test_a_stream_to_the_console_is_started(environment: Env, line: MakeLine) -> None:
    start = Plan(command=Command(write_stream_operation_start={"input": read("t"), "format": "console"}))
    assert len(line(environment("local")).run(start)) == 1
