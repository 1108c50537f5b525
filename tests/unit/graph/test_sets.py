"""The graph, or the question, of whole sets of notebooks."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.graph import infer_graph
from dex_dbutils.config import find_project
from dex_templates import create_project
from graph_sets import GraphSet, graph_of, graph_sets, shown


@pytest.mark.parametrize("given", graph_sets(), ids=str)
def test_a_set_of_notebooks_has_the_expected_graph(given: GraphSet, tmp_path: Path) -> None:
    assert shown(graph_of(tmp_path, given.notebooks, given.files, given.metadata)) == given.expected


def test_there_are_more_than_twenty_sets() -> None:
    assert len(graph_sets()) > 20


def test_the_demo_is_one_task_because_its_sections_share_frames(tmp_path: Path) -> None:
    project = create_project("flights", tmp_path / "flights")
    graph = infer_graph(find_project(project), [project / "notebooks"])
    raw = ("airlines", "airports", "flights", "planes", "weather")
    bronze = " ".join(f"bronze.{name}" for name in raw)
    sections = "'Bronze: the files as they came', 'Silver: typed, without the dirt', 'Gold: delays by carrier, origin and hour'"
    needs = "cell 12 needs `flights_raw` of cell 8; cell 14 needs `weather_raw` of cell 8; cell 18 needs `airlines` of cell 8"
    places = "; ".join(f"notebooks/flights.ipynb, cell {cell}" for cell in (12, 14, 18))
    known = f"and could be tasks but for this: {needs} (and 1 more). It is one task. At {places}."
    assert shown(graph) == {
        "tasks": {"flights": f"-> {bronze} silver.flights silver.weather gold.delays_by_hour"},
        "questions": [f"DEX-GRAPH-19: Its sections {sections} write tables, {known}"],
    }
