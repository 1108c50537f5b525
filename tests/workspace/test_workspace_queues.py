"""Runs that have to wait or are skipped, parts of jobs, and what of a job is only kept, in the stand-in workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.service import jobs
from dex.workspace import WorkspaceServer
from scripted_runner import ScriptedRunner
from stand_in_workspace import client_of


def notebook(key: str, *after: str, **more: Any) -> dict[str, Any]:
    waits = [{"task_key": each} for each in after]
    return {"task_key": key, "notebook_task": {"notebook_path": f"/Shared/{key}"}, "depends_on": waits, **more}


TASKS = [notebook("a"), notebook("b", "a"), notebook("c", "b"), notebook("off", disabled=True)]


@pytest.fixture
def runner() -> ScriptedRunner:
    return ScriptedRunner()


@pytest.fixture
def client(runner: ScriptedRunner) -> Iterator[Any]:
    with WorkspaceServer(runner=runner) as server:
        yield client_of(server.add())
        for each in runner.runs:
            each.end("CANCELED")


def create(client: Any, **settings: Any) -> int:
    body = {"name": "a job", "tasks": TASKS, **settings}
    return int(client.api_client.do("POST", "/api/2.2/jobs/create", body=body)["job_id"])


def state_of(client: Any, run: int) -> tuple[str, str | None]:
    found = client.jobs.get_run(run)
    reason = found.status.queue_details or found.status.termination_details
    return found.state.life_cycle_state.value, reason.code.value if reason else None


def test_a_run_too_many_waits_or_is_skipped_and_says_why(client: Any) -> None:
    strict, patient = create(client), create(client, queue={"enabled": True})
    never = create(client, max_concurrent_runs=0, queue={"enabled": True})
    first, second = (client.jobs.run_now(job).run_id for job in (strict, strict))
    assert state_of(client, second) == ("SKIPPED", "MAX_CONCURRENT_RUNS_EXCEEDED")
    client.jobs.run_now(patient)
    assert state_of(client, client.jobs.run_now(patient).run_id) == ("QUEUED", "MAX_CONCURRENT_RUNS_REACHED")
    assert state_of(client, client.jobs.run_now(never).run_id) == ("SKIPPED", "MAX_CONCURRENT_RUNS_EXCEEDED")
    assert state_of(client, first) == ("RUNNING", None)


def test_queued_runs_can_be_canceled_alone(client: Any, runner: ScriptedRunner) -> None:
    job = create(client, queue={"enabled": True})
    going, waiting = client.jobs.run_now(job).run_id, client.jobs.run_now(job).run_id
    client.jobs.cancel_all_runs(all_queued_runs=True)
    assert state_of(client, waiting) == ("TERMINATED", "USER_CANCELED")
    assert state_of(client, going)[0] == "RUNNING"
    client.jobs.cancel_all_runs(job_id=job)
    assert not runner.runs[0].wanted
    with pytest.raises(InvalidParameterValue, match="job_id, or all_queued_runs"):
        client.jobs.cancel_all_runs()


@pytest.mark.parametrize(
    ("only", "tasks", "enabled"),
    [
        (["b"], {"b"}, set()),
        (["+b"], {"a", "b"}, set()),
        (["b+"], {"b", "c"}, set()),
        (["+b+"], {"a", "b", "c"}, set()),
        (["a", "off"], {"a", "off"}, {"off"}),  # named, so it runs although it is disabled
    ],
)
def test_a_part_of_a_job_runs(
    client: Any, runner: ScriptedRunner, only: list[str], tasks: set[str], enabled: set[str]
) -> None:
    client.jobs.run_now(create(client), only=only)
    order = runner.runs[0].order
    assert order.only == tasks
    assert {task["task_key"] for task in order.settings["tasks"] if task.get("disabled") is False} == enabled
    with pytest.raises(InvalidParameterValue, match="no task nope"):
        client.jobs.run_now(create(client), only=["+nope"])


def test_schedules_and_notifications_are_kept_as_they_were_given(client: Any) -> None:
    given: dict[str, Any] = {
        "schedule": {"quartz_cron_expression": "0 0 6 * * ?", "timezone_id": "UTC", "pause_status": "PAUSED"},
        "email_notifications": {"on_failure": ["a@example.org"]},
        "webhook_notifications": {"on_start": [{"id": "hook"}]},
        "health": {"rules": [{"metric": "RUN_DURATION_SECONDS", "op": "GREATER_THAN", "value": 60}]},
        "tags": {"dev": "tester"},
        "timeout_seconds": 60,
    }
    job = create(client, **given)
    settings = client.jobs.get(job).settings
    assert {name: settings.as_dict()[name] for name in given} == given
    client.jobs.update(
        job, new_settings=jobs.JobSettings(tags={"new": "1"}), fields_to_remove=["schedule", "tasks/off"]
    )
    changed = client.jobs.get(job).settings
    assert (changed.schedule, changed.tags, [task.task_key for task in changed.tasks]) == (
        None,
        {"new": "1"},
        ["a", "b", "c"],
    )
    assert changed.email_notifications.on_failure == ["a@example.org"]
    with pytest.raises(InvalidParameterValue, match="'b' depends on 'a'"):
        client.jobs.update(job, fields_to_remove=["tasks/a"])


def test_a_job_with_a_reference_that_goes_on_wrongly_is_not_made(client: Any) -> None:
    tasks = [notebook("a", notebook_task={"notebook_path": "/n", "base_parameters": {"x": "{{job.naem}}"}})]
    with pytest.raises(InvalidParameterValue, match=r"\{\{job.naem\}\} names nothing"):
        create(client, tasks=tasks)
    loop = {"task_key": "in", "for_each_task": {"inputs": "[]", "task": notebook("x")}}
    with pytest.raises(InvalidParameterValue, match="is a loop itself"):
        create(client, tasks=[{"task_key": "out", "for_each_task": {"inputs": "[]", "task": loop}}])
    with pytest.raises(InvalidParameterValue, match="between 1 and 100"):
        create(
            client,
            tasks=[{"task_key": "out", "for_each_task": {"inputs": "[]", "concurrency": 101, "task": notebook("x")}}],
        )
    with pytest.raises(InvalidParameterValue, match="is no task key"):
        create(client, tasks=[notebook("a b")])


def test_a_repair_takes_parameters_for_itself_alone(client: Any, runner: ScriptedRunner) -> None:
    job = create(client, parameters=[{"name": "day", "default": "default"}, {"name": "who", "default": "me"}])
    run = client.jobs.run_now(job, job_parameters={"day": "of the run"}).run_id
    for result in ("FAILED", "FAILED", "SUCCESS"):
        runner.runs[-1].report("a", result)
        runner.runs[-1].end(result)
        if result == "SUCCESS":
            break
        given = {"day": "of the repair"} if len(runner.runs) == 1 else {}
        history = client.jobs.get_run(run, include_history=True).repair_history
        client.jobs.repair_run(run, rerun_all_failed_tasks=True, latest_repair_id=history[-1].id, job_parameters=given)
    assert [dict(each.order.parameters) for each in runner.runs] == [
        {"day": "of the run", "who": "me"},
        {"day": "of the repair", "who": "me"},
        {"day": "of the run", "who": "me"},
    ]
    history = client.jobs.get_run(run, include_history=True).repair_history
    assert [(item.type.value, item.state.result_state.value) for item in history] == [
        ("ORIGINAL", "FAILED"),
        ("REPAIR", "FAILED"),
        ("REPAIR", "SUCCESS"),
    ]
    assert all(item.end_time >= item.start_time > 0 for item in history)
