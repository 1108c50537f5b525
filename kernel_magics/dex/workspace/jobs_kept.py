"""What is kept of a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dex.workspace.refusal import invalid

if TYPE_CHECKING:
    from dex.workspace.state import Workspace


@dataclass
class Job:
    """A job.

    Attributes:
        settings: as they were given, with the platform's defaults.
    """

    number: int
    settings: dict[str, Any]
    owner: str
    created: int
    runs: int = 0


def find_job(workspace: Workspace, number: int) -> Job:
    """Return a job; refuse as the platform does where there is none."""
    if number not in workspace.jobs:
        raise invalid(f"Job {number} does not exist.")
    return workspace.jobs[number]
