"""The same steps on Spark itself, behind `engine: {type: connect}`: bind, profile, ask, guard."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from dex.export import export_notebook
from dex_agents import AgentRequest, run_agent
from dex_dbutils import GuardError, Session, get_session, load_environment, profile
from dex_dbutils.config import find_project
from dex_dbutils.session import close_session
from engine_fixture import make_project
from nbformat.v4 import new_code_cell, new_notebook
from notebook_factory import write_notebook
from orders_notebook import ORDERS
from oss_spark import SPARK, spark_connect_server

EXACT = """\
kind: local
engine: {{type: connect, url: "{url}"}}
catalog: spark_catalog
guard: {{writes: {writes}}}
"""


@pytest.fixture(scope="module")
def on_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose environments `exact` and `shut` are bound to Spark itself."""
    folder = tmp_path_factory.mktemp("spark")
    before = os.environ.get("DEX_PROJECT")
    with spark_connect_server(folder / "server") as url:
        project = make_project(
            folder / "trial",
            exact=EXACT.format(url=url, writes="allow"),
            shut=EXACT.format(url=url, writes="deny"),
        )
        os.environ["DEX_PROJECT"] = str(project)
        yield project
        for name in ("exact", "shut"):
            close_session(load_environment(name, start=project))
    if before is None:
        os.environ.pop("DEX_PROJECT", None)
    else:
        os.environ["DEX_PROJECT"] = before


@pytest.fixture(scope="module")
def exact(on_spark: Path) -> Session:
    """The session of `exact`, with a small table of raw text."""
    from dex.guard import install_tap

    install_tap()
    session = get_session(load_environment("exact", start=on_spark))
    rows = [("1", "NA", " a "), ("2", "517", "b"), ("2", "517", "b"), ("3", "2359", "NA")]
    session.spark.sql(f"create schema if not exists {session.environment.schema_name('bronze')}")
    frame = session.spark.createDataFrame(rows, "id string, clock string, word string")
    frame.write.mode("overwrite").saveAsTable(session.table("bronze", "raw"))
    return session


def test_the_session_is_sparks_and_tables_have_three_level_names(exact: Session) -> None:
    assert exact.spark.version == SPARK
    assert exact.table("bronze", "raw") == "spark_catalog.bronze.raw"
    assert exact.read("bronze", "raw").count() == 4


def test_a_profile_says_the_same_as_the_rows(exact: Session) -> None:
    made = profile(exact.read("bronze", "raw"))
    id_, clock, word = made.columns
    assert (made.rows, made.scans) == (4, 1)
    assert (id_.distinct, id_.min, id_.max) == (3, "1", "3")
    assert {value.value: value.count for value in clock.top} == {"517": 2, "NA": 1, "2359": 1}
    assert word.count == 4


def test_a_silver_request_is_verified_and_its_code_runs(exact: Session) -> None:
    frame = exact.read("bronze", "raw")
    request = AgentRequest(
        role="silver",
        text="NA means null. Give every column its type. Drop exact duplicates.",
        frames=["raw"],
        into="clean",
    )
    run = run_agent(request, exact, {"raw": frame})
    assert run.verdict is not None
    assert run.verdict.status == "passed", run.to_text()
    assert run.proposal is not None
    names: dict[str, object] = {"raw": frame}
    exec(run.proposal.code, names)  # noqa: S102  as the person does who has inserted it
    clean = names["clean"]
    assert clean.count() == 3  # type: ignore[attr-defined]
    assert dict(clean.dtypes)["id"] == "int"  # type: ignore[attr-defined]


def test_a_notebook_is_recorded_on_spark_and_its_tests_are_green_there(on_spark: Path) -> None:
    path = write_notebook(on_spark / "notebooks/bookings.ipynb", *ORDERS[:-1])
    report = export_notebook(path, find_project(on_spark), record=True, environment="exact")
    assert len(report.tests) == 9
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_bookings.py"]
    env = {**os.environ, "DEX_ENV": "exact"}
    done = subprocess.run(command, cwd=on_spark, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed, 1 skipped" in done.stdout


def test_the_guard_stops_a_write_before_it_leaves(exact: Session, on_spark: Path) -> None:
    shut = get_session(load_environment("shut", start=on_spark))
    with pytest.raises(GuardError):
        shut.spark.sql("drop table spark_catalog.bronze.raw")
    with pytest.raises(GuardError):
        shut.read("bronze", "raw").write.mode("overwrite").saveAsTable("spark_catalog.bronze.raw")
    assert exact.read("bronze", "raw").count() == 4


STREAM = """\
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.remote("{url}").getOrCreate()
rates = spark.readStream.format("rate").option("rowsPerSecond", 5).load()
query = rates.select(F.raise_error(F.lit("no such carrier"))).writeStream.format("noop").start()
"""
WAIT = """\
import time
until = time.monotonic() + 60
while query.isActive and time.monotonic() < until:
    time.sleep(0.1)
"""


def test_a_streaming_query_that_dies_in_the_background_makes_its_cell_red_and_no_other(
    on_spark: Path, tmp_path: Path
) -> None:
    url = load_environment("exact", start=on_spark).engine.url
    cells = [
        STREAM.format(url=url),
        "healthy = rates.writeStream.format('noop').start()",
        WAIT,
        "healthy.stop()",
        "print(1)",
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(
        new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel}),
        tmp_path / "book.ipynb",
    )
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "book.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)
    assert "1 failed, 4 passed" in done.stdout, done.stdout
    assert "The streaming query `query` has failed" in done.stdout
    assert "no such carrier" in done.stdout
