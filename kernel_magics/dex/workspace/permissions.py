"""Who may do what with jobs, pipelines, folders and the like: ``/api/2.0/permissions``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dex.workspace.access import OBJECT_KINDS, may_entry
from dex.workspace.refusal import denied, invalid, missing
from dex.workspace.routing import Answer, Request, Routes
from dex.workspace.users import User

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

routes = Routes()


@dataclass(frozen=True)
class _Kind:
    """A kind of object that has permissions."""

    word: str
    levels: tuple[str, ...]


_FILES = ("CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE")
_KINDS = {
    "jobs": _Kind("job", ("CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER")),
    "pipelines": _Kind("pipelines", ("CAN_VIEW", "CAN_RUN", "CAN_MANAGE", "IS_OWNER")),
    "directories": _Kind("directory", _FILES),
    "notebooks": _Kind("notebook", _FILES),
    "files": _Kind("file", _FILES),
    "clusters": _Kind("cluster", ("CAN_ATTACH_TO", "CAN_RESTART", "CAN_MANAGE")),
    "warehouses": _Kind("warehouses", ("CAN_VIEW", "CAN_USE", "CAN_MONITOR", "CAN_MANAGE", "IS_OWNER")),
}
_WHO = ("user_name", "group_name", "service_principal_name")
#: Folders that are nobody's own, and the group that manages them; source: the platform's page on workspace object access.
_OF_ALL = {"/Workspace": "admins", "/Workspace/Users": "admins", "/Workspace/Repos": "admins"}
_OBJECT_KINDS = {kind: word for word, kind in OBJECT_KINDS.items()}


class Rights:
    """Permissions by object, as they were given.

    Args:
        owner: who makes what is made here.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._rights: dict[tuple[str, str], list[dict[str, str]]] = {}

    def of(self, kind: str, key: str, group: str | None = None) -> list[dict[str, str]]:
        """Return the permissions of an object.

        Args:
            kind: what it is, as the API's path has it, such as ``jobs``.
            key: its id.
            group: whose it is where nobody set any; its maker's if not given.
        """
        highest = {"permission_level": _KINDS[kind].levels[-1]}
        whose = {"user_name": self._owner} if group is None else {"group_name": group}
        return self._rights.get((kind, key), [{**whose, **highest}])

    def made(self, kind: str, key: str, user: User) -> None:
        """Note who made an object: it is theirs."""
        self._rights[kind, key] = [{user.field: user.name, "permission_level": _KINDS[kind].levels[-1]}]

    def allows(self, user: User, kind: str, key: str, level: str, *, given: bool = False) -> bool:
        """Return whether the permissions of an object give a user a level, or a higher one.

        Args:
            user: the user.
            kind: of the object.
            key: its id.
            level: the level.
            given: only what somebody has set counts, not who the object belongs to otherwise.
        """
        levels = _KINDS[kind].levels
        held = self._rights.get((kind, key), []) if given else self.of(kind, key)
        return any(user.is_meant_by(e) and levels.index(e["permission_level"]) >= levels.index(level) for e in held)

    def set(self, kind: str, key: str, given: Sequence[Mapping[str, Any]]) -> None:
        """Replace the permissions of an object.

        Raises:
            Refusal: a level is not known, a principal is missing, or there is not exactly one owner.
        """
        found = _KINDS[kind]
        checked = [_checked(found, each) for each in given]
        owners = sum(each["permission_level"] == "IS_OWNER" for each in checked)
        if owners != 1 and "IS_OWNER" in found.levels:
            raise invalid(f"The {found.word} must have exactly one owner, not {owners}.")
        self._rights[kind, key] = checked

    def add(self, kind: str, key: str, given: Sequence[Mapping[str, Any]]) -> None:
        """Change the permissions of the principals given, and of nobody else."""
        new = [_checked(_KINDS[kind], each) for each in given]
        named = {_principal(each) for each in new}
        owner = any(each["permission_level"] == "IS_OWNER" for each in new)
        kept = [
            each
            for each in self.of(kind, key)
            if _principal(each) not in named and not (owner and each["permission_level"] == "IS_OWNER")
        ]
        self.set(kind, key, [*kept, *new])

    def forget(self, number: int) -> None:
        """Drop the permissions of an object that is no more."""
        for place in [place for place in self._rights if place[1] == str(number)]:
            del self._rights[place]


def _principal(entry: Mapping[str, str]) -> tuple[str, str]:
    return next((name, entry[name]) for name in _WHO if name in entry)


def _checked(kind: _Kind, given: Any) -> dict[str, str]:
    """Return one entry of an access control list."""
    if not isinstance(given, Mapping):
        raise invalid("access_control_list has to be a list of objects.")
    named = [name for name in _WHO if given.get(name)]
    if len(named) != 1:
        raise invalid(f"An entry of access_control_list needs one of {', '.join(_WHO)}.")
    level = given.get("permission_level")
    if level not in kind.levels:
        raise invalid(f"Permission level {level} is not known for {kind.word}: {', '.join(kind.levels)}.")
    if level == "IS_OWNER" and named[0] == "group_name":
        raise invalid(f"A group cannot own a {kind.word}.")
    return {named[0]: str(given[named[0]]), "permission_level": level}


def check_rights(kind: str, given: Sequence[Mapping[str, Any]]) -> None:
    """Refuse an access control list that an object of this kind cannot have."""
    for each in given:
        _checked(_KINDS[kind], each)


def _object(workspace: Workspace, request: Request) -> tuple[str, str]:
    """Return kind and key of the object that a request names; refuse where it is not there."""
    kind, key = request.places["kind"], request.places["key"]
    if kind not in _KINDS:
        raise invalid(f"{kind} have no permissions here.")
    if kind in _OBJECT_KINDS:
        if not key.isdigit() or workspace.objects.by_number(int(key)).kind != _OBJECT_KINDS[kind]:
            raise missing(f"{_KINDS[kind].word} {key}")
    elif kind == "jobs" and not (key.isdigit() and int(key) in workspace.jobs):
        raise missing(f"Job {key}")
    elif kind == "pipelines" and key not in workspace.pipelines:
        raise missing(f"Pipeline {key}")
    if not _may_manage(workspace, request.user, kind, key):
        what = f"Job with ID: {key}" if kind == "jobs" else f"{_KINDS[kind].word} {key}"
        raise denied(
            f"{request.user.name} does not have Manage permissions on {what}. "
            "Please contact the owner or an administrator for access."
        )
    return kind, key


def _may_manage(workspace: Workspace, user: User, kind: str, key: str) -> bool:
    if kind in _OBJECT_KINDS:
        return may_entry(workspace, user, workspace.objects.by_number(int(key)), "CAN_MANAGE")
    return user.is_admin or workspace.rights.allows(user, kind, key, "CAN_MANAGE")


def _shown(workspace: Workspace, kind: str, key: str) -> dict[str, Any]:
    group = _OF_ALL.get(workspace.objects.by_number(int(key)).path) if kind == "directories" else None
    entries = [
        {
            **{name: value for name, value in each.items() if name != "permission_level"},
            "display_name": _principal(each)[1],
            "all_permissions": [{"permission_level": each["permission_level"], "inherited": False}],
        }
        for each in workspace.rights.of(kind, key, group)
    ]
    return {"object_id": f"/{kind}/{key}", "object_type": _KINDS[kind].word, "access_control_list": entries}


@routes("GET", "/api/2.0/permissions/{kind}/{key}/permissionLevels")
def _levels(workspace: Workspace, request: Request) -> Answer:
    kind, _ = _object(workspace, request)
    return {"permission_levels": [{"permission_level": level, "description": level} for level in _KINDS[kind].levels]}


@routes("GET", "/api/2.0/permissions/{kind}/{key}")
def _get(workspace: Workspace, request: Request) -> Answer:
    return _shown(workspace, *_object(workspace, request))


@routes("PUT", "/api/2.0/permissions/{kind}/{key}")
def _set(workspace: Workspace, request: Request) -> Answer:
    kind, key = _object(workspace, request)
    workspace.rights.set(kind, key, request.listed("access_control_list"))
    return _shown(workspace, kind, key)


@routes("PATCH", "/api/2.0/permissions/{kind}/{key}")
def _add(workspace: Workspace, request: Request) -> Answer:
    kind, key = _object(workspace, request)
    workspace.rights.add(kind, key, request.listed("access_control_list"))
    return _shown(workspace, kind, key)
