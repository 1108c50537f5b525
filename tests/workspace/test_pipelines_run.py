"""Pipelines of the stand-in workspace really run, by updates and by jobs, through the vendor's client."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from databricks.sdk.errors import ResourceConflict
from databricks.sdk.service import jobs, pipelines
from dex.workspace import Workspace
from sdk_deploying import Deployer

ROOT = "/Workspace/Users/tester@example.org/.bundle/flow/dev"
SOURCES = {
    "src/transformations/tables.py": """\
from pyspark import pipelines as dp
from helper import least

@dp.materialized_view
@dp.expect_or_drop("positive", f"n >= {least}")
def numbers():
    return spark.sql("select * from values (1), (2), (-1) as t(n)")
""",
    "src/transformations/more/sums.sql": """\
CREATE OR REFRESH MATERIALIZED VIEW main.gold.sums AS SELECT sum(n) * cast(:times AS INT) AS s FROM numbers;
""",
    "src/helper.py": "least = 0\n",
}


@pytest.fixture
def pipeline(client: Any) -> str:
    """A pipeline as a bundle deploys it."""
    for name, text in SOURCES.items():
        Deployer(client, ROOT).put(f"{ROOT}/files/{name}", text.encode())
    made = client.pipelines.create(
        name="[dev tester] flow",
        catalog="main",
        schema="silver",
        root_path=f"{ROOT}/files/src",
        parameters={"times": "10"},
        libraries=[
            pipelines.PipelineLibrary(glob=pipelines.PathPattern(include=f"{ROOT}/files/src/transformations/**"))
        ],
    )
    return str(made.pipeline_id)


def ended(client: Any, pipeline: str, update: str) -> pipelines.UpdateInfo:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found: pipelines.UpdateInfo = client.pipelines.get_update(pipeline, update).update
        if found.state.value in ("COMPLETED", "FAILED", "CANCELED"):  # type: ignore[union-attr]
            return found
        time.sleep(0.1)
    raise AssertionError("the update does not end")


def test_an_update_makes_the_tables_and_its_events_count_the_rows(client: Any, pipeline: str, fake: Workspace) -> None:
    started = client.pipelines.start_update(pipeline).update_id
    with pytest.raises(ResourceConflict, match="already exists"):
        client.pipelines.start_update(pipeline)
    assert client.pipelines.get(pipeline).state == pipelines.PipelineState.RUNNING
    assert ended(client, pipeline, started).state == pipelines.UpdateInfoState.COMPLETED
    assert client.pipelines.get(pipeline).state == pipelines.PipelineState.IDLE
    assert [each.update_id for each in client.pipelines.list_updates(pipeline).updates] == [started]
    assert {"main.silver.numbers", "main.gold.sums"} <= set(fake.tables)

    events = client.api_client.do("GET", f"/api/2.0/pipelines/{pipeline}/events")["events"]
    assert [each["message"].partition(" is ")[2] for each in events if each["event_type"] == "update_progress"] == [
        "COMPLETED.",
        "RUNNING.",
        "CREATED.",
    ]
    flows = {
        each["origin"]["flow_name"]: each["details"]["flow_progress"]
        for each in events
        if "flow_name" in each["origin"]
    }
    assert flows["main.silver.numbers"] == {
        "status": "COMPLETED",
        "metrics": {"num_output_rows": 2},
        "data_quality": {
            "dropped_records": 1,
            "expectations": [
                {"name": "positive", "dataset": "main.silver.numbers", "passed_records": 2, "failed_records": 1}
            ],
        },
    }
    assert flows["main.gold.sums"]["metrics"] == {"num_output_rows": 1}


def test_an_update_that_fails_says_where_in_its_events(client: Any, pipeline: str) -> None:
    Deployer(client, ROOT).put(
        f"{ROOT}/files/src/transformations/wrong.sql",
        b"\nCREATE OR REFRESH MATERIALIZED VIEW x AS SELECT * FROM nothing;\n",
    )
    update = client.pipelines.start_update(pipeline, full_refresh=True)
    found = ended(client, pipeline, update.update_id)
    assert (found.state, found.full_refresh) == (pipelines.UpdateInfoState.FAILED, True)
    (error,) = client.pipelines.list_pipeline_events(pipeline, filter="level='ERROR'")
    assert "DEX-PIPELINE-06: The dataset main.silver.x reads main.silver.nothing" in error.message
    assert "wrong.sql, line 2" in error.error.exceptions[0].message


def test_a_secret_is_in_no_event_of_an_update(client: Any, pipeline: str, fake: Workspace) -> None:
    fake.secrets["flights"] = {"token": "hunter2222"}
    Deployer(client, ROOT).put(
        f"{ROOT}/files/src/transformations/wrong.py",
        b"""\
from pyspark import pipelines as dp

@dp.materialized_view
def x():
    return spark.range(1).selectExpr("cast('" + dbutils.secrets.get("flights", "token") + "' as int) as y")
""",
    )
    update = client.pipelines.start_update(pipeline)
    assert ended(client, pipeline, update.update_id).state == pipelines.UpdateInfoState.FAILED
    told = json.dumps(client.api_client.do("GET", f"/api/2.0/pipelines/{pipeline}/events"))
    assert "[REDACTED]" in told
    assert "hunter2222" not in told


def test_a_job_runs_a_pipeline_and_its_update_is_among_the_others(client: Any, pipeline: str) -> None:
    task = jobs.Task(
        task_key="refresh", pipeline_task=jobs.PipelineTask(pipeline_id=pipeline, parameters={"times": "3"})
    )
    run = client.jobs.run_now(client.jobs.create(name="refreshing", tasks=[task]).job_id).result()
    assert run.state.result_state.value == "SUCCESS"
    (update,) = client.pipelines.list_updates(pipeline).updates
    assert (update.state, update.cause) == (pipelines.UpdateInfoState.COMPLETED, pipelines.UpdateInfoCause.JOB_TASK)


def test_a_validation_makes_no_table(client: Any, pipeline: str, fake: Workspace) -> None:
    update = client.pipelines.start_update(pipeline, validate_only=True).update_id
    found = ended(client, pipeline, update)
    assert (found.state, found.validate_only) == (pipelines.UpdateInfoState.COMPLETED, True)
    assert "main.silver.numbers" not in fake.tables


def test_a_stopped_update_is_canceled(client: Any, pipeline: str) -> None:
    Deployer(client, ROOT).put(f"{ROOT}/files/src/transformations/a_slow.py", b"import time\ntime.sleep(60)\n")
    update = client.pipelines.start_update(pipeline).update_id
    while client.pipelines.get_update(pipeline, update).update.state != pipelines.UpdateInfoState.RUNNING:
        time.sleep(0.05)
    client.pipelines.stop(pipeline)
    assert ended(client, pipeline, update).state == pipelines.UpdateInfoState.CANCELED
