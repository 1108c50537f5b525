"""Unity Catalog: catalogs, schemas and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex.workspace.clock import now
from dex.workspace.identity import WORKSPACE_ID
from dex.workspace.paging import page
from dex.workspace.refusal import Refusal, exists, invalid
from dex.workspace.routing import Answer, Request, Routes

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()
BASE = "/api/2.1/unity-catalog"
Properties = dict[str, Any]
#: What names the holders of an object, from the outermost.
_HOLDERS = {"catalogs": (), "schemas": ("catalog_name",), "volumes": ("catalog_name", "schema_name")}
_METASTORE = "00000000-0000-0000-0000-000000000001"


class Catalogs:
    """What Unity Catalog holds, by full name; a table brings its schema and catalog with it.

    Attributes:
        tables: full name -> columns.
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.tables: dict[str, list[dict[str, str]]] = {}
        self._kept: dict[str, dict[str, Properties]] = {"catalogs": {}, "schemas": {}, "volumes": {}}

    def add_catalog(self, name: str) -> None:
        """Add a catalog, if there is none of this name."""
        self._kept["catalogs"].setdefault(name, self._new("catalogs", name, {"name": name}))

    def all(self, kind: str) -> dict[str, Properties]:
        """Return what there is of a kind by full name, sorted."""
        found = dict(self._kept[kind])
        for table in self.tables:
            name = ".".join(table.split(".")[: 1 if kind == "catalogs" else 2])
            if kind != "volumes" and name not in found:
                found[name] = self._new(kind, name, {})
        return dict(sorted(found.items()))

    def get(self, kind: str, name: str) -> Properties:
        """Return one; refuse where there is none."""
        word = kind.removesuffix("s")
        found = self.all(kind).get(name.lower())
        if found is None:
            raise Refusal(404, f"{word.upper()}_DOES_NOT_EXIST", f"{word.capitalize()} '{name}' does not exist.")
        return found

    def create(self, kind: str, name: str, given: Properties) -> Properties:
        """Make one; refuse where what holds it is missing, or it is there."""
        check_name(name.rpartition(".")[2])
        if "." in name:
            self.get("schemas" if kind == "volumes" else "catalogs", name.rpartition(".")[0])
        if name.lower() in self.all(kind):
            raise exists(f"{kind.removesuffix('s').capitalize()} '{name.lower()}'", 409)
        made = self._new(kind, name.lower(), given)
        self._kept[kind][name.lower()] = made
        return made

    def change(self, kind: str, name: str, given: Properties) -> Properties:
        """Change one; a new name too."""
        found = self.get(kind, name)
        changes = {key: value for key, value in given.items() if key != "new_name"}
        new = str(given.get("new_name") or found["name"]).lower()
        full = ".".join([*name.lower().split(".")[:-1], new])
        if full != name.lower():
            check_name(new)
            if full in self.all(kind):
                raise exists(f"{kind.removesuffix('s').capitalize()} '{full}'", 409)
            self._rename_below(name.lower(), full)
        self._kept[kind].pop(name.lower(), None)
        changed = {**found, **changes, "updated_at": now(), "name": new, "full_name": full}
        self._kept[kind][full] = changed
        return changed

    def _holders(self) -> list[dict[str, Any]]:
        """Return everything that keeps objects by full name."""
        return [self.tables, *self._kept.values()]

    def _rename_below(self, old: str, new: str) -> None:
        for kept in self._holders():
            for name in [name for name in kept if name.startswith(f"{old}.")]:
                value = kept.pop(name)
                full = f"{new}{name[len(old) :]}"
                if isinstance(value, dict):
                    value |= _parts(full) | {"full_name": full}
                kept[full] = value

    def delete(self, kind: str, name: str, *, force: bool) -> None:
        """Delete one; with force, also what it holds."""
        self.get(kind, name)
        inside = [(kept, each) for kept in self._holders() for each in kept if each.startswith(f"{name.lower()}.")]
        if inside and not force:
            word = kind.removesuffix("s").capitalize()
            raise Refusal(400, "INVALID_STATE", f"{word} '{name}' is not empty; it holds {len(inside)} objects.")
        for kept, each in inside:
            del kept[each]
        self._kept[kind].pop(name.lower(), None)

    def _new(self, kind: str, full: str, given: Properties) -> Properties:
        name = full.rpartition(".")[2]
        stamps = {"owner": self.owner, "created_at": now(), "updated_at": now(), "created_by": self.owner}
        held = {} if kind == "catalogs" else _parts(full)
        return {**stamps, **given, **held, "name": name, "full_name": full}


def _parts(full: str) -> Properties:
    """Return what holds an object of this full name."""
    names = full.split(".")
    return dict(zip(("catalog_name", "schema_name"), names[:-1], strict=False))


def check_name(name: str) -> None:
    """Refuse what Unity Catalog takes as the name of nothing."""
    if not name or len(name) > 255 or any(sign in "./ " or ord(sign) < 32 for sign in name):
        raise invalid(f"Name '{name}' is not valid: no periods, slashes, spaces or control characters.")


def name_in(request: Request, kind: str) -> str:
    """Return the full name of the object of a kind that a request describes."""
    return ".".join(request.text(part) for part in (*_HOLDERS[kind], "name"))


def answer(routes: Routes, kind: str, most: int = 1000) -> None:
    """Add the routes that list objects of a kind, and get and change one by its full name.

    Args:
        routes: where to.
        kind: catalogs, schemas or volumes.
        most: objects in one answer.
    """

    @routes("GET", f"{BASE}/{kind}")
    def _list(workspace: Workspace, request: Request) -> Answer:
        holder = ".".join(request.text(part) for part in _HOLDERS[kind]).lower()
        if holder:
            workspace.catalogs.get("schemas" if "." in holder else "catalogs", holder)
        all_of_them = workspace.catalogs.all(kind).items()
        found = [each for name, each in all_of_them if not holder or name.startswith(f"{holder}.")]
        items, rest = page(found, request, default=most, most=most)
        return {kind: items, **rest}

    @routes("GET", f"{BASE}/{kind}/{{name}}")
    def _get(workspace: Workspace, request: Request) -> Answer:
        return workspace.catalogs.get(kind, request.places["name"])

    @routes("PATCH", f"{BASE}/{kind}/{{name}}")
    def _change(workspace: Workspace, request: Request) -> Answer:
        return workspace.catalogs.change(kind, request.places["name"], request.given)


def _answer_all(kind: str) -> None:
    answer(routes, kind)

    @routes("POST", f"{BASE}/{kind}")
    def _create(workspace: Workspace, request: Request) -> Answer:
        return workspace.catalogs.create(kind, name_in(request, kind), request.given)

    @routes("DELETE", f"{BASE}/{kind}/{{name}}")
    def _delete(workspace: Workspace, request: Request) -> Answer:
        workspace.catalogs.delete(kind, request.places["name"], force=request.flag("force"))
        return {}


for _kind in ("catalogs", "schemas"):
    _answer_all(_kind)


@routes("GET", f"{BASE}/current-metastore-assignment")
def _get_metastore(workspace: Workspace, request: Request) -> Answer:
    first = next(iter(workspace.catalogs.all("catalogs")), "hive_metastore")
    return {"metastore_id": _METASTORE, "workspace_id": int(WORKSPACE_ID), "default_catalog_name": first}


@routes("GET", f"{BASE}/tables")
def _list_tables(workspace: Workspace, request: Request) -> Answer:
    schema = f"{request.text('catalog_name')}.{request.text('schema_name')}"
    workspace.catalogs.get("schemas", schema)
    names = [name for name in sorted(workspace.tables) if name.startswith(f"{schema}.")]
    items, rest = page([_table(workspace, name) for name in names], request, default=50, most=1000)
    return {"tables": items, **rest}


@routes("GET", f"{BASE}/tables/{{name}}")
def _get_table(workspace: Workspace, request: Request) -> Answer:
    return _table(workspace, request.places["name"])


@routes("GET", f"{BASE}/tables/{{name}}/exists")
def _has_table(workspace: Workspace, request: Request) -> Answer:
    return {"table_exists": request.places["name"] in workspace.tables}


@routes("DELETE", f"{BASE}/tables/{{name}}")
def _delete_table(workspace: Workspace, request: Request) -> Answer:
    _table(workspace, request.places["name"])
    del workspace.tables[request.places["name"]]
    return {}


def _table(workspace: Workspace, full: str) -> Properties:
    if full not in workspace.tables:
        raise Refusal(404, "TABLE_DOES_NOT_EXIST", f"Table '{full}' does not exist.")
    names = {"name": full.rpartition(".")[2], "full_name": full, "table_type": "MANAGED"}
    return {**_parts(full), **names, "columns": workspace.tables[full]}
