"""A stand-in workspace of its own for every test, and the vendor's unmodified client logged in to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dex.workspace import Workspace, WorkspaceServer


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


def client_of(workspace: Workspace, **settings: Any) -> Any:
    """Return the vendor's client of a workspace."""
    from databricks.sdk import WorkspaceClient

    return WorkspaceClient(host=workspace.url, token=workspace.token, auth_type="pat", **settings)
