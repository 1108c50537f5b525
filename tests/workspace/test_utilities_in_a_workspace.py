"""`dbutils` of an environment on Databricks: the workspace's files and secrets, through the vendor's unmodified SDK."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dex.workspace import Fault
from dex_dbutils import GuardError, UtilitiesError, WorkspaceError, load_environment
from dex_dbutils.utilities import get_dbutils
from dex_dbutils.utilities.workspace import workspace_client
from stand_in_workspace import TOKEN, USER, Workspace, rest_workspace


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Workspace]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
    with rest_workspace() as made:
        made.add_volume("dev.raw.files")
        yield made


@pytest.fixture
def environment(tmp_path: Path) -> Callable[[str], Any]:
    def make(host: str) -> Any:
        (tmp_path / "config").mkdir(exist_ok=True)
        (tmp_path / "config/base.yaml").write_text("project: {name: flights, package: flights_etl}\n")
        (tmp_path / "config/dev.yaml").write_text(f"engine: {{type: databricks, host: '{host}'}}\ncatalog: dev\n")
        return load_environment("dev", start=tmp_path)

    return make


@pytest.fixture
def dbutils(workspace: Workspace, environment: Callable[[str], Any]) -> Any:
    return get_dbutils(None, environment(workspace.url))


def fails(code: str, call: Callable[[], Any]) -> str:
    with pytest.raises(WorkspaceError) as caught:
        call()
    assert caught.value.code == code, str(caught.value)
    assert caught.value.remedy
    return str(caught.value)


def test_nothing_is_asked_before_something_is_used(dbutils: Any, workspace: Workspace) -> None:
    dbutils.widgets.text("day", "1")
    assert dbutils.widgets.get("day") == "1"
    assert workspace.asked == []


def test_the_client_is_logged_in_as_the_user(workspace: Workspace, environment: Callable[[str], Any]) -> None:
    assert workspace_client(environment(workspace.url)).current_user.me().user_name == USER


def test_a_secret_is_the_workspaces_and_hidden_where_it_is_shown(dbutils: Any, workspace: Workspace) -> None:
    workspace.secrets["flights"] = {"token": "hünter2", "other": "x"}
    secret = dbutils.secrets.get("flights", "token")
    assert secret == "hünter2"
    assert "hünter2" not in repr(secret)
    assert dbutils.secrets.get(scope="flights", key="other") == "x"
    assert dbutils.secrets.getBytes("flights", "token") == "hünter2".encode()
    assert [s.key for s in dbutils.secrets.list("flights")] == ["other", "token"]
    assert [s.getName() for s in dbutils.secrets.listScopes()] == ["flights"]


def test_a_missing_secret_or_scope_is_told(dbutils: Any, workspace: Workspace) -> None:
    workspace.secrets["flights"] = {}
    assert "token" in fails("DEX-WORKSPACE-05", lambda: dbutils.secrets.get("flights", "token"))
    fails("DEX-WORKSPACE-05", lambda: dbutils.secrets.get("nowhere", "token"))


def test_a_scope_without_the_right_to_read_is_told(dbutils: Any, workspace: Workspace) -> None:
    workspace.secrets["theirs"] = {"token": "hunter2"}
    workspace.unreadable.add("theirs")
    assert "hunter2" not in fails("DEX-WORKSPACE-04", lambda: dbutils.secrets.get("theirs", "token"))


def test_a_wrong_token_is_told_and_not_shown(
    workspace: Workspace, environment: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_TOKEN", "wrong-token")
    dbutils = get_dbutils(None, environment(workspace.url))
    message = fails("DEX-WORKSPACE-04", lambda: dbutils.secrets.listScopes())
    assert "wrong-token" not in message


def test_a_workspace_that_is_busy_is_asked_again(dbutils: Any, workspace: Workspace) -> None:
    workspace.secrets["flights"] = {"token": "x"}
    workspace.faults.add(Fault(status=429, retry_after=1))
    assert dbutils.secrets.get("flights", "token") == "x"
    assert workspace.asked.count("GET /api/2.0/secrets/get") == 2


@pytest.mark.parametrize("root", ["/Volumes/dev/raw/files", "dbfs:/Volumes/dev/raw/files", "dbfs:/raw"])
def test_files_go_to_the_workspace_and_come_back(dbutils: Any, workspace: Workspace, root: str) -> None:
    fs = dbutils.fs
    fs.mkdirs(root)
    fs.put(f"{root}/a.csv", "origin\nJFK\n")
    assert workspace.files[f"{root.removeprefix('dbfs:')}/a.csv"] == b"origin\nJFK\n"
    assert fs.head(f"{root}/a.csv") == "origin\nJFK\n"
    assert [(f.name, f.size) for f in fs.ls(root)] == [("a.csv", 11)]
    fs.put(f"{root}/a.csv", "new", True)
    assert fs.head(f"{root}/a.csv") == "new"
    fs.rm(f"{root}/a.csv")
    assert f"{root.removeprefix('dbfs:')}/a.csv" not in workspace.files


def test_the_guard_is_asked_before_the_workspace_is(
    dbutils: Any, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dex.guard import check_path

    monkeypatch.setattr("dex_dbutils.utilities.checks._checks", [check_path])
    workspace.add_volume("theirs.raw.files")
    workspace.files["/Volumes/theirs/raw/files/a.csv"] = b"theirs"
    for call in (
        lambda: dbutils.fs.put("/Volumes/theirs/raw/files/a.csv", "mine", True),
        lambda: dbutils.fs.put(file="dbfs:/Volumes/theirs/raw/files/a.csv", contents="mine", overwrite=True),
        lambda: dbutils.fs.rm("/Volumes/theirs/raw/files/a.csv"),
        lambda: dbutils.fs.mv("/Volumes/theirs/raw/files/a.csv", "/Volumes/dev/raw/files/a.csv"),
    ):
        with pytest.raises(GuardError) as caught:
            call()
        assert caught.value.code == "DEX-GUARD-03"
    assert workspace.files == {"/Volumes/theirs/raw/files/a.csv": b"theirs", "/Volumes/dev/raw/files/": b""}
    assert dbutils.fs.head("/Volumes/theirs/raw/files/a.csv") == "theirs"


def test_a_missing_file_is_told(dbutils: Any) -> None:
    fails("DEX-WORKSPACE-05", lambda: dbutils.fs.head("/Volumes/dev/raw/files/missing.csv"))


def test_what_a_workspace_offers_only_inside_is_told(dbutils: Any) -> None:
    with pytest.raises(UtilitiesError) as caught:
        dbutils.fs.mount("s3://x", "/mnt/x")
    assert caught.value.code == "DEX-UTIL-01"
    assert "ls" in str(caught.value)


def test_a_workspace_that_is_not_there_is_told_at_once(workspace: Workspace, environment: Callable[[str], Any]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    dbutils = get_dbutils(None, environment(f"http://127.0.0.1:{port}"))
    fails("DEX-WORKSPACE-03", lambda: dbutils.secrets.listScopes())


def test_the_workspace_of_a_profile_is_tried_first_too(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.delenv("DATABRICKS_TOKEN")
    (tmp_path / ".databrickscfg").write_text(
        f"[HERE]\nhost = {workspace.url}\ntoken = {TOKEN}\n[GONE]\nhost = http://127.0.0.1:{port}\ntoken = x\n"
    )
    (tmp_path / "config").mkdir()
    (tmp_path / "config/base.yaml").write_text("project: {name: flights, package: flights_etl}\n")
    for name in ("here", "gone"):
        (tmp_path / f"config/{name}.yaml").write_text(f"engine: {{type: databricks, profile: {name.upper()}}}\n")
    here, gone = (get_dbutils(None, load_environment(name, start=tmp_path)) for name in ("here", "gone"))
    assert here.secrets.listScopes() == []
    fails("DEX-WORKSPACE-03", lambda: gone.secrets.listScopes())


def test_no_way_to_log_in_is_told(
    workspace: Workspace, environment: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABRICKS_TOKEN")
    dbutils = get_dbutils(None, environment(workspace.url))
    fails("DEX-WORKSPACE-02", lambda: dbutils.secrets.listScopes())


def test_catalogs_schemas_and_tables_are_listed(workspace: Workspace, environment: Callable[[str], Any]) -> None:
    workspace.tables["dev.silver.flights"] = [{"name": "origin", "type_text": "string"}]
    client = workspace_client(environment(workspace.url))
    assert [c.name for c in client.catalogs.list()] == ["dev"]
    assert [s.full_name for s in client.schemas.list("dev")] == ["dev.raw", "dev.silver"]
    assert [t.full_name for t in client.tables.list("dev", "silver")] == ["dev.silver.flights"]
    assert client.tables.get("dev.silver.flights").columns[0].name == "origin"
