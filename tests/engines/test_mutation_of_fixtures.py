"""Over the notebooks of the repository with asserts or a recording: their tests kill seven in ten seeded mistakes.

The notebooks are the fixtures, and the demo's on two of its days.
"""

from __future__ import annotations

from pathlib import Path

import dex_templates
import pytest
from dex.export import Exporter, MutationReport, try_mutants
from dex.export.mutation.mutants import mutants_of
from dex_dbutils.config import find_project
from dex_templates.demo import NOTEBOOK, TABLES, flights_data
from fixture_notebooks import fixtures, put

#: Notebooks that run, or that have asserts of their own.
CANDIDATES = [f for f in fixtures() if "runs" in f.expected or f.expected.get("tests")]
#: Mutants of a fixture: a bound, so that no large one outweighs the others.
COUNT = 6
#: Mutants of the demo, whose functions hold more than all fixtures.
OF_THE_DEMO = 20


def test_the_tests_of_notebooks_with_asserts_or_a_recording_kill_seven_in_ten(
    shared_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = find_project(shared_project)
    folder = shared_project / "notebooks/mutated"
    paths = [(put(f, folder / f.folder, f.forms[0]), "runs" in f.expected) for f in CANDIDATES]
    for fixture in fixtures():  # what the notebooks of this folder run
        if fixture.folder == "run":
            put(fixture, folder / fixture.folder, fixture.forms[0])
    demo = _demo(shared_project)
    names = {path.resolve(): _name(path, folder) for path in folder.rglob("*") if path.is_file()}
    exporter = Exporter(project, names={**names, demo.resolve(): "flights"})
    reports: list[MutationReport] = []
    for path, record in [*paths, (demo, True)]:
        name = names.get(path.resolve(), "flights")
        exporter.export(path)
        if not mutants_of((shared_project / "src" / project.package / f"{name}.py").read_text("utf-8")):
            continue  # all that it does is in its main
        if record:
            exporter.record(path)
        reports.append(try_mutants(project, name, count=OF_THE_DEMO if path == demo else COUNT, seed=1))
    told = "\n".join(report.to_text() for report in reports)
    killed, tried = sum(r.killed for r in reports), sum(len(r.mutants) for r in reports)
    with capsys.disabled():
        print(
            f"\n{told}\ntogether, over {len(reports)} notebooks: {killed} of {tried} mutants killed ({killed / tried:.0%})"
        )
    assert len(reports) >= 7, told
    assert tried >= 40, told
    assert killed / tried >= 0.7, told
    assert all(report.share >= 0.5 for report in reports), told


def _demo(project: Path) -> Path:
    """Put the demo's notebook into a project, with two days of its flights and of their weather."""
    (project / "data").mkdir()
    for table in TABLES:
        head, *rows = (flights_data() / f"{table}.csv").read_text("utf-8").splitlines()
        columns = head.split(",")
        if table in ("flights", "weather"):
            at = columns.index("year")
            rows = [row for row in rows if row.split(",")[at : at + 3] in (["2013", "1", "1"], ["2013", "7", "10"])]
        (project / f"data/{table}.csv").write_text("\n".join([head, *rows, ""]), "utf-8")
    path = project / NOTEBOOK
    path.parent.mkdir(exist_ok=True)
    path.write_bytes((Path(dex_templates.__file__).parent / "flights" / NOTEBOOK).read_bytes())
    return path


def _name(path: Path, root: Path) -> str:
    """Return a name for a module that no other notebook of the project has."""
    words = "_".join(["mutated", *path.relative_to(root).with_suffix("").parts])
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in words).lower()
