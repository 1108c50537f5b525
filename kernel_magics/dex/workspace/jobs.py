"""Jobs: ``/api/2.2/jobs`` without their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dex.jobs import JobSettings, refusals
from dex.workspace.access import job_for, may_job
from dex.workspace.clock import now
from dex.workspace.jobs_kept import Job
from dex.workspace.paging import page, pages
from dex.workspace.permissions import check_rights
from dex.workspace.refusal import invalid
from dex.workspace.routing import Answer, Request, Routes

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
BASE = "/api/2.2/jobs"
#: Items of each long list of a job or run in one answer.
PAGED = 100
#: Lists of settings that come in pages, and what names an item in them.
_KEYS = {
    "tasks": "task_key",
    "job_clusters": "job_cluster_key",
    "environments": "environment_key",
    "parameters": "name",
}


def checked_settings(settings: Any) -> dict[str, Any]:
    """Return a job's settings with the platform's defaults.

    Raises:
        Refusal: the platform makes no such job; the message says why.
    """
    if not isinstance(settings, dict):
        raise invalid("The settings of the job are missing.")
    try:
        parsed = JobSettings.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        raise invalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    found = refusals(parsed)
    if found:
        raise invalid(" ".join(each.message for each in found))
    return {"format": "MULTI_TASK", "max_concurrent_runs": 1, "timeout_seconds": 0, "name": "Untitled", **settings}


@routes("POST", f"{BASE}/create")
def _create(workspace: Workspace, request: Request) -> Answer:
    given = dict(request.given)
    rights = request.listed("access_control_list")
    given.pop("access_control_list", None)
    settings = checked_settings(given)
    check_rights("jobs", rights)
    job = Job(workspace.new_id(), settings, request.user.name, now())
    workspace.jobs[job.number] = job
    workspace.rights.made("jobs", str(job.number), request.user)
    if rights:
        workspace.rights.add("jobs", str(job.number), rights)
    return {"job_id": job.number}


@routes("GET", f"{BASE}/get")
def _get(workspace: Workspace, request: Request) -> Answer:
    job = job_for(workspace, request.user, request.number("job_id"), "CAN_VIEW")
    lists, rest = pages({name: job.settings.get(name) for name in _KEYS}, request, PAGED)
    settings = {**job.settings, **lists}
    return {**_about(job), "settings": settings, "run_as_user_name": _run_as(job), "has_more": bool(rest), **rest}


@routes("GET", f"{BASE}/list")
def _list(workspace: Workspace, request: Request) -> Answer:
    name = request.given.get("name")
    found = [
        job
        for job in sorted(workspace.jobs.values(), key=lambda job: -job.number)
        if (name is None or job.settings["name"].lower() == str(name).lower())
        and may_job(workspace, request.user, job.number, "CAN_VIEW")
    ]
    items, rest = page(found, request, limit="limit", default=20, most=100)
    return {
        "jobs": [_listed(job, expand=request.flag("expand_tasks")) for job in items],
        "has_more": bool(rest),
        **rest,
    }


def _listed(job: Job, *, expand: bool) -> dict[str, Any]:
    """Return a job as a list has it: without its long lists, or with a hundred items of each."""
    settings = {
        name: value[:PAGED] if name in _KEYS else value
        for name, value in job.settings.items()
        if expand or name not in _KEYS
    }
    long = expand and any(len(job.settings.get(name) or []) > PAGED for name in _KEYS)
    return {**_about(job), "settings": settings, "has_more": long}


def _about(job: Job) -> dict[str, Any]:
    return {"job_id": job.number, "creator_user_name": job.owner, "created_time": job.created}


def _run_as(job: Job) -> str:
    run_as = job.settings.get("run_as") or {}
    return str(run_as.get("user_name") or run_as.get("service_principal_name") or job.owner)


@routes("POST", f"{BASE}/reset")
def _reset(workspace: Workspace, request: Request) -> Answer:
    job = job_for(workspace, request.user, request.number("job_id"), "CAN_MANAGE")
    job.settings = checked_settings(request.given.get("new_settings"))
    return {}


@routes("POST", f"{BASE}/update")
def _update(workspace: Workspace, request: Request) -> Answer:
    job = job_for(workspace, request.user, request.number("job_id"), "CAN_MANAGE")
    settings = dict(job.settings)
    for name, value in request.mapping("new_settings").items():
        settings[name] = _merged(name, settings.get(name), value)
    for name in request.listed("fields_to_remove"):
        _remove(settings, str(name))
    job.settings = checked_settings(settings)
    return {}


def _merged(name: str, old: Any, new: Any) -> Any:
    """Return a field after an update: of a list whose items have keys, items are replaced and added by key."""
    key = _KEYS.get(name)
    if key is None or name == "parameters" or not isinstance(old, list) or not isinstance(new, list):
        return new
    return list({**{item.get(key): item for item in old}, **{item.get(key): item for item in new}}.values())


def _remove(settings: dict[str, Any], field: str) -> None:
    """Remove a field, or one item of a list: ``tasks/bronze``."""
    name, _, item = field.partition("/")
    if item and isinstance(settings.get(name), list) and name in _KEYS:
        settings[name] = [each for each in settings[name] if each.get(_KEYS[name]) != item]
    else:
        settings.pop(name, None)


@routes("POST", f"{BASE}/delete")
def _delete(workspace: Workspace, request: Request) -> Answer:
    job = job_for(workspace, request.user, request.number("job_id"), "CAN_MANAGE")
    del workspace.jobs[job.number]
    workspace.rights.forget(job.number)
    return {}
