"""What a provider answers, before anything was compiled or checked."""

from __future__ import annotations

from dataclasses import dataclass

from dex_agents.plan import Plan


@dataclass(frozen=True)
class Answer:
    """A plan, or code where a model wrote it itself.

    Args:
        plan: the typed plan.
        code: PySpark instead of a plan.
        types: columns that code declares for its result, with their types.
        not_followed: phrases of the request that were not followed, each with the reason.
        judged: whether the provider knows which phrases it followed; a model cannot be asked for that.
    """

    plan: Plan | None = None
    code: str | None = None
    types: dict[str, str] | None = None
    not_followed: tuple[str, ...] = ()
    judged: bool = False
