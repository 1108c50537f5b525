"""Jobs and what becomes of their runs in the stand-in workspace; the work itself is scripted here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from databricks.sdk.errors import InvalidParameterValue, ResourceDoesNotExist
from dex.workspace import Output, Workspace, WorkspaceServer
from scripted_runner import Handed, ScriptedRunner
from stand_in_workspace import client_of

Settings = dict[str, Any]


def notebook(key: str, *after: str, **more: Any) -> Settings:
    waits = {"depends_on": [{"task_key": each} for each in after]} if after else {}
    return {"task_key": key, "notebook_task": {"notebook_path": f"/Shared/{key}"}, **waits, **more}


@pytest.fixture
def runner() -> ScriptedRunner:
    return ScriptedRunner()


@pytest.fixture
def fake(runner: ScriptedRunner) -> Iterator[Workspace]:
    with WorkspaceServer(runner=runner) as server:
        made = server.add()
        yield made
        for each in runner.runs:
            each.end("CANCELED")


@pytest.fixture
def client(fake: Workspace) -> Any:
    return client_of(fake)


@pytest.fixture
def create(client: Any) -> Callable[..., int]:
    def make(*tasks: Settings, **settings: Any) -> int:
        body = {"name": "a job", "tasks": list(tasks), **settings}
        return int(client.api_client.do("POST", "/api/2.2/jobs/create", body=body)["job_id"])

    return make


# -- jobs --------------------------------------------------------------------------------------------------------------


def test_a_job_lives_from_create_to_delete(client: Any, create: Callable[..., int]) -> None:
    number = create(notebook("a"), tags={"team": "de"}, edit_mode="UI_LOCKED")
    job = client.jobs.get(number)
    assert (job.settings.name, job.settings.tags, job.creator_user_name) == (
        "a job",
        {"team": "de"},
        "tester@example.org",
    )
    assert job.settings.format.value == "MULTI_TASK"
    assert job.settings.edit_mode.value == "UI_LOCKED"
    settings = job.settings
    settings.name = "another"
    client.jobs.reset(number, settings)
    assert [each.settings.name for each in client.jobs.list(name="ANOTHER")] == ["another"]
    client.jobs.delete(number)
    with pytest.raises(ResourceDoesNotExist, match=f"Job {number} does not exist"):
        client.jobs.get(number)
    with pytest.raises(InvalidParameterValue):
        client.jobs.delete(number)


def test_an_update_changes_and_removes_what_it_names_and_nothing_else(client: Any, create: Callable[..., int]) -> None:
    number = create(notebook("a"), notebook("b"), tags={"team": "de"}, description="old")
    client.api_client.do(
        "POST",
        "/api/2.2/jobs/update",
        body={
            "job_id": number,
            "new_settings": {"name": "new", "tasks": [notebook("b", "a"), notebook("c")]},
            "fields_to_remove": ["description", "tags"],
        },
    )
    settings = client.jobs.get(number).settings
    assert (settings.name, settings.tags, settings.description) == ("new", None, None)
    assert [(task.task_key, bool(task.depends_on)) for task in settings.tasks] == [
        ("a", False),
        ("b", True),
        ("c", False),
    ]


def test_a_job_of_many_tasks_and_a_list_of_many_jobs_come_in_pages(
    client: Any, create: Callable[..., int], fake: Workspace
) -> None:
    number = create(*(notebook(f"t{n:03}") for n in range(250)))
    assert [task.task_key for task in client.jobs.get(number).settings.tasks] == [f"t{n:03}" for n in range(250)]
    assert fake.asked.count("GET /api/2.2/jobs/get") == 3
    for n in range(44):
        create(notebook("a"), name=f"job {n}")
    listed = list(client.jobs.list(limit=20))
    assert len({job.job_id for job in listed}) == 45
    assert fake.asked.count("GET /api/2.2/jobs/list") == 3
    ((whole,)) = [job for job in client.jobs.list(expand_tasks=True, limit=100) if job.job_id == number][-1:]
    assert len(whole.settings.tasks) == 250


REFUSED: dict[str, tuple[Settings, str]] = {
    "two tasks of one key": ({"tasks": [notebook("a"), notebook("a")]}, "Two tasks have the key 'a'"),
    "a task that is not there": ({"tasks": [notebook("a", "nope")]}, "'nope', which is no task"),
    "a task that waits for itself": ({"tasks": [notebook("a", "a")]}, "depends on itself"),
    "a circle": ({"tasks": [notebook("a", "b"), notebook("b", "a")]}, "wait for each other: "),
    "no tasks": ({"tasks": []}, "no tasks"),
    "a task without a type": ({"tasks": [{"task_key": "a"}]}, "has no type"),
    "a task of two types": (
        {"tasks": [notebook("a", spark_python_task={"python_file": "/a.py"}, environment_key="d")]},
        "has 2 types",
    ),
    "an environment that is not there": (
        {"tasks": [{"task_key": "a", "environment_key": "nope", "spark_python_task": {"python_file": "/a.py"}}]},
        "no environment 'nope'",
    ),
    "no environment at all": (
        {"tasks": [{"task_key": "a", "python_wheel_task": {"package_name": "a", "entry_point": "b"}}]},
        "does not say what it runs on",
    ),
    "a cluster that is not there": ({"tasks": [notebook("a", job_cluster_key="nope")]}, "no cluster 'nope'"),
    "serverless and libraries": (
        {
            "tasks": [notebook("a", environment_key="d", libraries=[{"whl": "/a.whl"}])],
            "environments": [{"environment_key": "d"}],
        },
        "takes no libraries",
    ),
    "a word that is none of a list": ({"tasks": [notebook("a", "b", run_if="SOMETIMES"), notebook("b")]}, "run_if"),
    "a parameter without a default": ({"tasks": [notebook("a")], "parameters": [{"name": "day"}]}, "default"),
    "a level that is not known": (
        {
            "tasks": [notebook("a")],
            "access_control_list": [{"group_name": "users", "permission_level": "CAN_DANCE"}],
        },
        "CAN_DANCE is not known",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_job_that_the_platform_refuses_is_not_made(client: Any, fake: Workspace, what: str) -> None:
    settings, said = REFUSED[what]
    with pytest.raises(InvalidParameterValue, match=said):
        client.api_client.do("POST", "/api/2.2/jobs/create", body={"name": "x", **settings})
    assert fake.jobs == {}


def test_a_job_is_not_reset_or_updated_to_what_is_refused(client: Any, create: Callable[..., int]) -> None:
    number = create(notebook("a"))
    for verb in ("reset", "update"):
        with pytest.raises(InvalidParameterValue, match="'nope', which is no task"):
            body = {"job_id": number, "new_settings": {"name": "x", "tasks": [notebook("a", "nope")]}}
            client.api_client.do("POST", f"/api/2.2/jobs/{verb}", body=body)
    assert client.jobs.get(number).settings.name == "a job"


# -- runs --------------------------------------------------------------------------------------------------------------


def run_now(client: Any, number: int, **body: Any) -> int:
    return int(client.api_client.do("POST", "/api/2.2/jobs/run-now", body={"job_id": number, **body})["run_id"])


def test_the_first_look_finds_a_run_running_the_next_one_its_end(
    client: Any, create: Callable[..., int], runner: ScriptedRunner
) -> None:
    run = run_now(client, create(notebook("a")))
    runner.runs[0].report("a")
    runner.runs[0].end()
    assert client.jobs.get_run(run).state.life_cycle_state.value == "RUNNING"
    found = client.jobs.get_run(run)
    assert (found.state.life_cycle_state.value, found.state.result_state.value) == ("TERMINATED", "SUCCESS")
    assert (found.status.state.value, found.status.termination_details.code.value) == ("TERMINATED", "SUCCESS")
    assert found.run_page_url.endswith(f"/run/{run}")


def test_a_runner_is_told_what_a_run_needs(
    client: Any, create: Callable[..., int], runner: ScriptedRunner, fake: Workspace
) -> None:
    parameters = [{"name": "day", "default": "1"}, {"name": "env", "default": "dev"}]
    number = create(notebook("a"), notebook("b", "a"), parameters=parameters)
    run = run_now(client, number, job_parameters={"day": "2", "more": "x"}, only=["b"])
    order = runner.runs[0].order
    assert (order.run_id, order.job_id, order.only) == (run, number, frozenset({"b"}))
    assert order.parameters == {"day": "2", "env": "dev", "more": "x"}
    assert order.environment == {
        "DATABRICKS_HOST": fake.url,
        "DATABRICKS_TOKEN": fake.token,
        "DEX_USER": "tester@example.org",
    }
    assert order.work.is_dir()
    shown = {each.name: (each.default, each.value) for each in client.jobs.get_run(run).job_parameters}
    assert shown == {"day": ("1", "2"), "env": ("dev", "dev"), "more": (None, "x")}


def failed_run(client: Any, create: Callable[..., int], runner: ScriptedRunner) -> tuple[int, Handed]:
    """A run of a -> b -> c whose b failed."""
    run = run_now(client, create(notebook("a"), notebook("b", "a"), notebook("c", "b")))
    handed = runner.runs[0]
    handed.report("a", output=Output(notebook="rows: 3"))
    handed.report("b", "FAILED", output=Output(error="ValueError: no", trace="Traceback\nValueError: no"))
    handed.report("c", "UPSTREAM_FAILED")
    handed.end("FAILED", "Task b failed")
    client.jobs.get_run(run)
    return run, handed


@pytest.mark.parametrize("life", ["INTERNAL_ERROR", "TERMINATED"])
def test_a_run_that_failed_says_so_in_either_of_the_platforms_ways(
    client: Any, create: Callable[..., int], runner: ScriptedRunner, fake: Workspace, life: Any
) -> None:
    fake.failed_life = life
    run, _ = failed_run(client, create, runner)
    state = client.jobs.get_run(run).state
    assert (state.life_cycle_state.value, state.result_state.value, state.state_message) == (
        life,
        "FAILED",
        "Task b failed",
    )


def test_the_output_of_a_task_is_had_by_the_id_of_its_own_run(
    client: Any, create: Callable[..., int], runner: ScriptedRunner
) -> None:
    run, _ = failed_run(client, create, runner)
    ids = {task.task_key: task.run_id for task in client.jobs.get_run(run).tasks}
    assert client.jobs.get_run_output(ids["a"]).notebook_output.result == "rows: 3"
    failed = client.jobs.get_run_output(ids["b"])
    assert (failed.error, failed.error_trace) == ("ValueError: no", "Traceback\nValueError: no")
    assert failed.metadata.state.result_state.value == "FAILED"
    assert client.jobs.get_run(ids["c"]).state.life_cycle_state.value == "SKIPPED"
    with pytest.raises(InvalidParameterValue, match="multiple tasks is not supported"):
        client.jobs.get_run_output(run)
    with pytest.raises(ResourceDoesNotExist, match="Run 5 does not exist"):
        client.jobs.get_run_output(5)


def test_a_token_that_a_task_prints_is_in_no_output(
    client: Any, create: Callable[..., int], runner: ScriptedRunner, fake: Workspace
) -> None:
    run = run_now(client, create(notebook("a")))
    said = f"my token is {fake.token}!"
    runner.runs[0].report("a", "FAILED", output=Output(logs=said, notebook=said, error=said, trace=said))
    runner.runs[0].end("FAILED")
    task = client.jobs.get_run(run).tasks[0].run_id
    raw = client.api_client.do("GET", "/api/2.2/jobs/runs/get-output", query={"run_id": task})
    assert fake.token not in str(raw)
    assert str(raw).count("my token is [REDACTED]!") == 4


def test_a_repair_runs_what_failed_and_keeps_what_ended_well(
    client: Any, create: Callable[..., int], runner: ScriptedRunner
) -> None:
    run, late = failed_run(client, create, runner)
    repair = client.jobs.repair_run(run, rerun_all_failed_tasks=True).response.repair_id
    with pytest.raises(InvalidParameterValue, match="is active"):
        client.jobs.repair_run(run, rerun_tasks=["b"], latest_repair_id=repair)
    order = runner.runs[1].order
    assert (order.repair, order.only) == (1, frozenset({"b", "c"}))
    assert {key: report.result for key, report in order.finished.items()} == {"a": "SUCCESS"}
    late.end("CANCELED")  # the run before has nothing to say any more
    runner.runs[1].report("b")
    runner.runs[1].report("c")
    runner.runs[1].end()
    client.jobs.get_run(run)
    found = client.jobs.get_run(run, include_history=True)
    assert found.state.result_state.value == "SUCCESS"
    assert [task.state.result_state.value for task in client.jobs.get_run(run).tasks] == ["SUCCESS"] * 3
    assert len(found.tasks) == 5
    assert [(each.type.value, each.id, len(each.task_run_ids)) for each in found.repair_history] == [
        ("ORIGINAL", None, 3),
        ("REPAIR", repair, 2),
    ]
    with pytest.raises(InvalidParameterValue, match="latest repair ID needs to be provided"):
        client.jobs.repair_run(run, rerun_tasks=["b"])
    with pytest.raises(InvalidParameterValue, match="no tasks to run again"):
        client.jobs.repair_run(run, rerun_all_failed_tasks=True, latest_repair_id=repair)
    client.jobs.repair_run(run, rerun_tasks=["a"], rerun_dependent_tasks=True, latest_repair_id=repair)
    assert runner.runs[2].order.only == frozenset({"a", "b", "c"})


def test_a_retry_is_an_attempt_of_its_own(client: Any, create: Callable[..., int], runner: ScriptedRunner) -> None:
    run = run_now(client, create(notebook("a", max_retries=1)))
    runner.runs[0].report("a", "FAILED", output=Output(error="first"))
    runner.runs[0].report("a", attempt=1)
    runner.runs[0].end()
    attempts = client.jobs.get_run(run, include_history=True).tasks
    assert [(task.attempt_number, task.state.result_state.value) for task in attempts] == [
        (0, "FAILED"),
        (1, "SUCCESS"),
    ]
    assert [task.attempt_number for task in client.jobs.get_run(run).tasks] == [1]


def test_the_items_of_a_loop_are_runs_of_their_own(
    client: Any, create: Callable[..., int], runner: ScriptedRunner
) -> None:
    loop = {"task_key": "loop", "for_each_task": {"inputs": "[1, 2]", "task": notebook("each")}}
    run = run_now(client, create(loop))
    for number in range(120):
        runner.runs[0].report("loop", iteration=number, output=Output(notebook=f"item {number}"))
    runner.runs[0].report("loop")
    runner.runs[0].end()
    task = client.jobs.get_run(run).tasks[0]
    assert task.for_each_task.stats.task_run_stats.succeeded_iterations == 120
    iterations = client.jobs.get_run(task.run_id).iterations
    assert [client.jobs.get_run_output(each.run_id).notebook_output.result for each in iterations[-2:]] == [
        "item 118",
        "item 119",
    ]
    assert len(iterations) == 120


def test_a_run_is_canceled_once_its_runner_says_so(
    client: Any, create: Callable[..., int], runner: ScriptedRunner
) -> None:
    number = create(notebook("a"))
    run = run_now(client, number)
    client.jobs.get_run(run)
    client.jobs.cancel_run(run)
    assert not runner.runs[0].wanted
    assert client.jobs.get_run(run).state.life_cycle_state.value == "TERMINATING"
    assert [each.run_id for each in client.jobs.list_runs(job_id=number, active_only=True)] == [run]
    with pytest.raises(InvalidParameterValue, match="active"):
        client.jobs.delete_run(run)
    runner.runs[0].end("CANCELED")
    assert client.jobs.get_run(run).state.result_state.value == "CANCELED"
    assert list(client.jobs.list_runs(job_id=number, active_only=True)) == []
    assert [each.run_id for each in client.jobs.list_runs(job_id=number, completed_only=True)] == [run]
    client.jobs.cancel_run(run)
    client.jobs.delete_run(run)
    with pytest.raises(ResourceDoesNotExist):
        client.jobs.get_run(run)


def test_a_job_runs_as_often_as_it_may_and_others_wait_or_are_skipped(
    client: Any, create: Callable[..., int], runner: ScriptedRunner
) -> None:
    strict, patient = create(notebook("a")), create(notebook("a"), queue={"enabled": True})
    run_now(client, strict)
    skipped = client.jobs.get_run(run_now(client, strict))
    assert skipped.state.life_cycle_state.value == "SKIPPED"
    assert "limit of 1 maximum concurrent runs" in skipped.state.state_message
    first, second = run_now(client, patient), run_now(client, patient)
    assert client.jobs.get_run(second).state.life_cycle_state.value == "QUEUED"
    assert len(runner.runs) == 2
    runner.runs[1].end()
    assert len(runner.runs) == 3
    assert {first, second} == {each.order.run_id for each in runner.runs[1:]}


def test_a_request_that_is_sent_twice_starts_one_run(client: Any, create: Callable[..., int]) -> None:
    number = create(notebook("a"))
    runs = {run_now(client, number, idempotency_token="once") for _ in range(2)}
    assert len(runs) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"only": ["nope"]}, "no task nope"),
        ({"notebook_params": {"a": "1"}}, "takes job_parameters"),
        ({"job_parameters": "x"}, "has to be an object"),
        ({"job_id": "x"}, "has to be a whole number"),
        ({"job_id": 42}, "Job 42 does not exist"),
    ],
)
def test_a_run_that_cannot_be_is_refused(
    client: Any, create: Callable[..., int], fake: Workspace, body: Settings, said: str
) -> None:
    number = create(notebook("a"), parameters=[{"name": "a", "default": "1"}])
    with pytest.raises(InvalidParameterValue, match=said):
        run_now(client, number, **{"job_id": number, **body})
    assert fake.runs.all == {}


def test_many_runs_come_in_pages_the_newest_first(client: Any, create: Callable[..., int], fake: Workspace) -> None:
    number = create(notebook("a"), max_concurrent_runs=100)
    started = [run_now(client, number) for _ in range(60)]
    assert [run.run_id for run in client.jobs.list_runs(job_id=number, limit=25)] == started[::-1]
    assert fake.asked.count("GET /api/2.2/jobs/runs/list") == 3
    (newest, *_) = client.jobs.list_runs(job_id=number, expand_tasks=True)
    assert [task.task_key for task in newest.tasks] == ["a"]
    assert (newest.number_in_job, newest.run_type.value) == (60, "JOB_RUN")
    with pytest.raises(InvalidParameterValue, match="between 1 and 25"):
        list(client.jobs.list_runs(limit=26))
