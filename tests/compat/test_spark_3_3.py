"""dex-dbutils does its work on Python 3.9 with Spark 3.3, classic: the oldest runtime that jobs are deployed to."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import dex_dbutils
import pytest
from support import run

BASE = """\
project: {name: flights, package: flights_etl}
parameters: {year: 2013}
"""
CLUSTER = """\
kind: development
engine: {type: runtime, conf: {spark.sql.session.timeZone: UTC}}
catalog: spark_catalog
"""


@pytest.fixture(scope="module")
def told(old_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the walk reported."""
    project = tmp_path_factory.mktemp("flights")
    (project / "config").mkdir()
    for name, text in {"base": BASE, "cluster": CLUSTER, "broken": "engine:\n  typ: sail\n"}.items():
        (project / f"config/{name}.yaml").write_text(text)
    keep = {key: value for key, value in os.environ.items() if not key.startswith(("DEX_", "SPARK_", "PYTHON"))}
    env = {**keep, "PYSPARK_PYTHON": str(old_python), "PYSPARK_DRIVER_PYTHON": str(old_python)}
    script = Path(__file__).with_name("walk_on_spark_3_3.py")
    run([old_python, script, project / "told.json"], cwd=project, env=env)
    found: dict[str, Any] = json.loads((project / "told.json").read_text())
    return found


def test_it_ran_where_it_says(told: dict[str, Any]) -> None:
    assert told["python"] == [3, 9]
    assert told["spark"].startswith("3.3.")


def test_importing_loads_nothing_heavy(told: dict[str, Any]) -> None:
    assert told["heavy at import"] == []


def test_every_public_name_is_there(told: dict[str, Any]) -> None:
    assert set(told["names"]) == set(dex_dbutils.__all__)
    assert "NoneType" not in told["names"].values()


def test_the_configuration_is_the_same(told: dict[str, Any]) -> None:
    assert told["environments"] == ["local", "broken", "cluster"]
    assert told["environment"]["catalog"] == "spark_catalog"
    assert told["environment"]["parameters"] == {"year": 2013}
    assert "guard" in told["schema"]
    assert told["broken"]["code"] == "DEX-CONFIG-05"
    assert told["broken"]["where"]["line"] == 2


def test_the_session_is_the_one_that_runs_already(told: dict[str, Any]) -> None:
    assert told["same session"] is True
    assert told["setting"] == "UTC"


def test_names_of_three_levels_are_written_and_read(told: dict[str, Any]) -> None:
    assert told["table"] == "spark_catalog.silver.flights"
    assert told["rows"] == 100
    assert told["tables"] == [["silver", "flights"]]


def test_the_utilities_work(told: dict[str, Any]) -> None:
    assert told["dbutils"] == ["done", "2013", 100]


def test_running_a_notebook_says_that_dex_is_not_there(told: dict[str, Any]) -> None:
    assert told["notebook"] == "DEX-UTIL-13"


def test_a_classic_frame_is_profiled(told: dict[str, Any]) -> None:
    profile = told["profile"]
    columns = {column["name"]: column for column in profile["columns"]}
    assert profile["rows"] == 100
    assert set(columns) == {"carrier", "delay", "tailnum"}
    assert columns["delay"]["nulls"] == 10
    assert columns["delay"]["count"] == 90
    assert columns["carrier"]["distinct"] == 3
    assert columns["delay"]["mean"] == pytest.approx(sum(i * 1.5 for i in range(100) if i % 10) / 90)
    assert "tailnum" in told["profile text"]
