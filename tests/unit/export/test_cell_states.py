"""What is shown on the cells of a notebook that was exported."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from dex.export import cell_states, export_notebook
from dex_dbutils.config import Project, find_project

CELLS = {
    "head": ("markdown", "# Flights"),
    "load": ("code", "%load_ext dex"),
    "clean": ("code", "def clean(frame):\n    return frame.dropDuplicates()"),
    "work": ("code", "flights = clean(spark.table('a.b.c'))\nflights.write.saveAsTable('a.b.d')"),
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/base.yaml").write_text("project: {name: flights, package: flights_etl}\n", "utf-8")
    (tmp_path / "notebooks").mkdir()
    return find_project(tmp_path)


def save(project: Project, **changes: str) -> Path:
    made = []
    for name, (kind, source) in {**CELLS, **{k: ("code", v) for k, v in changes.items()}}.items():
        new = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
        made.append(new(source, id=name))
    path = project.root / "notebooks/flights.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return path


def shown(project: Project, path: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {each.cell_id: (each.state, each.functions) for each in cell_states(path, project).cells}


def test_a_notebook_that_was_never_exported_has_no_marks(project: Project) -> None:
    states = cell_states(save(project), project)
    assert (states.module, states.cells) == (None, ())
    assert not (project.root / "src").exists()


def test_after_an_export_every_cell_with_code_is_exported_and_functions_are_named(project: Project) -> None:
    path = save(project)
    export_notebook(path, project)
    assert shown(project, path) == {"clean": ("exported", ("clean",)), "work": ("exported", ())}


def test_an_edited_and_a_new_cell_are_changed_and_the_others_are_not(project: Project) -> None:
    export_notebook(save(project), project)
    path = save(project, work="clean(spark.table('a.b.c')).write.saveAsTable('a.b.e')", more="print('done')")
    assert {cell: state for cell, (state, _) in shown(project, path).items()} == {
        "clean": "exported",
        "work": "changed",
        "more": "changed",
    }


def test_a_cell_that_lost_its_code_is_changed(project: Project) -> None:
    export_notebook(save(project), project)
    assert shown(project, save(project, work="# nothing"))["work"][0] == "changed"


def test_the_cell_in_the_way_of_an_export_is_refused(project: Project) -> None:
    export_notebook(save(project), project)
    assert shown(project, save(project, work="from . import helpers")) == {"work": ("refused", ())}
    assert shown(project, save(project, work="x = (")) == {"work": ("refused", ())}


def test_a_check_says_what_would_change_and_writes_nothing(project: Project) -> None:
    export_notebook(save(project), project)
    module = project.root / "src/flights_etl/flights.py"
    before = module.read_bytes()
    report = export_notebook(save(project, clean="def clean(frame):\n    return frame"), project, check=True)
    diff = next(file.diff for file in report.files if file.path.endswith("flights.py"))
    assert "-    return frame.dropDuplicates()" in diff
    assert "+    return frame" in diff.splitlines()
    assert module.read_bytes() == before


def test_a_lifted_region_is_shown_as_the_function_that_it_becomes(project: Project) -> None:
    region = (
        "raw = spark.table('a.b.c')\n# dex: transform only_late\nlate = raw.where('delay > 0')\n# dex: end\nprint(1)"
    )
    path = save(project, work=region)
    export_notebook(path, project)
    assert shown(project, path)["work"] == ("exported", ("only_late",))
    changed = save(project, work=region.replace("> 0", "> 15"))
    assert shown(project, changed)["work"] == ("changed", ("only_late",))
