"""A stand-in workspace of its own for every test, and the vendor's unmodified client logged in to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dex.workspace import Workspace, WorkspaceServer
from stand_in_workspace import client_of


@pytest.fixture(scope="session")
def server() -> Iterator[WorkspaceServer]:
    with WorkspaceServer() as made:
        yield made


@pytest.fixture
def fake(server: WorkspaceServer) -> Workspace:
    return server.add()


@pytest.fixture
def client(fake: Workspace) -> Any:
    return client_of(fake)
