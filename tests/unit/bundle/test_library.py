"""The library travels with a bundle: its wheel beside the project's own, installed by any installer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dex.bundle.library import bring_library, build_library
from support import make_venv, uv


def test_the_wheel_installs_and_its_library_works_without_dex(tmp_path: Path) -> None:
    wheel = build_library(tmp_path / "dist")
    python = make_venv(tmp_path / "venv", Path(sys.executable))
    uv("pip", "install", "-q", "--no-deps", "--python", python, wheel)
    code = "import dex_dbutils, importlib.metadata as m; print(m.version('dex-dbutils'), len(dex_dbutils.__all__) > 5)"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == f"{wheel.name.split('-')[1]} True\n"


def test_a_second_wheel_is_the_same_and_an_older_one_goes(tmp_path: Path) -> None:
    first = build_library(tmp_path / "dist").read_bytes()
    (tmp_path / "dist/dex_dbutils-0.0.1-py3-none-any.whl").touch()
    (tmp_path / "dist/shop_etl-1.0-py3-none-any.whl").touch()
    wheel = build_library(tmp_path / "dist")
    assert wheel.read_bytes() == first
    assert sorted(path.name for path in (tmp_path / "dist").iterdir()) == [wheel.name, "shop_etl-1.0-py3-none-any.whl"]


@pytest.mark.parametrize(
    ("project", "brought"),
    [
        ('[project]\nname = "a"\ndependencies = ["dex-dbutils>=0.1,<0.2"]\n', True),
        ('[project]\nname = "a"\ndependencies = ["Dex_DbUtils"]\n', True),
        ('[project]\nname = "a"\ndependencies = ["dex-dbutils<0.1"]\n', False),
        ('[project]\nname = "a"\ndependencies = ["pandas", "no/requirement"]\n', False),
        ("[tool.x]\n", False),
        ("no toml", False),
        (None, False),
    ],
)
def test_it_is_brought_to_a_project_that_requires_this_version(
    tmp_path: Path, project: str | None, brought: bool
) -> None:
    if project is not None:
        (tmp_path / "pyproject.toml").write_text(project)
    assert (bring_library(tmp_path) is not None) == brought
    assert (tmp_path / "dist").exists() == brought
