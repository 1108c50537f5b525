"""Who asks, and what the workspace says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dex.workspace.routing import Answer, Request, Routes

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
WORKSPACE_ID = "1234567890123456"


@routes("GET", "/api/2.0/preview/scim/v2/Me")
def _me(workspace: Workspace, request: Request) -> Answer:
    user = request.user
    name = user.name.partition("@")[0]
    groups = [{"display": group, "type": "direct", "value": group} for group in user.groups]
    emails = [{"type": "work", "value": user.name, "primary": True}]
    number = 1 + [each.name for each in workspace.users.values()].index(user.name)
    about = {"id": str(number), "userName": user.name, "displayName": name, "active": True}
    return {**about, "name": {"givenName": name}, "emails": emails, "groups": groups}


@routes("POST", "/telemetry-ext")
def _telemetry(workspace: Workspace, request: Request) -> Answer:
    return {"errors": [], "numProtoSuccess": len(request.listed("protoLogs")), "numSuccess": 0}
