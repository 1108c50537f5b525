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
    name = workspace.user.partition("@")[0]
    groups = [{"display": group, "type": "direct", "value": group} for group in ("users", "admins")]
    emails = [{"type": "work", "value": workspace.user, "primary": True}]
    about = {"id": "1", "userName": workspace.user, "displayName": name, "active": True}
    return {**about, "name": {"givenName": name}, "emails": emails, "groups": groups}


@routes("POST", "/telemetry-ext")
def _telemetry(workspace: Workspace, request: Request) -> Answer:
    return {"errors": [], "numProtoSuccess": len(request.listed("protoLogs")), "numSuccess": 0}
