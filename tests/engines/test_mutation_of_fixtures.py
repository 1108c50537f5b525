"""Over the fixture notebooks whose modules have functions: tests from asserts and recordings kill seven in ten seeded mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.export import Exporter, try_mutants
from dex.export.mutation.mutants import mutants_of
from dex_dbutils.config import find_project
from fixture_notebooks import fixtures, put

#: Notebooks that run, or that have asserts of their own.
CANDIDATES = [f for f in fixtures() if "runs" in f.expected or f.expected.get("tests")]
#: Mutants of a notebook: a bound, so that no large one outweighs the others.
COUNT = 6


def test_the_tests_of_the_fixtures_kill_seven_in_ten(shared_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = find_project(shared_project)
    folder = shared_project / "notebooks/mutated"
    paths = [(put(f, folder / f.folder, f.forms[0]), "runs" in f.expected) for f in CANDIDATES]
    for fixture in fixtures():  # what the notebooks of this folder run
        if fixture.folder == "run":
            put(fixture, folder / fixture.folder, fixture.forms[0])
    names = {path.resolve(): _name(path, folder) for path in folder.rglob("*") if path.is_file()}
    exporter = Exporter(project, names=names)
    killed = tried = notebooks = 0
    told: list[str] = []
    for path, record in paths:
        name = names[path.resolve()]
        exporter.export(path)
        if not mutants_of((shared_project / "src" / project.package / f"{name}.py").read_text("utf-8")):
            continue  # all that it does is in its main
        if record:
            exporter.record(path)
        report = try_mutants(project, name, count=COUNT, seed=1)
        notebooks += 1
        killed += report.killed
        tried += len(report.mutants)
        told.append(report.to_text())
    figure = f"together, over {notebooks} notebooks: {killed} of {tried} mutants killed ({killed / tried:.0%})"
    with capsys.disabled():
        print("\n" + "\n".join([*told, figure]))
    assert notebooks >= 6, "\n".join(told)
    assert tried >= 20, "\n".join(told)
    assert killed / tried >= 0.7, "\n".join(told)


def _name(path: Path, root: Path) -> str:
    """Return a name for a module that no other notebook of the project has."""
    words = "_".join(["mutated", *path.relative_to(root).with_suffix("").parts])
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in words).lower()
