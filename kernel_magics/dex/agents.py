"""Ask an agent in the bound environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dex_dbutils import DexError

from dex import session

if TYPE_CHECKING:
    from dex_agents import AgentEvent, Run

_listeners: list[Callable[[], None]] = []


def on_change(listener: Callable[[], None]) -> Callable[[], None]:
    """Call ``listener`` after every run; return a function that ends this."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def ask(
    *,
    role: str,
    text: str,
    frames: Mapping[str, Any],
    into: str | None = None,
    provider: str | None = None,
    dry_run: bool = False,
    on_event: Callable[[AgentEvent], None] | None = None,
) -> Run:
    """Return the run of an agent: its proposal, the verdict on it, and what it cost.

    Args:
        role: the agent's job, such as ``silver``.
        text: the request, in prose.
        frames: the Spark frames it speaks of, by name.
        into: name of the frame that the proposed code binds.
        provider: who answers, instead of the environment's.
        dry_run: make the request, send nothing.
        on_event: told of every stage and of every piece of text that a model streams.

    Raises:
        DexError: DEX-MAGIC-03, no environment is bound; or what the agent raises.
    """
    from dex_agents import AgentRequest, run_agent

    bound = session.current()
    if bound is None:
        raise DexError(
            "DEX-MAGIC-03",
            "No environment is bound, so there is no engine to try a proposal on.",
            remedy="Run %dex_env local first.",
        )
    request = AgentRequest(role=role, text=text, frames=list(frames), into=into, provider=provider, dry_run=dry_run)
    try:
        return run_agent(request, bound, frames, on_event=on_event)
    finally:
        for listener in tuple(_listeners):
            listener()
