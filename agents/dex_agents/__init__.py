"""Agents: roles, typed plans, providers, the gate and the ledger.

Importing this package loads no Spark and no model client: each name brings its module on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dex_agents.ledger import Ledger as Ledger
    from dex_agents.ledger import RunSummary as RunSummary
    from dex_agents.models import AgentEvent as AgentEvent
    from dex_agents.models import AgentRequest as AgentRequest
    from dex_agents.models import Check as Check
    from dex_agents.models import Proposal as Proposal
    from dex_agents.models import Run as Run
    from dex_agents.models import Verdict as Verdict
    from dex_agents.roles import ROLES as ROLES
    from dex_agents.run import run_agent as run_agent

#: Public name -> the module that holds it.
_HOMES = {
    "Ledger": "ledger",
    "RunSummary": "ledger",
    **dict.fromkeys(("AgentEvent", "AgentRequest", "Check", "Proposal", "Run", "Verdict"), "models"),
    "ROLES": "roles",
    "run_agent": "run",
}

__all__ = [
    "ROLES",
    "AgentEvent",
    "AgentRequest",
    "Check",
    "Ledger",
    "Proposal",
    "Run",
    "RunSummary",
    "Verdict",
    "run_agent",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
