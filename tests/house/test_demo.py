"""The demo walks the whole path, and its numbers are the data's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dex_templates.demo import TABLES, flights_data
from support import ROOT, find_python, make_venv, run


def csv(name: str) -> str:
    return f"read_csv('{flights_data() / (name + '.csv')}', all_varchar=true, nullstr='NA')"


def count(query: str) -> int:
    ((found,),) = duckdb.sql(query).fetchall()
    return int(found)


def test_bronze_holds_every_row_of_every_file(summary: dict[str, Any]) -> None:
    for name in TABLES:
        assert summary["rows"][f"bronze.{name}"] == count(f"select count(*) from {csv(name)}")


def test_silver_holds_every_distinct_row(summary: dict[str, Any]) -> None:
    for name in ("flights", "weather"):
        assert summary["rows"][f"silver.{name}"] == count(f"select count(*) from (select distinct * from {csv(name)})")


def test_gold_holds_every_carrier_origin_and_hour(summary: dict[str, Any]) -> None:
    groups = f"select count(*) from (select distinct carrier, origin, hour from {csv('flights')})"
    assert summary["rows"]["gold.delays_by_hour"] == count(groups)


def test_both_proposals_were_verified_and_the_bundle_is_sound(summary: dict[str, Any]) -> None:
    assert summary["verdicts"] == ["silver: passed", "silver: passed"]
    assert summary["bundle"] == "ok"


def test_the_demo_leaves_what_it_says(summary: dict[str, Any]) -> None:
    project = Path(summary["project"])
    assert Path(summary["executed"]).exists()
    assert [path for path in summary["files"] if not (project / path).exists()] == []


COMPARE = """
import json, sys
from dex_dbutils import get_session
from flights_etl.flights import Params, main

session = get_session(sys.argv[1])
main(session.spark, Params(env=sys.argv[1]))
print(json.dumps([row.asDict() for row in session.read("gold", "delays_by_hour").collect()]))
"""

NOTEBOOK_GOLD = """
import json, sys
from dex_dbutils import get_session

print(json.dumps([row.asDict() for row in get_session("local").read("gold", "delays_by_hour").collect()]))
"""


def exact_and_means(gold: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[float]]:
    """Return the keys and counts of every row and which means it has, and the means of all rows.

    A mean of doubles depends on the order of the rows in its last bit, and where it lies half-way between two
    roundings, so does the fourth decimal: means are equal within one of those.
    """
    rows = sorted(gold, key=lambda row: (row["carrier"], row["origin"], row["hour"]))
    means = [name for name in rows[0] if name.startswith("mean_")]
    exact = [{name: row[name] is None if name in means else row[name] for name in row} for row in rows]
    return exact, [row[name] for row in rows for name in means if row[name] is not None]


def test_the_exported_wheel_gives_the_same_gold_table_without_dex(
    summary: dict[str, Any], wheels: dict[str, Path], tmp_path: Path
) -> None:
    project = Path(summary["project"])
    from support import uv

    uv("build", "-q", "--wheel", "-o", tmp_path, project)
    exported = next(tmp_path.glob("flights_etl-*.whl"))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    constraints = ("-c", ROOT / "constraints.txt")
    python = make_venv(
        tmp_path / "venv",
        find_python(version),
        *constraints,
        wheels["dex-dbutils"],
        exported,
        "pytest",
        "pyspark-client",
    )
    assert "dexkit" not in run(
        [python, "-c", "import importlib.metadata as m; print([d.name for d in m.distributions()])"]
    )
    status = json.loads(run([sys.executable, "-m", "dex", "engine", "status", "--json", "--project", project]))
    env = {**{k: v for k, v in os.environ.items() if not k.startswith("DEX_")}, "SPARK_REMOTE": status["url"]}

    expected = json.loads(run([sys.executable, "-c", NOTEBOOK_GOLD], cwd=project, env=env).splitlines()[-1])
    got = json.loads(run([python, "-c", COMPARE, "lab"], cwd=project, env=env).splitlines()[-1])
    assert len(got) > 100
    (exact, means), (expected_exact, expected_means) = exact_and_means(got), exact_and_means(expected)
    assert exact == expected_exact
    assert means == pytest.approx(expected_means, abs=1.01e-4, rel=0)

    tests = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert "skipped" not in tests.stdout.splitlines()[-1]
