"""The graph of notebooks from a page: tasks, reasons and questions with their places; the job made of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from dex.bridge import PROGRESS_EVENT
from tornado.httpclient import HTTPClientError

Fetch = Callable[..., Awaitable[Any]]
CELL = "\n# COMMAND ----------\n\n"
BRONZE = "# Databricks notebook source\n" + CELL.join(
    ["from dex_dbutils import get_session\nsession = get_session()", "spark = session.spark"]
    + ["rows = spark.read.csv('raw/orders.csv')\nrows.write.saveAsTable(session.table('bronze', 'orders'))"]
)
SILVER = "# Databricks notebook source\n" + CELL.join(
    ["from dex_dbutils import get_session\nsession = get_session()", "spark = session.spark"]
    + ["orders = spark.table(session.table('bronze', 'orders'))"]
    + ["orders.write.mode('overwrite').saveAsTable(session.table('silver', 'orders'))"]
)
OPEN = (
    "# Databricks notebook source\nfor name in [t.name for t in spark.catalog.listTables()]:\n    spark.table(name)\n"
)


@pytest.fixture
def notebooks(project: Path) -> Path:
    (project / "pyproject.toml").write_text('[project]\nname = "flights_etl"\nversion = "0.1.0"\n')
    for name, text in (("bronze", BRONZE), ("silver", SILVER), ("open", OPEN)):
        (project / f"notebooks/{name}.py").write_text(text)
    return project


async def ask(fetch: Fetch, *route: str, **more: Any) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"path": "flights/notebooks/silver.py", **more})
    try:
        answer = await fetch("dex", "graph", *route, method="POST", body=body)
    except HTTPClientError as error:
        assert error.response is not None
        return error.code, json.loads(error.response.body)
    return int(answer.code), json.loads(answer.body)


async def test_tasks_reasons_and_questions_lead_to_their_cells(jp_fetch: Fetch, notebooks: Path) -> None:
    code, reply = await ask(jp_fetch)
    assert code == 200, reply
    assert [[task["key"] for task in stage] for stage in reply["stages"]] == [["bronze", "open"], ["silver"]]
    [edge] = reply["stages"][1][0]["edges"]
    [reason] = edge["reasons"]
    assert (edge["before"], reason["kind"], reason["name"]) == ("bronze", "table", "bronze.orders")
    assert reason["before"] == {
        "path": "flights/notebooks/bronze.py",
        "notebook": "notebooks/bronze.py",
        "cell": 3,
        "line": 2,
    }
    assert reason["after"]["cell"] == 3
    assert [each["name"] for each in reply["inputs"]] == ["raw/orders.csv"]
    [question] = reply["questions"]
    assert question["code"].startswith("DEX-GRAPH-")
    assert question["places"][0]["path"] == "flights/notebooks/open.py"
    assert "dex: task" in question["remedy"]
    code, alone = await ask(jp_fetch, scope="notebook")
    assert [[task["key"] for task in stage] for stage in alone["stages"]] == [["silver"]]


async def test_a_job_is_shown_as_a_difference_before_it_is_written(
    jp_fetch: Fetch, notebooks: Path, jp_serverapp: Any
) -> None:
    told: list[dict[str, Any]] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        told.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=PROGRESS_EVENT, listener=listen)
    (notebooks / "notebooks/open.py").unlink()
    code, reply = await ask(jp_fetch, "emit", job="orders", work="w1")
    assert (code, reply["status"], reply["path"]) == (200, "differs", "resources/orders.job.yml")
    assert "+        - task_key: silver" in reply["diff"]
    assert not (notebooks / "resources").exists()
    await asyncio.sleep(0.1)
    assert [(each["work"], each["text"]) for each in told] == [("w1", "1 of 2"), ("w1", "2 of 2")]
    code, reply = await ask(jp_fetch, "emit", job="orders", check=False)
    assert (code, reply["status"], reply["tasks"]) == (200, "written", ["bronze", "silver"])
    assert (notebooks / "resources/orders.job.yml").is_file()
    assert (await ask(jp_fetch))[1]["job"] == "orders"
    assert (await ask(jp_fetch, "emit", job="orders"))[1]["status"] == "unchanged"


async def test_notebooks_that_wait_for_each_other_make_no_job(jp_fetch: Fetch, notebooks: Path) -> None:
    (notebooks / "notebooks/bronze.py").write_text(BRONZE + CELL + "spark.table(session.table('silver', 'orders'))")
    assert (await ask(jp_fetch))[1]["cyclic"] is True
    code, refused = await ask(jp_fetch, "emit", job="orders")
    assert (code, refused["code"]) == (409, "DEX-EXPORT-32")
    assert "wait for each other" in refused["message"]


async def test_a_job_of_the_configuration_is_made_of_the_notebooks_that_it_names(
    jp_fetch: Fetch, notebooks: Path
) -> None:
    base = notebooks / "config/base.yaml"
    base.write_text(base.read_text() + "jobs: {daily: {notebooks: [notebooks/bronze.py]}}\n")
    code, reply = await ask(jp_fetch, "emit", job="daily")
    assert (code, reply["tasks"]) == (200, ["bronze"])
    code, refused = await ask(jp_fetch, "emit", job="no key")
    assert (code, refused["code"]) == (409, "DEX-EXPORT-32")
