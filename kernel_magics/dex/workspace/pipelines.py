"""Declarative pipelines: kept, and their updates."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dex.workspace.paging import page
from dex.workspace.refusal import Refusal, invalid
from dex.workspace.routing import Answer, Request, Routes
from dex.workspace.updates import Update, events_of, start, stop

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
_BASE = "/api/2.0/pipelines"
#: How many of its updates a pipeline shows by itself.
_LATEST = 5


@dataclass
class Pipeline:
    """One pipeline.

    Attributes:
        spec: its settings, as the Pipelines API has them.
        creator: who made it.
        updates: by id, the oldest first.
    """

    spec: dict[str, Any]
    creator: str
    updates: dict[str, Update] = field(default_factory=dict)

    @property
    def active(self) -> Update | None:
        """The update that has not ended, if there is one."""
        return next((each for each in self.updates.values() if each.is_active), None)


def _pipeline(workspace: Workspace, request: Request) -> Pipeline:
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
    taken = [each.spec["name"] for each in workspace.pipelines.values()]
    if spec["name"] in taken and not request.flag("allow_duplicate_names"):
        raise Refusal(409, "RESOURCE_CONFLICT", f"The pipeline name '{spec['name']}' is already used.")
    key = str(uuid.uuid4())
    workspace.pipelines[key] = Pipeline({**spec, "id": key}, request.user.name)
    return {"pipeline_id": key}


@routes("GET", _BASE)
def _list(workspace: Workspace, request: Request) -> Answer:
    items, rest = page(list(workspace.pipelines), request, default=25, most=100)
    return {"statuses": [_about(workspace, key) for key in items], **rest}


def _about(workspace: Workspace, key: str) -> dict[str, Any]:
    pipeline = workspace.pipelines[key]
    latest = list(pipeline.updates.values())[-_LATEST:]
    return {
        "pipeline_id": key,
        "name": pipeline.spec["name"],
        "state": "IDLE" if pipeline.active is None else "RUNNING",
        "creator_user_name": pipeline.creator,
        "latest_updates": [{"update_id": each.id, "state": each.state} for each in reversed(latest)],
    }


@routes("GET", f"{_BASE}/{{key}}")
def _get(workspace: Workspace, request: Request) -> Answer:
    pipeline = _pipeline(workspace, request)
    about = _about(workspace, request.places["key"])
    return {**about, "spec": pipeline.spec, "run_as_user_name": pipeline.creator}


@routes("PUT", f"{_BASE}/{{key}}")
def _change(workspace: Workspace, request: Request) -> Answer:
    _pipeline(workspace, request).spec = {**_checked(request), "id": request.places["key"]}
    return {}


@routes("DELETE", f"{_BASE}/{{key}}")
def _delete(workspace: Workspace, request: Request) -> Answer:
    stop(_pipeline(workspace, request).active)
    del workspace.pipelines[request.places["key"]]
    return {}


# -- updates -----------------------------------------------------------------------------------------------------------


@routes("POST", f"{_BASE}/{{key}}/updates")
def _start(workspace: Workspace, request: Request) -> Answer:
    pipeline = _pipeline(workspace, request)
    if pipeline.active is not None:
        raise Refusal(
            409,
            "RESOURCE_CONFLICT",
            f"An active update {pipeline.active.id} already exists for pipeline {request.places['key']}.",
        )
    update = start(workspace, request.places["key"], pipeline.spec, request.given, pipeline.creator)
    pipeline.updates[update.id] = update
    return {"update_id": update.id}


@routes("POST", f"{_BASE}/{{key}}/stop")
def _stop(workspace: Workspace, request: Request) -> Answer:
    stop(_pipeline(workspace, request).active)
    return {}


@routes("GET", f"{_BASE}/{{key}}/updates")
def _list_updates(workspace: Workspace, request: Request) -> Answer:
    updates = list(_pipeline(workspace, request).updates.values())
    items, rest = page(updates[::-1], request, default=25, most=100)
    return {"updates": [each.about() for each in items], **rest}


@routes("GET", f"{_BASE}/{{key}}/updates/{{update}}")
def _get_update(workspace: Workspace, request: Request) -> Answer:
    updates = _pipeline(workspace, request).updates
    if request.places["update"] not in updates:
        raise Refusal(404, "RESOURCE_DOES_NOT_EXIST", f"Update {request.places['update']} was not found.")
    return {"update": updates[request.places["update"]].about()}


@routes("GET", f"{_BASE}/{{key}}/events")
def _events(workspace: Workspace, request: Request) -> Answer:
    updates = _pipeline(workspace, request).updates.values()
    found = [event for update in updates for event in events_of(update)]
    wanted = str(request.given.get("filter") or "")
    for level in ("ERROR", "WARN"):
        if f"level='{level}'" in wanted.replace(" ", ""):
            found = [event for event in found if event["level"] == level]
    items, rest = page(found[::-1], request, default=25, most=250)
    return {"events": items, **rest}
