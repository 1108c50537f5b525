"""Workspace objects over REST: ``/api/2.0/workspace`` and ``/api/2.0/workspace-files``."""

from __future__ import annotations

import base64
from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any

from dex.workspace.access import check_entry, check_place, may_entry
from dex.workspace.objects import Entry
from dex.workspace.refusal import invalid
from dex.workspace.routing import Answer, Request, Routes

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
_BASE = "/api/2.0/workspace"


def _shown(workspace: Workspace, entry: Entry, asked: str) -> dict[str, Any]:
    """Return an object as a client sees it; its path begins as the client's did."""
    path = entry.path if asked.startswith("/Workspace") else entry.path.removeprefix("/Workspace") or "/"
    shown: dict[str, Any] = {
        "path": path,
        "object_type": entry.kind,
        "object_id": entry.number,
        "resource_id": str(entry.number),
    }
    if entry.kind == "DIRECTORY":
        return shown
    shown |= {"created_at": entry.created, "modified_at": entry.modified, "size": workspace.objects.size(entry)}
    return shown | ({"language": entry.language} if entry.language else {})


def _read(workspace: Workspace, request: Request, path: str) -> Entry:
    """Return what is at a path, for somebody who may read it."""
    entry = workspace.objects.get(path)
    check_entry(workspace, request.user, path, "CAN_READ")
    return entry


@routes("GET", f"{_BASE}/get-status")
def _status(workspace: Workspace, request: Request) -> Answer:
    path = request.text("path")
    entry = _read(workspace, request, path)
    shown = _shown(workspace, entry, path)
    if request.flag("return_export_info") and entry.kind == "NOTEBOOK":
        shown["repos_export_format"] = "JUPYTER" if entry.suffix == ".ipynb" else "SOURCE"
    return shown


@routes("GET", f"{_BASE}/list")
def _list(workspace: Workspace, request: Request) -> Answer:
    path = request.text("path")
    user = request.user
    inside = workspace.objects.children(_read(workspace, request, path))
    found = [entry for entry in inside if may_entry(workspace, user, entry, "CAN_READ")]
    since = request.number("notebooks_modified_after", 0)
    return {
        "objects": [_shown(workspace, e, path) for e in found if e.kind != "NOTEBOOK" or e.modified >= since],
    }


@routes("POST", f"{_BASE}/mkdirs")
def _make_folders(workspace: Workspace, request: Request) -> Answer:
    path = request.text("path")
    if workspace.objects.find(path) is None:
        check_place(workspace, request.user, path)
    workspace.objects.make_folder(path)
    return {}


@routes("POST", f"{_BASE}/delete")
def _delete(workspace: Workspace, request: Request) -> Answer:
    path = request.text("path")
    workspace.objects.get(path)
    check_entry(workspace, request.user, path, "CAN_MANAGE")
    for entry in workspace.objects.delete(path, recursive=request.flag("recursive")):
        workspace.rights.forget(entry.number)
    return {}


@routes("GET", f"{_BASE}/export")
def _export(workspace: Workspace, request: Request) -> Answer:
    entry = _read(workspace, request, request.text("path"))
    content = workspace.objects.exported(entry, request.text("format", "SOURCE"))
    if request.flag("direct_download"):
        return content
    return {"content": base64.b64encode(content).decode(), "file_type": entry.suffix.removeprefix(".") or "file"}


@routes("POST", f"{_BASE}/import")
def _import(workspace: Workspace, request: Request) -> Answer:
    values = _form(request) if _is_form(request) else request.given
    if not isinstance(values.get("path"), str):
        raise invalid("Missing required field: path")
    try:
        content = values.get("content", b"")
        content = content if isinstance(content, bytes) else base64.b64decode(content, validate=True)
    except (TypeError, ValueError):
        raise invalid("content has to be Base64.") from None
    form, language = values.get("format") or "SOURCE", values.get("language")
    path, overwrite = values["path"], str(values.get("overwrite", "")).lower() == "true"
    objects = workspace.objects
    check_place(workspace, request.user, path)
    if form == "AUTO":
        objects.put_detected(path, content, overwrite=overwrite)
    elif form == "RAW":
        objects.put_file(path, content, overwrite=overwrite)
    elif form == "JUPYTER":
        objects.put_notebook(path, content, None, overwrite=overwrite)
    elif form == "SOURCE":
        if language is None:
            raise invalid("A language is needed for the format SOURCE.")
        objects.put_notebook(path, content, language, overwrite=overwrite)
    else:
        raise invalid(f"Format {form} is not supported here.")
    return {}


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("multipart/form-data")


def _form(request: Request) -> dict[str, Any]:
    """Return the fields of a form; the content as bytes."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    values: dict[str, Any] = {}
    for part in BytesParser(policy=policy.HTTP).parsebytes(head + request.body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            values[name] = content if name == "content" else content.decode()
    return values


@routes("POST", "/api/2.0/workspace-files/import-file{path:path}")
def _import_file(workspace: Workspace, request: Request) -> Answer:
    overwrite = request.query.get("overwrite") == "true"
    check_place(workspace, request.user, request.places["path"])
    workspace.objects.put_detected(request.places["path"], request.body, overwrite=overwrite, status=409)
    return {}


@routes("GET", "/api/2.0/workspace-files{path:path}")
def _read_file(workspace: Workspace, request: Request) -> Answer:
    return workspace.objects.content(_read(workspace, request, request.places["path"]))
