"""Projects for tests of exports."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex_dbutils.config import Project, find_project
from notebook_factory import project_folder


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """A project without notebooks."""
    return find_project(project_folder(tmp_path / "shop"))
