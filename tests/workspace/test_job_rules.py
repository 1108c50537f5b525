"""The rules of docs/jobs.md hold in the stand-in workspace too, for the jobs as their YAML says them; all run at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk.errors import InvalidParameterValue
from dex.bundle import load_bundle
from dex.jobs.local import job_key
from dex.workspace import WorkspaceServer
from job_semantics import REFUSED, REPAIRED, ROWS, Repaired, Row
from job_semantics_bundle import FILES, PIPELINES, add_rows, change_rows, settings
from sdk_deploying import Deployer
from stand_in_workspace import client_of

ROOT = "/Workspace/Users/tester@example.org/.bundle/rules/dev"


#: A client, and runs by their rows.
Runs = tuple[Any, dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def runs(server: WorkspaceServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """The client, every row's run as it ended, and as it ended again after its repair."""
    folder = add_rows(tmp_path_factory.mktemp("rules"))
    bundle = load_bundle(folder)
    client = client_of(server.add())
    deployer = Deployer(client, ROOT)
    for name, text in FILES.items():
        deployer.put(f"{ROOT}/files/{name}", text.encode())
    numbers: dict[str, int] = {}
    kept: dict[str, str] = {}
    for name in PIPELINES:
        body = in_the_workspace(bundle.pipeline(name), {})
        made = client.api_client.do("POST", "/api/2.0/pipelines", body=body)
        kept[f"${{resources.pipelines.{name}.id}}"] = made["pipeline_id"]
    for name in ROWS:
        body = in_the_workspace(bundle.job(name), {**numbers, **kept})
        numbers[name] = client.api_client.do("POST", "/api/2.2/jobs/create", body=body)["job_id"]
    ended = all_ended(client, {name: client.jobs.run_now(number).run_id for name, number in numbers.items()})
    change_rows(folder)
    bundle = load_bundle(folder)
    for name, row in REPAIRED.items():
        body = {"job_id": numbers[name], "new_settings": in_the_workspace(bundle.job(name), {**numbers, **kept})}
        client.api_client.do("POST", "/api/2.2/jobs/reset", body=body)
        client.jobs.repair_run(
            ended[name].run_id,
            rerun_tasks=list(row.named) or None,
            rerun_all_failed_tasks=not row.named,
            rerun_dependent_tasks=row.dependents,
            job_parameters=row.parameters,
        )
    again = all_ended(client, {name: ended[name].run_id for name in REPAIRED})
    yield client, ended, again


def all_ended(client: Any, started: dict[str, int]) -> dict[str, Any]:
    ended: dict[str, Any] = {}
    while len(ended) < len(started):
        for name in started.keys() - ended.keys():
            run = client.jobs.get_run(started[name], include_history=True)
            if run.state.life_cycle_state.value in ("TERMINATED", "SKIPPED", "INTERNAL_ERROR"):
                ended[name] = run
        time.sleep(0.2)
    return ended


def in_the_workspace(value: Any, numbers: dict[str, Any], key: str = "") -> Any:
    """Return settings with the paths and ids that a deployment gives them."""
    if isinstance(value, dict):
        return {name: in_the_workspace(entry, numbers, name) for name, entry in value.items()}
    if isinstance(value, list):
        return [in_the_workspace(entry, numbers, key) for entry in value]
    if key == "pipeline_id":
        return numbers[value]
    if key in ("python_file", "path"):
        return f"{ROOT}/files/{value}"
    if key == "job_id":
        return numbers[job_key(value)]
    return f"{ROOT}/files/{Path(value).with_suffix('')}" if key == "notebook_path" else value


@pytest.mark.parametrize("name", ROWS)
def test_a_rule_holds_in_the_stand_in_workspace(name: str, runs: Runs) -> None:
    client, ended, _ = runs
    holds(client, ended[name], ROWS[name])


@pytest.mark.parametrize("name", REPAIRED)
def test_a_rule_of_repairs_holds_in_the_stand_in_workspace(name: str, runs: Runs) -> None:
    client, _, again = runs
    holds(client, again[name], REPAIRED[name])
    assert [item.type.value for item in again[name].repair_history] == ["ORIGINAL", "REPAIR"]
    results = [item.state.result_state.value for item in again[name].repair_history]
    assert results == [ROWS[name].result, REPAIRED[name].result]


@pytest.mark.parametrize("name", REFUSED)
def test_a_job_that_is_refused_is_not_made(name: str, runs: Runs) -> None:
    client, *_ = runs
    body = in_the_workspace(settings(name, REFUSED[name][1]), {})
    with pytest.raises(InvalidParameterValue):
        client.api_client.do("POST", "/api/2.2/jobs/create", body=body)


def holds(client: Any, run: Any, row: Row | Repaired) -> None:
    tasks = {task.task_key: task for task in run.tasks}  # the last attempt of each
    assert {key: tasks[key].state.result_state.value for key in row.results} == row.results
    assert run.state.result_state.value == row.result
    for key, said in row.outputs.items():
        if tasks[key].condition_task is not None:
            assert tasks[key].condition_task.outcome == said
            continue
        output = client.jobs.get_run_output(tasks[key].run_id)
        assert said in (output.notebook_output.result if output.notebook_output else None, (output.logs or "").strip())
