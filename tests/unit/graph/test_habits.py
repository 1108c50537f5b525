"""Notebooks as people lay them out: which comes after which, and what is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from graph_sets import graph_of

HABITS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "habits.yaml").read_text("utf-8"))


@pytest.mark.parametrize("name", HABITS)
def test_notebooks_of_a_kind_have_their_edges_and_questions(name: str, tmp_path: Path) -> None:
    habit = HABITS[name]
    graph = graph_of(tmp_path, habit["notebooks"], habit.get("files"))
    assert [f"{edge.before} -> {edge.after}" for edge in graph.edges] == habit.get("edges", [])
    assert [question.code for question in graph.questions] == habit.get("questions", [])
