"""Each fixture notebook, in both forms, becomes a valid module that stays the same, or is refused at the place expected."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
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
#: What ruff says of a module that is the person's own line: by fixture, the rule and the line.
OWN_LINES = {
    "asserts/meant_to_fail.py": {("F841", "x = 2"), ("E721", 'assert type("2") == int')},
    "control/match_statement.py": {("invalid-syntax", "match kind:")},
    "functions/lambdas.py": {("E731", "plus = lambda n: n + 1")},
    "imports/star.py": {
        ("F403", "from pyspark.sql.functions import *"),
        ("F405", 'spark.range(3).withColumn("one", lit(1))'),
    },
    "run/acts.py": {("F841", 'catalog = "main"')},
    "run/rebound_below.py": {("F841", 'db = "bronze"')},
    "streaming/shown.py": {("F841", 'stream = spark.readStream.table("bronze.orders")')},
    "undefined/defined_in_a_magic.py": {("F821", "print(config_value)")},
    "undefined/left_to_fill_in.py": {("F821", "df = spark.read.csv(file_path)")},
}


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
def test_ruff_has_nothing_to_say_but_about_the_persons_own_lines(
    folder: str, form: str, project_of: Callable[[str, str], Project]
) -> None:
    project = project_of(folder, form)
    notebooks: dict[str, Fixture] = {}
    for fixture in ALL:
        if fixture.folder == folder and form in fixture.forms and "refused" not in fixture.expected:
            report = export_notebook(project.root / "notebooks" / fixture.name(form), project)
            notebooks[str(report.module).rpartition(".")[2]] = fixture
    if not (project.root / "src").exists():
        return
    folders = [name for name in ("src", "tests") if (project.root / name).exists()]  # a pipeline has no tests
    ruff = [sys.executable, "-m", "ruff"]  # with the settings of the project, and ruff's default rules and the imports'
    check = [*ruff, "check", "--no-cache", "--select", "E4,E7,E9,F,I", "--output-format", "json", *folders]
    told = subprocess.run(check, cwd=project.root, capture_output=True, text=True, check=False)
    found: dict[str, set[tuple[str, str]]] = {}
    for each in json.loads(told.stdout):
        path = Path(each["filename"])
        line = path.read_text("utf-8").split("\n")[each["location"]["row"] - 1].strip()
        found.setdefault(str(notebooks[path.stem.removeprefix("test_")]), set()).add((each["code"], line))
    assert {name: set(_known(told, OWN_LINES.get(name, set()))) for name, told in found.items()} == {
        name: lines for name, lines in OWN_LINES.items() if name in set(map(str, notebooks.values()))
    }
    formatted = [*ruff, "format", "--no-cache", "--check", *folders]
    said = subprocess.run(formatted, cwd=project.root, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def _known(found: set[tuple[str, str]], own: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield findings, those of a person's own line by its beginning."""
    for code, line in found:
        yield next((each for each in own if each[0] == code and line.startswith(each[1])), (code, line))


def test_lines_that_are_a_persons_own_stand_in_the_notebook() -> None:
    texts = {
        str(fixture): "".join(fixture.path.read_text("utf-8").split()) for fixture in ALL if str(fixture) in OWN_LINES
    }
    assert texts.keys() == OWN_LINES.keys()
    for name, lines in OWN_LINES.items():
        for _, line in lines:
            assert "".join(line.split()) in texts[name]


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
