"""A dbutils in a project of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dex_dbutils import load_environment
from dex_dbutils.utilities import get_dbutils


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "flights"
    (folder / "config").mkdir(parents=True)
    (folder / "config/base.yaml").write_text(
        "project: {name: flights, package: flights_etl}\nparameters: {year: 2013, full: true, carriers: [AA, UA]}\n"
    )
    for name in ("DEX_PARAMETERS", "DEX_JOB_RUN", "DEX_TASK_KEY", "DEX_SECRETS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def make(folder: Path) -> Callable[[], Any]:
    """Return a maker of new utilities, as a new notebook gets them."""
    return lambda: get_dbutils(None, load_environment("local", start=folder))


@pytest.fixture
def dbutils(make: Callable[[], Any]) -> Any:
    return make()
