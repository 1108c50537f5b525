"""One engine for the whole level, and fresh projects where a test breaks things."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from engine_fixture import engine_project

if TYPE_CHECKING:
    from dex_dbutils import Session


@pytest.fixture(scope="session")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose Sail runs for the whole level; leave it running."""
    with engine_project(tmp_path_factory.mktemp("shared") / "trial") as project:
        yield project


@pytest.fixture(scope="session")
def session(shared_project: Path) -> Session:
    """The session of `local` in the shared project."""
    from dex_dbutils import get_session, load_environment

    return get_session(load_environment("local", start=shared_project))
