"""Unity Catalog: volumes, and who may use what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex.workspace.catalogs import BASE, answer, name_in
from dex.workspace.refusal import invalid
from dex.workspace.routing import Answer, Request, Routes

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
#: Kinds that grants name, and where such objects are kept.
_KINDS = {"catalog": "catalogs", "schema": "schemas", "volume": "volumes", "table": ""}


@routes("POST", f"{BASE}/volumes")
def _create(workspace: Workspace, request: Request) -> Answer:
    name = name_in(request, "volumes")
    kind = request.text("volume_type")
    if kind not in ("MANAGED", "EXTERNAL"):
        raise invalid(f"Volume type {kind} is neither MANAGED nor EXTERNAL.")
    if (kind == "EXTERNAL") != bool(request.given.get("storage_location")):
        raise invalid("storage_location is given for an EXTERNAL volume, and for no other.")
    workspace.catalogs.create("volumes", name, request.given)
    workspace.files[f"{_folder(name)}/"] = b""
    return workspace.catalogs.get("volumes", name)


answer(routes, "volumes", most=10_000)


@routes("DELETE", f"{BASE}/volumes/{{name}}")
def _delete(workspace: Workspace, request: Request) -> Answer:
    workspace.catalogs.delete("volumes", request.places["name"], force=True)
    workspace.files.remove(_folder(request.places["name"]))
    return {}


def _folder(name: str) -> str:
    """Return the path of a volume's files."""
    return f"/Volumes/{name.lower().replace('.', '/')}"


def _granted(workspace: Workspace, request: Request) -> dict[str, set[str]]:
    """Return the rights on the object that a request names, by principal."""
    kind, name = request.places["kind"].lower(), request.places["name"].lower()
    if kind not in _KINDS:
        raise invalid(f"Securables of type {kind} have no grants here.")
    if _KINDS[kind]:
        workspace.catalogs.get(_KINDS[kind], name)
    return workspace.grants.setdefault((kind, name), {})


def _shown(rights: dict[str, set[str]], privileges: Any) -> Answer:
    return {
        "privilege_assignments": [
            {"principal": who, "privileges": [privileges(each) for each in sorted(held)]}
            for who, held in sorted(rights.items())
            if held
        ]
    }


@routes("GET", f"{BASE}/permissions/{{kind}}/{{name}}")
def _grants(workspace: Workspace, request: Request) -> Answer:
    return _shown(_granted(workspace, request), str)


@routes("GET", f"{BASE}/effective-permissions/{{kind}}/{{name}}")
def _effective(workspace: Workspace, request: Request) -> Answer:
    rights = {who: set(held) for who, held in _granted(workspace, request).items()}
    names = request.places["name"].lower().split(".")
    for kind, depth in (("catalog", 1), ("schema", 2)):
        if depth < len(names):
            for who, held in workspace.grants.get((kind, ".".join(names[:depth])), {}).items():
                rights.setdefault(who, set()).update(held)
    return _shown(rights, lambda privilege: {"privilege": privilege})


@routes("PATCH", f"{BASE}/permissions/{{kind}}/{{name}}")
def _grant(workspace: Workspace, request: Request) -> Answer:
    rights = _granted(workspace, request)
    for change in request.listed("changes"):
        held = rights.setdefault(str(change.get("principal")), set())
        remove = set(change.get("remove") or ())
        held.difference_update(set(held) if "ALL_PRIVILEGES" in remove else remove)
        held.update(change.get("add") or ())  # last: a bundle's grants are added where all others are taken away
    return _shown(rights, str)
