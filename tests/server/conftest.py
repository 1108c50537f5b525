"""A real Jupyter server with a token, with dex's extension loaded and nothing allowed that is not authenticated."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from jupyter_events.pytest_plugin import *
from platformdirs import user_cache_dir
from pytest_jupyter.jupyter_core import *
from pytest_jupyter.jupyter_server import *
from pytest_jupyter.pytest_tornasync import *

#: Looked up before a server of the tests gets a home of its own.
CACHE = os.environ.get("DEX_CACHE_DIR") or user_cache_dir("dex")


@pytest.fixture(autouse=True)
def installed_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engines of this machine: a new home would have them installed anew."""
    monkeypatch.setenv("DEX_CACHE_DIR", CACHE)


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    """The extension, and a server that refuses a handler which forgot its decorator."""
    return {
        "ServerApp": {"jpserver_extensions": {"dex_server": True}, "allow_unauthenticated_access": False},
    }


@pytest.fixture
def project(jp_root_dir: Path) -> Path:
    """A small project below the server's root."""
    folder = Path(jp_root_dir) / "flights"
    (folder / "config").mkdir(parents=True)
    (folder / "notebooks").mkdir()
    (folder / "config/base.yaml").write_text("project: {name: flights, package: flights_etl}\n")
    return folder
