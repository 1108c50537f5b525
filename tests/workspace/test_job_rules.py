"""The rules of docs/jobs.md hold in the stand-in workspace too, for the jobs as their YAML says them; all run at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dex.bundle import load_bundle
from dex.workspace import WorkspaceServer
from job_semantics import FILES, ROWS, add_rows
from sdk_deploying import Deployer
from stand_in_workspace import client_of

ROOT = "/Workspace/Users/tester@example.org/.bundle/rules/dev"


@pytest.fixture(scope="module")
def runs(server: WorkspaceServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The client, and every row's run as it ended."""
    bundle = load_bundle(add_rows(tmp_path_factory.mktemp("rules")))
    client = client_of(server.add())
    deployer = Deployer(client, ROOT)
    for name, text in FILES.items():
        deployer.put(f"{ROOT}/files/{name}", text.encode())
    started = {}
    for name in ROWS:
        body = in_the_workspace(bundle.job(name))
        number = client.api_client.do("POST", "/api/2.2/jobs/create", body=body)["job_id"]
        started[name] = client.jobs.run_now(number).run_id
    ended: dict[str, Any] = {}
    while len(ended) < len(started):
        for name in started.keys() - ended.keys():
            run = client.jobs.get_run(started[name])
            if run.state.life_cycle_state.value in ("TERMINATED", "SKIPPED", "INTERNAL_ERROR"):
                ended[name] = run
        time.sleep(0.2)
    yield client, ended


def in_the_workspace(value: Any, key: str = "") -> Any:
    """Return settings with the paths that a deployment gives them."""
    if isinstance(value, dict):
        return {name: in_the_workspace(entry, name) for name, entry in value.items()}
    if isinstance(value, list):
        return [in_the_workspace(entry, key) for entry in value]
    if key == "python_file":
        return f"{ROOT}/files/{value}"
    return f"{ROOT}/files/{Path(value).with_suffix('')}" if key == "notebook_path" else value


@pytest.mark.parametrize("name", ROWS)
def test_a_rule_holds_in_the_stand_in_workspace(name: str, runs: tuple[Any, dict[str, Any]]) -> None:
    client, ended = runs
    run, row = ended[name], ROWS[name]
    tasks = {task.task_key: task for task in run.tasks}
    assert {key: tasks[key].state.result_state.value for key in row.results} == row.results
    assert run.state.result_state.value == row.result
    for key, said in row.outputs.items():
        if tasks[key].condition_task is not None:
            assert tasks[key].condition_task.outcome == said
            continue
        output = client.jobs.get_run_output(tasks[key].run_id)
        assert said in (output.notebook_output.result if output.notebook_output else None, (output.logs or "").strip())
