"""What is built or walked once for this level."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import build_wheels, run


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both wheels, built from this checkout."""
    return build_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="session")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The summary of one walk of the demo; its project and engine stay until the level ends."""
    workspace = tmp_path_factory.mktemp("demo")
    printed = run([sys.executable, "-m", "dex_templates.demo", "--workspace", workspace, "--json"], timeout=900)
    yield json.loads(printed.splitlines()[-1])
    run([sys.executable, "-m", "dex", "engine", "stop", "--project", workspace / "flights"])
