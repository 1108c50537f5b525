"""The stand-in workspace as a server: who may ask, what fails on request, many at once, and the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from databricks.sdk.errors import (
    DatabricksError,
    DeadlineExceeded,
    InternalError,
    NotFound,
    PermissionDenied,
    Unauthenticated,
)
from dex.workspace import Fault, Workspace, WorkspaceServer
from dex_dbutils import WorkspaceError
from stand_in_workspace import client_of

ME = "GET /api/2.0/preview/scim/v2/Me"


# -- who may ask -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}])
def test_nobody_is_answered_without_a_token_that_is_known(fake: Workspace, header: dict[str, str]) -> None:
    for method, path in (("GET", "/api/2.2/jobs/list"), ("POST", "/api/dex/faults"), ("PUT", "/no/such/route")):
        answer = requests.request(method, f"{fake.url}{path}", headers=header, timeout=10)
        assert answer.status_code == 401
        assert answer.json()["error_code"] == "UNAUTHENTICATED"
    assert fake.asked == []
    assert fake.token not in requests.get(f"{fake.url}/.well-known/databricks-config", timeout=10).text


def test_every_token_has_a_workspace_of_its_own(server: WorkspaceServer) -> None:
    one, two = server.add("one@example.org"), server.add("two@example.org")
    assert one.token != two.token
    client_of(one).secrets.create_scope("flights")
    client_of(one).workspace.mkdirs("/Shared/mine")
    assert [scope.name for scope in client_of(one).secrets.list_scopes()] == ["flights"]
    assert list(client_of(two).secrets.list_scopes()) == []
    assert list(client_of(two).workspace.list("/Shared")) == []
    assert client_of(two).current_user.me().user_name == "two@example.org"


def test_a_route_that_is_not_there_is_told(client: Any) -> None:
    with pytest.raises(NotFound, match="No API found for 'GET /api/2.0/nope'"):
        client.api_client.do("GET", "/api/2.0/nope")


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff"])
def test_a_body_that_is_no_object_is_told(fake: Workspace, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {fake.token}"}
    answer = requests.post(f"{fake.url}/api/2.0/workspace/mkdirs", data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "MALFORMED_REQUEST")


def test_an_answer_comes_in_one_piece(fake: Workspace) -> None:
    host, port = fake.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as one:
        for _ in range(3):
            one.sendall(f"GET {ME[4:]} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {fake.token}\r\n\r\n".encode())
            assert one.recv(65536).endswith(b"}")


# -- failures on request -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, Unauthenticated),
        (403, PermissionDenied),
        (404, NotFound),
        (500, InternalError),
        (504, DeadlineExceeded),
    ],
)
def test_a_fault_is_met_as_often_as_it_was_asked_for(
    fake: Workspace, client: Any, status: int, error: type[Exception]
) -> None:
    fake.faults.add(Fault(route=ME, status=status, count=2, after=1, message="As asked."))
    assert client.current_user.me().user_name == fake.user
    for _ in range(2):
        with pytest.raises(error, match="As asked"):
            client.current_user.me()
    assert client.current_user.me().user_name == fake.user
    assert list(client.secrets.list_scopes()) == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_client_that_has_to_wait_waits_as_long_as_it_is_told(fake: Workspace, client: Any, status: int) -> None:
    client.current_user.me()
    fake.faults.add(Fault(route=ME, status=status, retry_after=1))
    started = time.monotonic()
    client.current_user.me()
    assert time.monotonic() - started >= 1
    assert fake.asked.count(ME) == 3


def test_a_connection_that_is_cut_is_tried_again(fake: Workspace, client: Any) -> None:
    client.current_user.me()
    fake.faults.add(Fault(route="GET *", cut=True))
    assert client.current_user.me().user_name == fake.user
    assert fake.asked.count(ME) == 3


def test_a_slow_route_keeps_nobody_else_waiting(fake: Workspace, client: Any) -> None:
    fake.faults.add(Fault(route=ME, seconds=1.5))
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.current_user.me)
        time.sleep(0.2)
        started = time.monotonic()
        list(client_of(fake).secrets.list_scopes())
        assert time.monotonic() - started < 1
        assert slow.result().user_name == fake.user


def test_faults_are_asked_for_over_http_too(fake: Workspace, client: Any) -> None:
    do = client.api_client.do
    do("POST", "/api/dex/faults", body={"route": "POST /api/2.2/jobs/*", "status": 403, "count": None})
    assert [fault["route"] for fault in do("GET", "/api/dex/faults")["faults"]] == ["POST /api/2.2/jobs/*"]
    for _ in range(3):
        with pytest.raises(PermissionDenied):
            do("POST", "/api/2.2/jobs/create", body={})
    do("DELETE", "/api/dex/faults")
    with pytest.raises(DatabricksError, match="no tasks"):
        do("POST", "/api/2.2/jobs/create", body={})
    assert do("GET", "/api/dex/requests")["requests"] == ["POST /api/2.2/jobs/create"] * 4
    with pytest.raises(DatabricksError, match="less than or equal to 599"):
        do("POST", "/api/dex/faults", body={"status": 700})


# -- many at once ------------------------------------------------------------------------------------------------------


def test_many_clients_at_once_lose_nothing(fake: Workspace) -> None:
    def work(number: int) -> None:
        client = client_of(fake)
        for turn in range(10):
            client.workspace.mkdirs(f"/Shared/{number}/{turn}")
            client.schemas.create(f"s_{number}_{turn}", "main")

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(12)))
    assert len([p for p in client_of(fake).workspace.list("/Shared")]) == 12
    assert len(list(client_of(fake).schemas.list("main"))) == 120


def test_one_of_many_that_make_the_same_thing_makes_it(fake: Workspace) -> None:
    client = client_of(fake)
    start = threading.Barrier(8)

    def work(_: int) -> str:
        start.wait()
        try:
            client.schemas.create("silver", "main")
        except DatabricksError as error:
            return str(error.error_code)
        return "made"

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(work, range(8)))
    assert found == ["RESOURCE_ALREADY_EXISTS"] * 7 + ["made"]


# -- where it may be, and the command line -----------------------------------------------------------------------------


def code_of(work: Callable[[], Any]) -> str:
    with pytest.raises(WorkspaceError) as caught:
        work()
    assert caught.value.remedy
    return caught.value.code


def test_it_listens_on_this_machine_alone(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "example.org", "10.0.0.1", ""):
        assert code_of(lambda host=host: WorkspaceServer(host=host)) == "DEX-WORKSPACE-07"  # type: ignore[misc]


def test_a_port_that_is_taken_and_a_folder_that_is_not_empty_are_told(server: WorkspaceServer, tmp_path: Path) -> None:
    port = int(server.url.rpartition(":")[2])
    assert code_of(lambda: WorkspaceServer(port)) == "DEX-WORKSPACE-08"
    (tmp_path / "mine.txt").write_text("mine")
    assert code_of(lambda: WorkspaceServer(folder=tmp_path)) == "DEX-WORKSPACE-09"
    assert code_of(lambda: WorkspaceServer(folder=tmp_path / "mine.txt")) == "DEX-WORKSPACE-09"


def test_the_command_serves_until_it_is_interrupted_and_tells_its_token_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dex", "workspace", "fake", "--folder", tmp_path / "fake", "--catalog", "dev"]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = next(line for line in process.stdout if "export DATABRICKS_HOST" in line)
        host, token = re.findall(r"HOST=(\S+) DATABRICKS_TOKEN=(\S+)", line)[0]
        from databricks.sdk import WorkspaceClient

        client = WorkspaceClient(host=host, token=token, auth_type="pat")
        assert [each.name for each in client.catalogs.list()] == ["dev"]
        client.workspace.mkdirs("/Shared/a")
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
        assert process.returncode == 0
    assert errors == ""
    assert token not in rest
    texts = [p.read_text() for p in (tmp_path / "fake").rglob("*") if p.is_file()]
    assert [text for text in texts if token in text] == []


def test_the_command_gives_one_json_document(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dex", "workspace", "fake", "--json"]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            text += process.stdout.readline()
        process.terminate()
        assert process.wait(30) == 0
    assert json.loads(text).keys() == {"host", "token", "user", "folder"}
    assert list(tmp_path.iterdir()) == []
