"""What is inferred to be written is what a run on an engine wrote: the fixtures say it, and tests/engines checks them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dex.graph import infer_graph
from dex_dbutils.config import find_project
from fixture_notebooks import FIXTURES, Fixture, fixtures, put
from graph_sets import BASE, write

THAT_RUN = [fixture for fixture in fixtures() if fixture.expected.get("runs")]


@pytest.mark.parametrize("fixture", THAT_RUN, ids=str)
def test_the_tables_that_a_run_wrote_are_those_inferred(fixture: Fixture, tmp_path: Path) -> None:
    write(tmp_path / "config/base.yaml", BASE)
    shutil.copytree(FIXTURES / fixture.folder, tmp_path / "notebooks")
    for form in fixture.forms:
        path = put(fixture, tmp_path / "notebooks", form)
        graph = infer_graph(find_project(tmp_path), [path], sections=False)
        assert {name for task in graph.tasks for name in task.writes} == set(fixture.expected["runs"])
        others = {"DEX-GRAPH-17"}  # two of them get task values of tasks that are not here
        assert {question.code for question in graph.questions} <= others


def test_there_are_many_fixtures_that_run() -> None:
    assert len(THAT_RUN) > 50
