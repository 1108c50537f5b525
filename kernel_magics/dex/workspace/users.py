"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass

ADMINS, USERS = "admins", "users"


@dataclass(frozen=True)
class User:
    """A user or a service principal of a workspace.

    Attributes:
        name: e-mail address of a user; application id of a service principal.
        groups: names of the groups that it is in; who is in ``admins`` may do everything.
    """

    name: str
    groups: tuple[str, ...] = (USERS,)

    @property
    def is_admin(self) -> bool:
        """Whether it is an administrator of the workspace."""
        return ADMINS in self.groups

    @property
    def field(self) -> str:
        """The field that names it in an access control list."""
        return "user_name" if "@" in self.name else "service_principal_name"

    def is_meant_by(self, entry: dict[str, str]) -> bool:
        """Return whether an entry of an access control list is about it."""
        names = (entry.get("user_name"), entry.get("service_principal_name"))
        return self.name in names or entry.get("group_name") in self.groups
