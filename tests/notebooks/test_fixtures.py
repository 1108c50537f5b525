"""Each fixture notebook, in both forms, becomes a valid module that stays the same, or is refused at the place expected."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dex.export import ExportRefused, export_notebook
from dex_dbutils import NotebookError
from dex_dbutils.config import Project, find_project
from fixture_notebooks import FORMS, Fixture, fixtures, put
from notebook_factory import project_folder

ALL = fixtures()
BOTH = [(fixture, form) for fixture in ALL for form in fixture.forms]
FOLDERS = sorted({fixture.folder for fixture in ALL})
#: What ruff may still say: results that a notebook never uses, and names that it never sets.
TOLERATED = "E501,F841,F541,F401,F403,F405,F821,F811,E711,E712,E721,E731,E741"


@pytest.fixture(scope="module")
def project_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Project]:
    """Return a project that holds all notebooks of a folder in one form."""
    made: dict[tuple[str, str], Project] = {}

    def project(folder: str, form: str) -> Project:
        if (folder, form) not in made:
            root = project_folder(tmp_path_factory.mktemp(folder) / form)
            for fixture in ALL:
                if fixture.folder == folder and form in fixture.forms:
                    put(fixture, root / "notebooks", form)
            made[folder, form] = find_project(root)
        return made[folder, form]

    return project


def test_the_fixtures_are_many_and_of_every_kind() -> None:
    assert len(ALL) >= 200
    assert len([fixture for fixture in ALL if "runs" in fixture.expected]) >= 60
    assert {fixture.path.suffix for fixture in ALL} >= {".py", ".sql", ".scala", ".r", ".ipynb"}
    listed = {fixture.path for fixture in ALL}
    there = {p for p in (ALL[0].path.parent.parent).rglob("*") if p.is_file() and p.name != "expected.yaml"}
    assert there == listed


@pytest.mark.parametrize(("fixture", "form"), BOTH, ids=[f"{fixture}-{form}" for fixture, form in BOTH])
def test_a_notebook_becomes_what_is_expected(
    fixture: Fixture, form: str, project_of: Callable[[str, str], Project]
) -> None:
    project, expected = project_of(fixture.folder, form), fixture.expected
    path = project.root / "notebooks" / fixture.name(form)
    before = path.read_bytes()
    if "refused" in expected:
        assert _refusal(path, project) == expected["refused"]
        return
    report = export_notebook(path, project)
    assert path.read_bytes() == before
    if expected.get("empty"):
        assert (report.module, report.files) == (None, [])
        return
    assert report.module is not None
    name = report.module.rpartition(".")[2]
    assert name == expected.get("module", name)
    source = next(f.path for f in report.files if f.path in (f"src/shop_etl/{name}.py", f"src/shop_etl/{name}.sql"))
    module = (project.root / source).read_text("utf-8")
    if source.endswith(".py"):
        _check_module(module, str(fixture))
    missing = [part for part in expected.get("has", ()) if part not in module]
    assert not missing, module
    left = [part for part in expected.get("lacks", ()) if part in module]
    assert not left, module
    assert bool(report.tests) >= expected.get("tests", False)
    assert {f"shop_etl.{other}" for other in expected.get("linked", ())} <= set(report.linked)
    assert set(expected.get("requirements", ())) <= _requirements(project, name)
    files = {file.path: (project.root / file.path).read_bytes() for file in report.files}
    again = export_notebook(path, project)
    assert {file.status for file in again.files} == {"unchanged"}
    assert {file.path: (project.root / file.path).read_bytes() for file in again.files} == files


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("folder", FOLDERS)
def test_ruff_has_little_to_say_about_the_modules(
    folder: str, form: str, project_of: Callable[[str, str], Project]
) -> None:
    project = project_of(folder, form)
    for fixture in ALL:
        if fixture.folder != folder or form not in fixture.forms:
            continue
        if "refused" not in fixture.expected:
            export_notebook(project.root / "notebooks" / fixture.name(form), project)
    if not (project.root / "src").exists():
        return
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F", "--ignore", TOLERATED]
    folders = [name for name in ("src", "tests") if (project.root / name).exists()]  # a pipeline has no tests
    told = subprocess.run([*ruff, *folders], cwd=project.root, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    formatted = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "120", "--check", "src"]
    told = subprocess.run(formatted, cwd=project.root, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def _refusal(path: Path, project: Project) -> dict[str, Any]:
    """Return where and for what a notebook is refused."""
    constructs = {"DEX-NOTEBOOK-05": "no Python", "DEX-NOTEBOOK-07": "no UTF-8", "DEX-NOTEBOOK-03": "unknown format"}
    with pytest.raises((ExportRefused, NotebookError)) as caught:
        export_notebook(path, project)
    error = caught.value
    assert error.remedy
    if isinstance(error, ExportRefused):
        first = error.refusals[0]
        return {"cell": first.cell, "line": first.line, "construct": first.construct}
    where: Any = error.where
    return {"cell": where.cell or 0, "line": where.line or 1, "construct": constructs.get(error.code, error.code)}


def _check_module(module: str, name: str) -> None:
    """Check that a module is Python and needs nothing of dex but what a job has."""
    for node in ast.walk(ast.parse(module, name)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not [n for n in names if n.partition(".")[0] in ("dex", "IPython")], module
    compile(module, name, "exec")


def _requirements(project: Project, name: str) -> set[str]:
    resource = project.root / f"resources/{name}.job.yml"
    if not resource.exists():  # a pipeline has no job
        assert (project.root / f"resources/{name}.pipeline.yml").exists()
        return set()
    job = yaml.safe_load(resource.read_text("utf-8"))
    environments = next(iter(job["resources"]["jobs"].values())).get("environments", [])
    return {str(word) for each in environments for word in each["spec"].get("dependencies", [])}
