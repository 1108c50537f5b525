"""Every way in which people name tables is understood, or asked about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from graph_sets import graph_of, shown

WAYS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "ways.yaml").read_text("utf-8"))


@pytest.mark.parametrize("name", WAYS)
def test_a_way_to_name_tables_is_understood(name: str, tmp_path: Path) -> None:
    way = WAYS[name]
    graph = graph_of(tmp_path, {"n.sql": way["sql"]} if "sql" in way else {"n.py": way["python"]})
    assert shown(graph)["tasks"] == {"n": way["task"]}
    assert [question.code for question in graph.questions] == way.get("questions", [])
