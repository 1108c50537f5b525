"""The service behaves the same with the oldest client that dex takes; the newest is in this environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import openai
import pytest
from support import ROOT, find_python, make_venv

pytestmark = pytest.mark.slow


def test_the_installed_client_is_the_newer_one() -> None:
    assert int(openai.__version__.split(".")[0]) >= 2


def test_the_service_behaves_the_same_with_openai_1(tmp_path: Path) -> None:
    python = find_python(f"{sys.version_info.major}.{sys.version_info.minor}")
    packages = [
        "openai>=1.60,<2",
        "pydantic>=2.12",
        "tenacity",
        "filelock",
        "pytest",
        "PyYAML",
        "ruamel.yaml",
        "sqlglot",
    ]
    venv_python = make_venv(tmp_path / "venv", python, *packages)
    path = os.pathsep.join(str(ROOT / folder) for folder in ("agents", "dbutils_lib", "tests"))
    command = [venv_python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest", "--import-mode=importlib"]
    done = subprocess.run(
        [*map(str, command), "-c", os.devnull, "--rootdir", str(tmp_path), str(ROOT / "tests/model/test_service.py")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    version = subprocess.run(
        [venv_python, "-c", "import openai; print(openai.__version__)"], capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("1.")
