"""What tests of several levels need: interpreters, environments of their own, wheels, the demo project."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def find_python(version: str) -> Path:
    """Return an interpreter of a minor version such as ``3.9``; skip the test where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [*sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)]
    on_path = shutil.which(f"python{version}")
    for candidate in [*candidates, *([Path(on_path)] if on_path else [])]:
        asked = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.stdout.strip() == version:
            return candidate
    pytest.skip(f"Python {version} is not on this machine (looked on PATH and among pyenv's versions)")


def run(
    command: Sequence[object], *, cwd: Path | None = None, env: dict[str, str] | None = None, timeout: float = 600
) -> str:
    """Run a command and return what it printed; fail with all of its output."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=timeout)
    assert done.returncode == 0, (
        f"{' '.join(words)} ended with {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    )
    return done.stdout


def uv(*words: object) -> str:
    """Run uv, which dex's set-up installs."""
    import uv as package

    return run([package.find_uv_bin(), *words], env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"})


def make_venv(folder: Path, python: Path, *requirements: object) -> Path:
    """Return the interpreter of a new environment that holds just the requirements."""
    uv("venv", "-q", "--python", python, folder)
    interpreter = folder / "bin/python"
    if requirements:
        uv("pip", "install", "-q", "--compile-bytecode", "--python", interpreter, *requirements)
    return interpreter


def build_wheels(folder: Path) -> dict[str, Path]:
    """Build both wheels and return them by the name of their distribution."""
    uv("build", "-q", "--wheel", "-o", folder, ROOT / "dbutils_lib")
    uv("build", "-q", "--wheel", "-o", folder, ROOT)
    wheels = {path.name.split("-")[0].replace("_", "-"): path for path in folder.glob("*.whl")}
    assert set(wheels) == {"dex-dbutils", "dexkit"}
    return wheels


def demo_project(folder: Path) -> Path:
    """Return a new copy of the demo project with its data."""
    from dex_templates.demo import prepare

    return prepare(folder)
