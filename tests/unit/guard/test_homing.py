"""The local engine reads and writes the platform's paths where `dbutils.fs` of this machine has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from dex_dbutils import Environment, GuardError
from dex_dbutils.utilities import get_dbutils
from pyspark.sql.connect.proto import base_pb2, commands_pb2, relations_pb2

Plan, Relation, Command = base_pb2.Plan, relations_pb2.Relation, commands_pb2.Command
Env = Callable[[str], Environment]
MakeLine = Callable[[Environment], Any]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/c.csv").write_text("x\n1\n")
    return tmp_path


def sql(text: str) -> Any:
    return Plan(command=Command(sql_command={"input": Relation(sql={"query": text})}))


def read(name: str) -> Any:
    return Relation(read={"named_table": {"unparsed_identifier": name}})


def read_path(path: str) -> Any:
    source = Relation(read={"data_source": {"format": "csv", "paths": [path]}})
    return Plan(root=Relation(limit={"limit": 1, "input": source}))


def save_path(path: str) -> Any:
    return Plan(command=Command(write_operation={"input": read("t"), "source": "delta", "path": path}))


def sent_paths(line: Any, plan: Any) -> list[str]:
    return list(line.run(plan)[-1].plan.root.limit.input.read.data_source.paths)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/Volumes/local/raw/files/a.csv", ".dex/volumes/local/raw/files/a.csv"),
        ("dbfs:/Volumes/local/raw/files/*.csv", ".dex/volumes/local/raw/files/*.csv"),
        ("/Volumes/local/raw/files/", ".dex/volumes/local/raw/files/"),
        ("dbfs:/raw/b.csv", ".dex/dbfs/raw/b.csv"),
        ("/dbfs/raw/b.csv", ".dex/dbfs/raw/b.csv"),
        ("/raw/b.csv", ".dex/dbfs/raw/b.csv"),
        ("/mnt/lake/c.csv", ".dex/dbfs/mnt/lake/c.csv"),
    ],
)
def test_the_engine_reads_a_path_of_the_platform_where_dbutils_has_put_it(
    path: str, place: str, environment: Env, line: MakeLine, files: Path
) -> None:
    bound = environment("local")
    fs = get_dbutils(None, bound).fs
    for name in ("/Volumes/local/raw/files/a.csv", "dbfs:/raw/b.csv", "/mnt/lake/c.csv"):
        fs.put(name, "x\n1\n")
    guarded = line(bound)
    assert sent_paths(guarded, read_path(path)) == [str(files / place) + ("/" if path.endswith("/") else "")]
    text = guarded.run(sql(f"SELECT '{path}' AS p FROM csv.`{path}`"))[-1].plan.command.sql_command.input.sql.query
    assert text.startswith(f"SELECT '{path}' AS p FROM csv.`{files}/.dex/")


def test_paths_of_the_machine_and_of_a_workspace_stay_as_they_are(
    environment: Env, line: MakeLine, files: Path
) -> None:
    for path in (str(files / "data/c.csv"), "data/c.csv", "s3://bucket/x.csv", f"file://{files}/data/c.csv"):
        assert sent_paths(line(environment("local")), read_path(path)) == [path]
    assert sent_paths(line(environment("dev")), read_path("/Volumes/a/b/c/x.csv")) == ["/Volumes/a/b/c/x.csv"]


def test_what_is_written_to_a_path_of_the_platform_is_found_there_again(
    environment: Env, line: MakeLine, files: Path
) -> None:
    guarded = line(environment("local"))
    place = f"{files}/.dex/volumes/local/raw/out"
    assert guarded.run(save_path("/Volumes/local/raw/out"))[-1].plan.command.write_operation.path == place
    made = guarded.run(sql("CREATE TABLE local.a.t (x INT) LOCATION '/Volumes/local/raw/out'"))[-1]
    assert f"LOCATION '{place}'" in made.plan.command.sql_command.input.sql.query
    with pytest.raises(GuardError) as caught:
        guarded.run(save_path("/Volumes/lab/raw/out"))
    assert caught.value.code == "DEX-GUARD-03"


def test_a_compressed_plan_is_brought_home_too(environment: Env, line: MakeLine, files: Path) -> None:
    guarded = line(environment("local"))
    inner = save_path("/Volumes/local/raw/out").command
    packed = {"data": zstandard.compress(inner.SerializeToString()), "op_type": 2, "compression_codec": 1}
    sent = guarded.run(Plan(compressed_operation=packed))[-1].plan
    assert sent.command.write_operation.path == f"{files}/.dex/volumes/local/raw/out"


def test_a_file_of_the_platform_that_is_not_there_is_told_with_its_place(
    environment: Env, line: MakeLine, files: Path
) -> None:
    with pytest.raises(GuardError, match="On this machine it would be there") as caught:
        line(environment("local")).run(read_path("/Volumes/local/raw/none.csv"))
    assert caught.value.code == "DEX-GUARD-10"
    assert caught.value.where is not None
    assert caught.value.where.file == f"{files}/.dex/volumes/local/raw/none.csv"
