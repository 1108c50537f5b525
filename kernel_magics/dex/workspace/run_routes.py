"""Runs over REST: ``/api/2.2/jobs/run-now`` and ``/api/2.2/jobs/runs``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex.workspace.access import JobLevel, check_run, job_for, may_run
from dex.workspace.jobs import BASE, PAGED, checked_settings
from dex.workspace.paging import page, pages
from dex.workspace.refusal import invalid
from dex.workspace.routing import Answer, Request, Routes
from dex.workspace.run_state import JobRun, TaskRun
from dex.workspace.runner import ENDED, Output

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
_LEGACY = (
    "notebook_params",
    "python_params",
    "python_named_params",
    "jar_params",
    "spark_submit_params",
    "sql_params",
    "dbt_commands",
)
#: Fields of a submitted run that are no settings, and the longest token of a request.
_OF_THE_REQUEST, _LONGEST_TOKEN = ("idempotency_token", "access_control_list", "run_name"), 64
#: Bytes of a task's output that are kept; source: the reference of ``runs/get-output``.
_LONGEST = 5 * 1024 * 1024
_CODES = {
    "SUCCESS": ("SUCCESS", "SUCCESS"),
    "CANCELED": ("USER_CANCELED", "SUCCESS"),
    "MAXIMUM_CONCURRENT_RUNS_REACHED": ("MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR"),
}


@routes("POST", f"{BASE}/run-now")
def _run_now(workspace: Workspace, request: Request) -> Answer:
    job = job_for(workspace, request.user, request.number("job_id"), "CAN_MANAGE_RUN")
    token = _token(request)
    if (job.number, token) in workspace.started:
        run = workspace.runs.find(workspace.started[job.number, token])[0]
        return {"run_id": run.number, "number_in_job": run.number}
    parameters = {name: str(value) for name, value in request.mapping("job_parameters").items()}
    overrides = {name: request.given[name] for name in _LEGACY if request.given.get(name)}
    if overrides and (parameters or job.settings.get("parameters")):
        raise invalid(f"A job with parameters takes job_parameters, not {', '.join(overrides)}.")
    run = workspace.runs.start(
        job, parameters, [str(key) for key in request.listed("only")], overrides, request.user.name
    )
    if token:
        workspace.started[job.number, token] = run.number
    return {"run_id": run.number, "number_in_job": run.number}


@routes("POST", f"{BASE}/runs/submit")
def _submit(workspace: Workspace, request: Request) -> Answer:
    token = _token(request)
    if (0, token) in workspace.started:
        return {"run_id": workspace.runs.find(workspace.started[0, token])[0].number}
    given = {name: value for name, value in request.given.items() if name not in _OF_THE_REQUEST}
    settings = checked_settings({**given, "name": request.text("run_name", "Untitled")})
    run = workspace.runs.submit(settings, request.user.name)
    if token:
        workspace.started[0, token] = run.number
    return {"run_id": run.number}


def _token(request: Request) -> str:
    """Return the token by which a request that comes twice starts one run; empty where it has none."""
    token = request.text("idempotency_token", "")
    if len(token) > _LONGEST_TOKEN:
        raise invalid(f"The idempotency token has at most {_LONGEST_TOKEN} characters.")
    return token


def _found(workspace: Workspace, request: Request, level: JobLevel) -> tuple[JobRun, TaskRun | None]:
    """Return the run or task run that a request names, for somebody who has a level on it."""
    found = workspace.runs.find(request.number("run_id"))
    check_run(workspace, request.user, found[0], level)
    return found


@routes("GET", f"{BASE}/runs/get")
def _get(workspace: Workspace, request: Request) -> Answer:
    run, task = _found(workspace, request, "CAN_VIEW")
    if task is not None:
        about = _task_run(workspace, run, task)
        iterations, rest = pages({"iterations": _iterations(workspace, run, task)}, request, PAGED)
        return {**about, "tasks": [_task(workspace, run, task)], **({} if not task.iterations else iterations), **rest}
    about = _run(workspace, run)
    if run.running is not None and not run.was_asked:
        run.was_asked = True  # the first look finds it running, as on the platform, where starting takes longer
        about |= {"end_time": 0, **_state("RUNNING", None, "")}
    history = request.flag("include_history")
    attempts = [task for tasks in run.tasks.values() for task in (tasks if history else tasks[-1:])]
    lists, rest = pages(
        {
            "tasks": [_task(workspace, run, task) for task in attempts],
            "job_parameters": _parameters(run),
            "job_clusters": run.settings.get("job_clusters"),
        },
        request,
        PAGED,
    )
    if history:
        lists["repair_history"] = _history(run)
    return {**about, **lists, **rest}


@routes("GET", f"{BASE}/runs/list")
def _list(workspace: Workspace, request: Request) -> Answer:
    if request.flag("active_only") and request.flag("completed_only"):
        raise invalid("active_only and completed_only exclude each other.")
    job, kind = request.number("job_id", 0), request.given.get("run_type")
    since, until = request.number("start_time_from", 0), request.number("start_time_to", 1 << 62)
    found = [
        run
        for run in sorted(workspace.runs.all.values(), key=lambda run: -run.number)
        if (not job or run.job_id == job)
        and may_run(workspace, request.user, run, "CAN_VIEW")
        and (not kind or _kind(run) == kind)
        and since <= run.start <= until
        and not (request.flag("active_only") and not run.is_active)
        and not (request.flag("completed_only") and run.is_active)
    ]
    items, rest = page(found, request, limit="limit", default=20, most=25)
    listed = [_run(workspace, run) for run in items]
    if request.flag("expand_tasks"):
        for about, run in zip(listed, items, strict=True):
            about["tasks"] = [_task(workspace, run, tasks[-1]) for tasks in list(run.tasks.values())[:PAGED]]
            about |= {"job_parameters": _parameters(run)[:PAGED], "has_more": len(run.tasks) > PAGED}
    return {"runs": listed, "has_more": bool(rest), **rest}


@routes("GET", f"{BASE}/runs/get-output")
def _output(workspace: Workspace, request: Request) -> Answer:
    run, task = _found(workspace, request, "CAN_VIEW")
    if task is None:
        raise invalid(
            "Retrieving the output of runs with multiple tasks is not supported. "
            "Please retrieve the output of each individual task run instead."
        )
    about = {**_task_run(workspace, run, task), "tasks": [_task(workspace, run, task)]}
    return {"metadata": about, **_left(task.report.output or Output())}


def _left(output: Output) -> dict[str, Any]:
    """Return what a task left, as a client sees it; logs keep their end, results their beginning."""
    left: dict[str, Any] = {}
    if output.logs is not None:
        left |= {"logs": output.logs[-_LONGEST:], "logs_truncated": len(output.logs) > _LONGEST}
    if output.notebook is not None:
        text = output.notebook
        left["notebook_output"] = {"result": text[:_LONGEST], "truncated": len(text) > _LONGEST}
    if output.run_id is not None:
        left["run_job_output"] = {"run_id": output.run_id}
    if output.error is not None:
        left |= {"error": output.error, "error_trace": output.trace or output.error}
    return left


@routes("POST", f"{BASE}/runs/cancel")
def _cancel(workspace: Workspace, request: Request) -> Answer:
    workspace.runs.cancel(*_found(workspace, request, "CAN_MANAGE_RUN"))
    return {}


@routes("POST", f"{BASE}/runs/cancel-all")
def _cancel_all(workspace: Workspace, request: Request) -> Answer:
    queued, number = request.flag("all_queued_runs"), request.number("job_id", 0)
    if not number and not queued:
        raise invalid("Give job_id, or all_queued_runs.")
    runs = list(workspace.runs.all.values())
    if number:
        runs = workspace.runs.of_job(job_for(workspace, request.user, number, "CAN_MANAGE_RUN").number)
    for run in runs:
        if (run.life == "QUEUED" or not queued) and may_run(workspace, request.user, run, "CAN_MANAGE_RUN"):
            workspace.runs.cancel(run)
    return {}


@routes("POST", f"{BASE}/runs/delete")
def _delete(workspace: Workspace, request: Request) -> Answer:
    workspace.runs.delete(_found(workspace, request, "CAN_MANAGE")[0])
    return {}


@routes("POST", f"{BASE}/runs/repair")
def _repair(workspace: Workspace, request: Request) -> Answer:
    run = _found(workspace, request, "CAN_MANAGE_RUN")[0]
    named = [str(key) for key in request.listed("rerun_tasks")]
    if bool(named) == request.flag("rerun_all_failed_tasks"):
        raise invalid("Give rerun_tasks, or rerun_all_failed_tasks.")
    parameters = {name: str(value) for name, value in request.mapping("job_parameters").items()}
    latest = request.number("latest_repair_id", 0) or None
    dependents = request.flag("rerun_dependent_tasks")
    return {"repair_id": workspace.runs.repair(run, named, parameters, latest, dependents=dependents)}


# -- how a run looks ---------------------------------------------------------------------------------------------------


def _state(life: str, result: str | None, message: str) -> dict[str, Any]:
    """Return the two forms in which the platform tells a state."""
    state: dict[str, Any] = {"life_cycle_state": life, "state_message": message}
    state["user_cancelled_or_timedout"] = result in ("CANCELED", "TIMEDOUT")
    new = "TERMINATED" if life in ENDED else "WAITING" if life == "WAITING_FOR_RETRY" else life
    status: dict[str, Any] = {"state": new}
    if result is not None:
        state["result_state"] = result
    if life in ENDED:
        code, kind = _CODES.get(result or "", ("RUN_EXECUTION_ERROR", "CLIENT_ERROR"))
        status["termination_details"] = {
            "code": "SKIPPED" if result is None else code,
            "type": kind,
            "message": message,
        }
    return {"state": state, "status": status}


def _kind(run: JobRun) -> str:
    return "JOB_RUN" if run.job_id else "SUBMIT_RUN"


def _run(workspace: Workspace, run: JobRun) -> dict[str, Any]:
    job = {"job_id": run.job_id} if run.job_id else {}
    return {
        **job,
        "run_id": run.number,
        "number_in_job": run.count,
        "original_attempt_run_id": run.number,
        "run_name": run.settings["name"],
        "run_type": _kind(run),
        "format": "MULTI_TASK",
        "trigger": "RUN_JOB_TASK" if run.above else "ONE_TIME",
        "creator_user_name": run.creator,
        "run_page_url": f"{workspace.url}/?o=0#job/{run.job_id}/run/{run.number}",
        "start_time": run.start,
        "end_time": run.end,
        "run_duration": max(run.end - run.start, 0),
        **_state(run.life, run.result, run.message),
        **_queued(run),
    }


def _queued(run: JobRun) -> dict[str, Any]:
    """Return the state of a run that waits for others of its job."""
    if run.life != "QUEUED":
        return {}
    told = "Queued due to reaching maximum concurrent runs of the job."
    details = {"code": "MAX_CONCURRENT_RUNS_REACHED", "message": told}
    state = {**_state(run.life, None, "")["state"], "queue_reason": told}
    return {"state": state, "status": {"state": "QUEUED", "queue_details": details}}


def _parameters(run: JobRun) -> list[dict[str, str]]:
    defaults = {each["name"]: each.get("default", "") for each in run.settings.get("parameters") or ()}
    return [
        {"name": name, **({"default": defaults[name]} if name in defaults else {}), "value": value}
        for name, value in run.parameters.items()
    ]


def _task(workspace: Workspace, run: JobRun, task: TaskRun) -> dict[str, Any]:
    """Return an attempt of a task as a run lists it: its settings, and how it stands."""
    report = task.report
    about = {
        **task.task,
        "run_id": task.number,
        "attempt_number": task.attempt,
        "start_time": task.start,
        "end_time": task.end,
        "execution_duration": max(task.end - task.start, 0),
        "run_page_url": f"{workspace.url}/?o=0#job/{run.job_id}/run/{task.number}",
        **_state(report.life, report.result, report.message),
    }
    if report.output is not None and report.output.outcome is not None:
        about["condition_task"] = {**task.task.get("condition_task", {}), "outcome": report.output.outcome}
    if task.iterations:
        ended = [each for each in task.iterations.values() if each.report.life in ENDED]
        succeeded = sum(each.report.result == "SUCCESS" for each in ended)
        stats = {
            "total_iterations": len(task.iterations),
            "scheduled_iterations": len(task.iterations),
            "active_iterations": len(task.iterations) - len(ended),
            "completed_iterations": len(ended),
            "succeeded_iterations": succeeded,
            "failed_iterations": len(ended) - succeeded,
        }
        about["for_each_task"] = {**task.task.get("for_each_task", {}), "stats": {"task_run_stats": stats}}
    return about


def _task_run(workspace: Workspace, run: JobRun, task: TaskRun) -> dict[str, Any]:
    """Return an attempt of a task as a run of its own."""
    report = task.report
    return {
        **_run(workspace, run),
        "run_id": task.number,
        "run_name": str(task.task["task_key"]),
        "original_attempt_run_id": run.tasks[report.task_key][0].number
        if report.task_key in run.tasks
        else task.number,
        "attempt_number": task.attempt,
        "job_run_id": run.number,
        "start_time": task.start,
        "end_time": task.end,
        "run_duration": max(task.end - task.start, 0),
        **_state(report.life, report.result, report.message),
    }


def _iterations(workspace: Workspace, run: JobRun, task: TaskRun) -> list[dict[str, Any]]:
    return [_task(workspace, run, each) for _, each in sorted(task.iterations.items())]


def _history(run: JobRun) -> list[dict[str, Any]]:
    """Return the run itself and every repair, with the attempts that each made."""
    items: list[dict[str, Any]] = []
    for number, repair in enumerate([None, *run.repairs]):
        keys = repair.tasks if repair else run.tasks
        end, life, result = run.ends[number] if number < len(run.ends) else (0, run.life, None)
        items.append(
            {
                **({"type": "REPAIR", "id": repair.number} if repair else {"type": "ORIGINAL"}),
                "start_time": repair.start if repair else run.start,
                "end_time": end,
                **_state(life, result, ""),
                "task_run_ids": [task.number for key in keys for task in run.tasks[key] if task.repair == number],
            }
        )
    return items
