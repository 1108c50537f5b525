"""The tables that a pipeline of layered notebooks makes are those that the notebooks make, row for row.

Every set of notebooks has an engine in common. The notebooks run, as their exported modules, in the environment `local`; the
pipeline runs in `lab`, whose tables are its own, and from the files that were emitted for a bundle.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import pytest
from dex.bundle import validate_bundle
from dex.export import Exporter
from dex.export.declarative import emit_pipeline
from dex.notebook import run_notebook
from dex.pipelines import Update, bundle_pipeline, run_pipeline
from dex_dbutils import Session, get_session, load_environment
from dex_dbutils.config import find_project
from engine_fixture import LAB, engine_project
from layered_sets import SETS, write_set
from notebook_factory import BASE

BATCH = [name for name, layered in SETS.items() if layered.local]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose environments `local` and `lab` share an engine."""
    with engine_project(tmp_path_factory.mktemp("layered") / "shop", base=BASE, lab=LAB) as project:
        (project / "notebooks").mkdir()
        before = list(sys.path)
        sys.path.insert(0, str(project / "src"))
        yield project
        sys.path[:] = before


@pytest.fixture
def empty(shop: Path) -> Iterator[Path]:
    """The same project without tables, notebooks and what was made of them."""
    yield shop
    for environment in ("local", "lab"):
        spark, catalog = get_session(environment).spark, load_environment(environment, start=shop).catalog
        for layer in ("bronze", "silver", "gold"):
            for table in [t for t in spark.sql(f"show tables in {catalog}.{layer}").collect() if not t.isTemporary]:
                spark.sql(f"drop table {catalog}.{layer}.{table.tableName}")
    for path in (shop / "notebooks").iterdir():
        path.unlink()
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop_etl"]:
        del sys.modules[name]


def session_of(name: str) -> Session:
    """A session whose catalog has a schema for each layer."""
    session = get_session(name)
    session.spark.catalog.setCurrentCatalog(session.environment.catalog)
    for layer in ("bronze", "silver", "gold"):
        session.spark.sql(f"create schema if not exists {session.environment.schema_name(layer)}")
    return session


def run_mains(project: Path, paths: list[Path]) -> None:
    """Run the notebooks' modules one after the other, each as a job without parameters does."""
    session = session_of("local")
    exporter = Exporter(find_project(project))
    for path in paths:
        name = exporter.export(path).module
        invalidate_caches()
        module = import_module(str(name))
        module.main(session.spark, module.Params(env="local"))


def run_emitted(project: Path, key: str, environment: str = "lab") -> Update:
    """Run an update of an emitted pipeline, from its resource."""
    session_of(environment)
    pipeline = bundle_pipeline(find_project(project), key, environment=environment)
    return run_pipeline(pipeline, load_environment(environment, start=project), log=lambda _: None)


def rows(environment: str, table: str) -> tuple[str, Counter[str]]:
    """The columns of a table and how often it has each row."""
    frame = get_session(environment).read(*table.split("."))
    return frame.schema.simpleString(), Counter(map(str, frame.collect()))


def parts(environment: str, table: str) -> list[tuple[list[str], list[float]]]:
    """The rows of a table in two parts, sorted: what is exact, and decimal numbers."""
    found = [tuple(row) for row in get_session(environment).read(*table.split(".")).collect()]
    exact = [[f"{n}: {value}" for n, value in enumerate(row) if not isinstance(value, float)] for row in found]
    return sorted(zip(exact, [[value for value in row if isinstance(value, float)] for row in found], strict=True))


@pytest.mark.parametrize("name", BATCH)
def test_a_pipeline_makes_the_tables_of_its_notebooks(name: str, empty: Path) -> None:
    layered = SETS[name]
    paths = write_set(empty, layered)
    report = emit_pipeline(find_project(empty), "etl", paths)
    update = run_emitted(empty, "etl")
    assert update.state == "COMPLETED", update
    mains = [path for path in paths if path.stem != "common"]
    run_mains(empty, mains)
    assert {table.name for table in report.tables if table.kind != "view"} == set(layered.tables)
    for table in layered.tables:
        made, wanted = rows("lab", table), rows("local", table)
        assert made == wanted
        assert sum(wanted[1].values()) > 0


def test_the_demos_pipeline_makes_the_tables_of_its_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dex.engines import engine_for
    from dex_dbutils.session import close_session
    from dex_templates import create_project
    from dex_templates.demo import TABLES, flights_data

    project = create_project("flights", tmp_path / "flights")
    (project / "data").mkdir()
    for table in TABLES:
        lines = (flights_data() / f"{table}.csv").read_text("utf-8").splitlines(keepends=True)
        (project / f"data/{table}.csv").write_text("".join(lines[:3000]), "utf-8")
    monkeypatch.setenv("DEX_PROJECT", str(project))
    monkeypatch.chdir(project)
    engine = engine_for(load_environment("local", start=project))
    engine.start()
    try:
        notebook = project / "notebooks/flights.ipynb"
        report = emit_pipeline(find_project(project), "etl", [notebook])
        assert not [f for f in validate_bundle(project) if f.severity == "error"]
        run_notebook(notebook, environment="local")
        assert run_emitted(project, "etl").state == "COMPLETED"
        assert len(report.tables) == 8
        for table in [table.name for table in report.tables]:
            made, wanted = parts("lab", table), parts("local", table)
            assert [exact for exact, _ in made] == [exact for exact, _ in wanted]
            for (row, means), (_, others) in zip(made, wanted, strict=True):
                assert means == pytest.approx(others, abs=1e-3), row  # a mean depends on the order of its rows
    finally:
        for name in ("local", "lab"):
            close_session(load_environment(name, start=project))
        engine.stop()


def test_streams_take_each_row_once_and_tables_above_them_follow(empty: Path) -> None:
    folder = empty / ".dex/volumes/main/raw/in"
    folder.mkdir(parents=True)
    emit_pipeline(find_project(empty), "streams", write_set(empty, SETS["a stream, and what is made of it"]))
    for number, new in enumerate([[(1, "eu"), (2, "us")], [(3, "us")]]):
        lines = [json.dumps({"id": id_, "region": region}) for id_, region in new]
        (folder / f"{number}.json").write_text("\n".join(lines))
        assert run_emitted(empty, "streams").state == "COMPLETED"
    assert sorted_rows("silver.us") == [(2, "us"), (3, "us")]
    assert sorted_rows("gold.regions") == [("eu", 1), ("us", 2)]
    assert sorted_rows("gold.big") == [(2, "us", True), (3, "us", True), (99, "xx", True)]


def test_streams_of_two_notebooks_fill_one_table(empty: Path) -> None:
    emit_pipeline(find_project(empty), "two", write_set(empty, SETS["streams of two notebooks into one table"]))
    for number, region in enumerate(("eu", "us")):
        folder = empty / f".dex/volumes/main/raw/{region}"
        folder.mkdir(parents=True)
        (folder / "a.json").write_text(json.dumps({"id": number, "region": region}))
    for _ in range(2):
        assert run_emitted(empty, "two").state == "COMPLETED"
    assert sorted_rows("bronze.orders") == [(0, "eu"), (1, "us")]


def sorted_rows(table: str) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in get_session("lab").read(*table.split(".")).collect())
