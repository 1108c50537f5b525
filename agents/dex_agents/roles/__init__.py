"""An agent's jobs: what each is asked with, and what it may answer."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from dex_dbutils.errors import PlanError

if TYPE_CHECKING:
    from dex_agents.roles.role import Role

#: Name -> what the role does, in one line.
ROLES: dict[str, str] = {
    "silver": "cleans a bronze frame: missing words, types, clock times, duplicates, keys",
}


def role_named(name: str) -> Role:
    """Return a role.

    Raises:
        PlanError: DEX-AGENT-01, there is no such role.
    """
    if name not in ROLES:
        near = difflib.get_close_matches(name, ROLES, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise PlanError("DEX-AGENT-01", f"There is no role '{name}'.{hint}", remedy=f"Use one of: {', '.join(ROLES)}.")
    from dex_agents.roles.silver import SILVER

    return SILVER
