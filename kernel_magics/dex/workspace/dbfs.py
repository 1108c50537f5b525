"""DBFS: ``/api/2.0/dbfs``."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from dex.workspace.refusal import exists, invalid, missing
from dex.workspace.routing import Answer, Request, Routes
from dex.workspace.storage import clean_path

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
_BASE = "/api/2.0/dbfs"


def _path(request: Request) -> str:
    return clean_path(request.text("path").removeprefix("dbfs:"))


def _present(workspace: Workspace, request: Request) -> str:
    path = _path(request)
    if path not in workspace.files and path != "/" and not workspace.files.is_folder(path):
        raise missing(f"File or directory {path}")
    return path


@routes("POST", f"{_BASE}/create")
def _create(workspace: Workspace, request: Request) -> Answer:
    path = _path(request)
    if path in workspace.files and not request.flag("overwrite"):
        raise exists(f"File {path}")
    handle = workspace.new_id()
    workspace.uploads[handle] = (path, bytearray())
    return {"handle": handle}


def _upload(workspace: Workspace, request: Request) -> tuple[str, bytearray]:
    handle = request.number("handle")
    if handle not in workspace.uploads:
        raise missing(f"Handle {handle}")
    return workspace.uploads[handle]


@routes("POST", f"{_BASE}/add-block")
def _add_block(workspace: Workspace, request: Request) -> Answer:
    _upload(workspace, request)[1].extend(_decoded(request, "data"))
    return {}


@routes("POST", f"{_BASE}/close")
def _close(workspace: Workspace, request: Request) -> Answer:
    path, data = _upload(workspace, request)
    workspace.files[path] = bytes(data)
    del workspace.uploads[request.number("handle")]
    return {}


@routes("POST", f"{_BASE}/put")
def _put(workspace: Workspace, request: Request) -> Answer:
    path = _path(request)
    if path in workspace.files and not request.flag("overwrite"):
        raise exists(f"File {path}")
    workspace.files[path] = _decoded(request, "contents")
    return {}


def _decoded(request: Request, name: str) -> bytes:
    try:
        return base64.b64decode(request.text(name, ""), validate=True)
    except ValueError:
        raise invalid(f"{name} has to be Base64.") from None


@routes("POST", f"{_BASE}/mkdirs")
def _make_folder(workspace: Workspace, request: Request) -> Answer:
    workspace.files[f"{_path(request)}/"] = b""
    return {}


@routes("GET", f"{_BASE}/get-status")
def _status(workspace: Workspace, request: Request) -> Answer:
    return _entry(workspace, _present(workspace, request))


@routes("GET", f"{_BASE}/list")
def _list(workspace: Workspace, request: Request) -> Answer:
    path = _present(workspace, request)
    if path in workspace.files:
        return {"files": [_entry(workspace, path)]}
    folder = path.rstrip("/")
    return {"files": [_entry(workspace, f"{folder}/{name}") for name in workspace.files.below(folder)]}


def _entry(workspace: Workspace, path: str) -> dict[str, object]:
    is_file = path in workspace.files
    size = workspace.files.size(path) if is_file else 0
    return {"path": path, "is_dir": not is_file, "file_size": size, "modification_time": 0}


@routes("GET", f"{_BASE}/read")
def _read(workspace: Workspace, request: Request) -> Answer:
    path = _present(workspace, request)
    if path not in workspace.files:
        raise invalid(f"{path} is a directory.")
    start = request.number("offset", 0)
    part = workspace.files[path][start : start + request.number("length", 1 << 20)]
    return {"bytes_read": len(part), "data": base64.b64encode(part).decode()}


@routes("POST", f"{_BASE}/delete")
def _delete(workspace: Workspace, request: Request) -> Answer:
    path = _present(workspace, request)
    if path == "/":
        raise invalid("The root folder cannot be deleted.")
    if workspace.files.below(path) and not request.flag("recursive"):
        raise invalid(f"Directory {path} is not empty.")
    workspace.files.remove(path)
    return {}
