"""Files of volumes: ``/api/2.0/fs``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dex.workspace.paging import page
from dex.workspace.refusal import Refusal, invalid
from dex.workspace.routing import Answer, Request, Routes
from dex.workspace.storage import clean_path

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
_FILE = "/api/2.0/fs/files{path:path}"
_FOLDER = "/api/2.0/fs/directories{path:path}"


def _place(workspace: Workspace, request: Request) -> str:
    """Return the path that a request names; refuse one in a volume that is not there."""
    path = clean_path(request.places["path"])
    parts = path.split("/")
    if parts[1] != "Volumes" or len(parts) < 5:
        raise invalid(f"The path {path} is not in a volume: /Volumes/<catalog>/<schema>/<volume>/...")
    workspace.catalogs.get("volumes", ".".join(parts[2:5]))
    return path


def _not_found(what: str) -> Refusal:
    return Refusal(404, "NOT_FOUND", f"{what} does not exist.")


@routes("PUT", _FILE)
def _upload(workspace: Workspace, request: Request) -> Answer:
    path = _place(workspace, request)
    if path in workspace.files and request.query.get("overwrite") != "true":
        raise Refusal(409, "ALREADY_EXISTS", f"The file {path} exists.")
    workspace.files[path] = request.body
    return b""


@routes("GET HEAD", _FILE)
def _download(workspace: Workspace, request: Request) -> Answer:
    return workspace.files[_file(workspace, request)]


@routes("DELETE", _FILE)
def _delete_file(workspace: Workspace, request: Request) -> Answer:
    del workspace.files[_file(workspace, request)]
    return b""


def _file(workspace: Workspace, request: Request) -> str:
    path = _place(workspace, request)
    if path not in workspace.files:
        raise _not_found(f"The file {path}")
    return path


@routes("PUT", _FOLDER)
def _create_folder(workspace: Workspace, request: Request) -> Answer:
    workspace.files[f"{_place(workspace, request)}/"] = b""
    return b""


@routes("HEAD", _FOLDER)
def _has_folder(workspace: Workspace, request: Request) -> Answer:
    _folder(workspace, request)
    return b""


@routes("GET", _FOLDER)
def _list_folder(workspace: Workspace, request: Request) -> Answer:
    path = _folder(workspace, request)
    names, rest = page(workspace.files.below(path), request, limit="page_size", default=1000, most=1000)
    return {"contents": [_entry(workspace, f"{path}/{name}") for name in names], **rest}


@routes("DELETE", _FOLDER)
def _delete_folder(workspace: Workspace, request: Request) -> Answer:
    path = _folder(workspace, request)
    if workspace.files.below(path):
        raise Refusal(400, "BAD_REQUEST", f"The directory {path} is not empty.")
    del workspace.files[f"{path}/"]
    return b""


def _folder(workspace: Workspace, request: Request) -> str:
    path = _place(workspace, request)
    if not workspace.files.is_folder(path):
        raise _not_found(f"The directory {path}")
    return path


def _entry(workspace: Workspace, path: str) -> dict[str, object]:
    is_file = path in workspace.files
    entry = {"path": path, "name": path.rpartition("/")[2], "is_directory": not is_file, "last_modified": 0}
    return {**entry, "file_size": workspace.files.size(path)} if is_file else entry
