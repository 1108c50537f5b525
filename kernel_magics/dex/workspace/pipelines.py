"""Declarative pipelines: kept, not run."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from dex.workspace.clock import now
from dex.workspace.paging import page
from dex.workspace.refusal import Refusal, invalid
from dex.workspace.routing import Answer, Request, Routes

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
_BASE = "/api/2.0/pipelines"
_NOT_RUN = "This stand-in workspace keeps pipelines and does not run them."


def _pipeline(workspace: Workspace, request: Request) -> dict[str, Any]:
    key = request.places["key"]
    if key not in workspace.pipelines:
        raise Refusal(404, "RESOURCE_DOES_NOT_EXIST", f"The specified pipeline {key} was not found.")
    return workspace.pipelines[key]


def _checked(request: Request) -> dict[str, Any]:
    spec = dict(request.given)
    request.text("name")
    if not spec.get("libraries") and not spec.get("root_path"):
        raise invalid("A pipeline needs libraries.")
    return spec


@routes("POST", _BASE)
def _create(workspace: Workspace, request: Request) -> Answer:
    spec = _checked(request)
    taken = [each["spec"]["name"] for each in workspace.pipelines.values()]
    if spec["name"] in taken and not request.flag("allow_duplicate_names"):
        raise Refusal(409, "RESOURCE_CONFLICT", f"The pipeline name '{spec['name']}' is already used.")
    key = str(uuid.uuid4())
    workspace.pipelines[key] = {"spec": {**spec, "id": key}, "updates": {}}
    return {"pipeline_id": key}


@routes("GET", _BASE)
def _list(workspace: Workspace, request: Request) -> Answer:
    items, rest = page(list(workspace.pipelines), request, default=25, most=100)
    return {"statuses": [{**_about(workspace, key)} for key in items], **rest}


def _about(workspace: Workspace, key: str) -> dict[str, Any]:
    spec = workspace.pipelines[key]["spec"]
    return {"pipeline_id": key, "name": spec["name"], "state": "IDLE", "creator_user_name": workspace.user}


@routes("GET", f"{_BASE}/{{key}}")
def _get(workspace: Workspace, request: Request) -> Answer:
    pipeline = _pipeline(workspace, request)
    about = _about(workspace, request.places["key"])
    return {**about, "spec": pipeline["spec"], "run_as_user_name": workspace.user}


@routes("PUT", f"{_BASE}/{{key}}")
def _change(workspace: Workspace, request: Request) -> Answer:
    _pipeline(workspace, request)["spec"] = {**_checked(request), "id": request.places["key"]}
    return {}


@routes("DELETE", f"{_BASE}/{{key}}")
def _delete(workspace: Workspace, request: Request) -> Answer:
    _pipeline(workspace, request)
    del workspace.pipelines[request.places["key"]]
    return {}


@routes("POST", f"{_BASE}/{{key}}/updates")
def _start(workspace: Workspace, request: Request) -> Answer:
    update = {"update_id": str(uuid.uuid4()), "pipeline_id": request.places["key"], "creation_time": now()}
    _pipeline(workspace, request)["updates"][update["update_id"]] = {**update, "state": "FAILED", "cause": "API_CALL"}
    return {"update_id": update["update_id"]}


@routes("GET", f"{_BASE}/{{key}}/updates/{{update}}")
def _get_update(workspace: Workspace, request: Request) -> Answer:
    updates = _pipeline(workspace, request)["updates"]
    if request.places["update"] not in updates:
        raise Refusal(404, "RESOURCE_DOES_NOT_EXIST", f"Update {request.places['update']} was not found.")
    return {"update": updates[request.places["update"]]}


@routes("GET", f"{_BASE}/{{key}}/events")
def _events(workspace: Workspace, request: Request) -> Answer:
    updates = _pipeline(workspace, request)["updates"]
    events = [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, key)),
            "level": "ERROR",
            "event_type": "update_progress",
            "message": _NOT_RUN,
            "origin": {"pipeline_id": request.places["key"], "update_id": key},
        }
        for key in updates
    ]
    items, rest = page(events, request, default=25, most=250)
    return {"events": items, **rest}
