"""Sets of notebooks and the graph, or the question, that is expected of each.

Every file below ``tests/unit/graph/sets`` is one set: ``notebooks`` by their path, each as the text of a Databricks source
file without its first line (an ``.ipynb`` is made of such a text); ``files`` are other files of the project, ``metadata``
that of an ``.ipynb``. Expected are ``tasks`` (what each reads and writes), ``edges``, ``inputs``, ``questions`` and
``assumptions``: all of them, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from dex.graph import JobGraph, infer_graph
from dex.notebook import convert, parse_notebook
from dex_dbutils.config import find_project

SETS = Path(__file__).parent / "unit/graph/sets"
BASE = "project: {name: shop, package: shop_etl}\nschemas: {bronze: bronze, silver: silver, gold: gold}\n"
_HEADS = {".sql": "-- Databricks notebook source\n"}


@dataclass(frozen=True)
class GraphSet:
    """One set of notebooks, with what is expected of them."""

    name: str
    notebooks: Mapping[str, str]
    expected: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return its name as tests show it."""
        return self.name


def graph_sets() -> list[GraphSet]:
    """Return every set, in order."""
    found = []
    for file in sorted(SETS.glob("*.yaml")):
        said = yaml.safe_load(file.read_text("utf-8"))
        notebooks, files, metadata = said.pop("notebooks"), said.pop("files", {}), said.pop("metadata", {})
        found.append(GraphSet(file.stem, notebooks, said, files, metadata))
    return found


def graph_of(
    folder: Path,
    notebooks: Mapping[str, str],
    files: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> JobGraph:
    """Write notebooks into a project in a folder, and return their graph."""
    for name, text in {"config/base.yaml": BASE, **(files or {})}.items():
        write(folder / name, text)
    paths = [put(folder, name, text, (metadata or {}).get(name)) for name, text in notebooks.items()]
    return infer_graph(find_project(folder), paths)


def put(folder: Path, name: str, text: str, metadata: Any = None) -> Path:
    """Write one notebook, and return its path."""
    path = folder / name
    if path.suffix != ".ipynb":
        write(path, _HEADS.get(path.suffix, "# Databricks notebook source\n") + text)
        return path
    source = parse_notebook(path.with_suffix(".py"), ("# Databricks notebook source\n" + text).encode())
    document = json.loads(convert(source)[0])
    document["metadata"].update(metadata or {})
    write(path, json.dumps(document))
    return path


def write(path: Path, text: str) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def shown(graph: JobGraph) -> dict[str, Any]:
    """Return a graph as sets expect it; what is empty is left out."""
    tasks = {t.key: _task(t.reads, t.writes, t.runs, t.pipeline) for t in graph.tasks}
    edges = [f"{e.before} -> {e.after}: {', '.join(f'{r.kind} {r.name}' for r in e.reasons)}" for e in graph.edges]
    inputs = {i.name: " ".join(i.readers) for i in graph.inputs}
    questions = [f"{q.code}: {q.text} At {'; '.join(map(str, q.places))}." for q in graph.questions]
    parts = {"tasks": tasks, "edges": edges, "inputs": inputs, "questions": questions}
    return {key: value for key, value in {**parts, "assumptions": graph.assumptions}.items() if value}


def _task(reads: list[str], writes: list[str], runs: list[str], pipeline: bool) -> str:
    parts = [" ".join(reads), "->" if reads or writes else "", " ".join(writes)]
    parts += [f"(runs {' '.join(runs)})" if runs else "", "(a pipeline)" if pipeline else ""]
    return " ".join(part for part in parts if part)
