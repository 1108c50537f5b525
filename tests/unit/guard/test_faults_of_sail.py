"""What Sail would get wrong in silence never leaves: files that are not there, settings it ignores, streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dex.guard import confirm_writes
from dex_dbutils import GuardError
from guard_plans import Command, Env, MakeLine, Plan, config, read, read_path, refused, save, save_path, sql


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


def test_databricks_knows_both(environment: Env, line: MakeLine) -> None:
    guarded = line(environment("dev"))
    assert len(guarded.run(save("flights_dev.a.b", txnAppId="x", partitionOverwriteMode="dynamic"))) == 1


def test_rescued_data_that_the_engine_ignores_is_told(environment: Env, line: MakeLine) -> None:
    with pytest.warns(UserWarning, match="rescuedDataColumn"):
        line(environment("local")).run(save("local.a.b", rescuedDataColumn="_rescued"))


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
