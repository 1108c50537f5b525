"""What a real workspace does not have: failures that are asked for, and what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from dex.workspace.faults import Fault
from dex.workspace.refusal import denied, invalid
from dex.workspace.routing import Answer, Request, Routes

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
#: Where these routes begin; they never meet a fault themselves.
PREFIX = "/api/dex/"


@routes("GET", f"{PREFIX}faults")
def _list_faults(workspace: Workspace, request: Request) -> Answer:
    return {"faults": [fault.model_dump() for fault in workspace.faults.waiting()]}


@routes("POST", f"{PREFIX}faults")
def _add_fault(workspace: Workspace, request: Request) -> Answer:
    try:
        workspace.faults.add(Fault.model_validate(request.given))
    except ValidationError as error:
        first = error.errors()[0]
        raise invalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    return {}


@routes("DELETE", f"{PREFIX}faults")
def _clear_faults(workspace: Workspace, request: Request) -> Answer:
    workspace.faults.clear()
    return {}


@routes("POST", f"{PREFIX}users")
def _add_user(workspace: Workspace, request: Request) -> Answer:
    if not request.user.is_admin:
        raise denied("Only an administrator adds users.")
    return {"token": workspace.add_user(request.text("name"), *map(str, request.listed("groups")))}


@routes("GET", f"{PREFIX}requests")
def _list_requests(workspace: Workspace, request: Request) -> Answer:
    return {"requests": list(workspace.asked)}
