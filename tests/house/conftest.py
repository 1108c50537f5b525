"""What is built once for this level."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import build_wheels


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both wheels, built from this checkout."""
    return build_wheels(tmp_path_factory.mktemp("wheels"))
