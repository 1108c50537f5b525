"""Projects made of texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

BASE = "project: {name: flights, package: flights_etl}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a maker of projects: the text of base.yaml, then one text for each environment's file."""

    def make(base: str = BASE, **environments: str) -> Path:
        folder = tmp_path / "flights"
        (folder / "config").mkdir(parents=True)
        for name, text in {"base": base, **environments}.items():
            (folder / f"config/{name}.yaml").write_text(text, encoding="utf-8")
        monkeypatch.chdir(folder)
        return folder

    return make
