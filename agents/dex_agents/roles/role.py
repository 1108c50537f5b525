"""What a role is: the words it is asked with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dex_agents.context import Context
from dex_agents.models import Message


@dataclass(frozen=True)
class Role:
    """An agent's job.

    Args:
        name: what a person types behind ``%%agent``.
        prompt: makes the messages for a model from the context and the digest of the frame's profile.
    """

    name: str
    prompt: Callable[[Context, str], list[Message]]
