"""Projects for the guard's tests, and a server that notes what arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from dex_dbutils.config import Environment, load_environment
from pyspark.sql.connect.proto import base_pb2, base_pb2_grpc

FILES = {
    "base": "project: {name: flights, package: flights_etl}\n",
    "lab": "kind: development\nengine: {type: sail}\ncatalog: lab\n",
    "dev": "kind: development\nengine: {type: databricks}\ncatalog: flights_dev\n",
    "prod": "kind: production\nengine: {type: sail}\ncatalog: flights_prod\n",
    "frozen": "kind: production\nengine: {type: sail}\ncatalog: frozen\nguard: {writes: deny}\n",
    "shared": "kind: development\nengine: {type: sail}\ncatalog: shared\nguard: {catalogs: [shared, lab]}\n",
}


@pytest.fixture
def environment(tmp_path: Path) -> Callable[[str], Environment]:
    """Return an environment of a project with several, by name."""
    (tmp_path / "config").mkdir()
    for name, text in FILES.items():
        (tmp_path / f"config/{name}.yaml").write_text(text)
    return lambda name: load_environment(name, start=tmp_path)


@pytest.fixture(autouse=True)
def nothing_confirmed(environment: Callable[[str], Environment]) -> Iterator[None]:
    """Take back what a test has confirmed."""
    yield
    from dex.guard import confirm_writes

    for name in ("lab", "dev", "prod", "shared", "local"):
        confirm_writes(environment(name), None)


class Noting(base_pb2_grpc.SparkConnectServiceServicer):
    """Answers everything with nothing, and keeps what arrived."""

    def __init__(self) -> None:
        self.arrived: list[Any] = []

    def ExecutePlan(self, request: Any, context: Any) -> Iterator[Any]:
        self.arrived.append(request)
        yield base_pb2.ExecutePlanResponse(session_id=request.session_id)

    def AnalyzePlan(self, request: Any, context: Any) -> Any:
        self.arrived.append(request)
        return base_pb2.AnalyzePlanResponse(session_id=request.session_id)

    def Config(self, request: Any, context: Any) -> Any:
        self.arrived.append(request)
        return base_pb2.ConfigResponse(session_id=request.session_id)

    def CloneSession(self, request: Any, context: Any) -> Any:
        self.arrived.append(request)
        return base_pb2.CloneSessionResponse(session_id=request.session_id)

    def AddArtifacts(self, request_iterator: Any, context: Any) -> Any:
        self.arrived += list(request_iterator)
        return base_pb2.AddArtifactsResponse()


class Line:
    """A guarded channel to a server that notes what arrives."""

    def __init__(self, stub: Any, server: Noting) -> None:
        self.stub, self.server = stub, server

    def run(self, plan: Any, session: str = "s") -> list[Any]:
        """Send a plan to be run; return what has arrived so far."""
        list(self.stub.ExecutePlan(base_pb2.ExecutePlanRequest(session_id=session, plan=plan)))
        return self.server.arrived


@pytest.fixture
def line() -> Iterator[Callable[[Environment], Line]]:
    """Return a guarded channel for an environment."""
    from dex.guard import make_tap

    servers = []

    def make(environment: Environment) -> Line:
        server, noting = grpc.server(ThreadPoolExecutor(2)), Noting()
        base_pb2_grpc.add_SparkConnectServiceServicer_to_server(noting, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        channel = grpc.intercept_channel(grpc.insecure_channel(f"127.0.0.1:{port}"), make_tap(environment))
        return Line(base_pb2_grpc.SparkConnectServiceStub(channel), noting)

    yield make
    for server in servers:
        server.stop(None)
