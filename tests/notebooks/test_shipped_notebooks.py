"""`pytest --nbval` on every shipped notebook: green twice in a row, red without dex."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from dex_templates import TEMPLATES
from support import ROOT, demo_project, run

SHIPPED = sorted((ROOT / "notebook_templates/dex_templates").rglob("*.ipynb"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = demo_project(tmp_path_factory.mktemp("notebooks"))
    yield folder
    run([sys.executable, "-m", "dex", "engine", "stop", "--project", folder])


def nbval(notebook: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--nbval", "--dex-agent=run", "-q", "-p", "no:cacheprovider", notebook]
    return subprocess.run([str(c) for c in command], cwd=notebook.parent, capture_output=True, text=True, check=False)


def test_there_is_a_notebook_in_every_template() -> None:
    assert {path.relative_to(ROOT / "notebook_templates/dex_templates").parts[0] for path in SHIPPED} == set(TEMPLATES)


@pytest.mark.parametrize("name", [path.name for path in SHIPPED])
def test_a_shipped_notebook_passes_twice_in_a_row(name: str, project: Path) -> None:
    for _ in range(2):
        done = nbval(project / "notebooks" / name)
        assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.parametrize("name", [path.name for path in SHIPPED])
def test_a_shipped_notebook_fails_when_dex_is_not_loaded(name: str, project: Path) -> None:
    notebook = nbformat.read(project / "notebooks" / name, as_version=4)
    for cell in notebook.cells:
        if cell.source == "%load_ext dex":
            cell.source = "pass"
    broken = project / "notebooks" / f"without_dex_{name}"
    nbformat.write(notebook, broken)
    done = nbval(broken)
    assert done.returncode == 1
    assert "dex_env" in done.stdout
