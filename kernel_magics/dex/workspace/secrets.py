"""Scopes of secrets, and who may read them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from dex.workspace.refusal import Refusal, exists, invalid, missing
from dex.workspace.routing import Answer, Request, Routes

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
_BASE = "/api/2.0/secrets"
_RIGHTS = ("READ", "WRITE", "MANAGE")


def _keys(workspace: Workspace, request: Request) -> dict[str, str]:
    """Return the secrets of the scope that a request names."""
    scope = request.text("scope")
    if scope not in workspace.secrets:
        raise missing(f"Secret scope {scope}")
    if scope in workspace.unreadable:
        raise Refusal(403, "PERMISSION_DENIED", f"User does not have READ permission on scope {scope}.")
    return workspace.secrets[scope]


@routes("GET", f"{_BASE}/scopes/list")
def _list_scopes(workspace: Workspace, request: Request) -> Answer:
    return {"scopes": [{"name": name, "backend_type": "DATABRICKS"} for name in workspace.secrets]}


@routes("POST", f"{_BASE}/scopes/create")
def _create_scope(workspace: Workspace, request: Request) -> Answer:
    scope = request.text("scope")
    if scope in workspace.secrets:
        raise exists(f"Scope {scope}")
    workspace.secrets[scope] = {}
    workspace.secret_rights[scope] = {workspace.user: "MANAGE"}
    return {}


@routes("POST", f"{_BASE}/scopes/delete")
def _delete_scope(workspace: Workspace, request: Request) -> Answer:
    _keys(workspace, request)
    del workspace.secrets[request.text("scope")]
    workspace.secret_rights.pop(request.text("scope"), None)
    return {}


@routes("POST", f"{_BASE}/put")
def _put(workspace: Workspace, request: Request) -> Answer:
    keys = _keys(workspace, request)
    if "bytes_value" in request.given:
        keys[request.text("key")] = base64.b64decode(request.text("bytes_value")).decode()
    else:
        keys[request.text("key")] = request.text("string_value", "")
    return {}


@routes("GET", f"{_BASE}/list")
def _list(workspace: Workspace, request: Request) -> Answer:
    return {"secrets": [{"key": key, "last_updated_timestamp": 0} for key in sorted(_keys(workspace, request))]}


@routes("GET", f"{_BASE}/get")
def _get(workspace: Workspace, request: Request) -> Answer:
    key = _key(workspace, request)
    return {"key": key, "value": base64.b64encode(_keys(workspace, request)[key].encode()).decode()}


@routes("POST", f"{_BASE}/delete")
def _delete(workspace: Workspace, request: Request) -> Answer:
    del _keys(workspace, request)[_key(workspace, request)]
    return {}


def _key(workspace: Workspace, request: Request) -> str:
    key = request.text("key")
    if key not in _keys(workspace, request):
        raise missing(f"Secret {key} in scope {request.text('scope')}")
    return key


@routes("POST", f"{_BASE}/acls/put")
def _grant(workspace: Workspace, request: Request) -> Answer:
    _keys(workspace, request)
    right = request.text("permission")
    if right not in _RIGHTS:
        raise invalid(f"Permission {right} is none of {', '.join(_RIGHTS)}.")
    workspace.secret_rights.setdefault(request.text("scope"), {})[request.text("principal")] = right
    return {}


@routes("GET", f"{_BASE}/acls/list")
def _list_rights(workspace: Workspace, request: Request) -> Answer:
    _keys(workspace, request)
    rights = workspace.secret_rights.get(request.text("scope"), {})
    return {"items": [{"principal": who, "permission": right} for who, right in rights.items()]}


@routes("GET", f"{_BASE}/acls/get")
def _get_right(workspace: Workspace, request: Request) -> Answer:
    _keys(workspace, request)
    who = request.text("principal")
    right = workspace.secret_rights.get(request.text("scope"), {}).get(who)
    if right is None:
        raise missing(f"Permission of {who}")
    return {"principal": who, "permission": right}


@routes("POST", f"{_BASE}/acls/delete")
def _revoke(workspace: Workspace, request: Request) -> Answer:
    _keys(workspace, request)
    if workspace.secret_rights.get(request.text("scope"), {}).pop(request.text("principal"), None) is None:
        raise missing(f"Permission of {request.text('principal')}")
    return {}
