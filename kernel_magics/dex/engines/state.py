"""What the engine process of a project writes about itself, and whether it still is that process."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

#: Seconds by which two readings of one process's start may differ: the boot time moves when the clock is set.
CLOCK_SLACK = 5.0


@dataclass(frozen=True)
class EngineState:
    """What an engine process wrote when it was ready.

    Attributes:
        pid: its process.
        created: start of the process, seconds since 1970, as psutil gives it.
        marker: a word on its command line that no other process has.
        port: where it listens, on the loopback address.
        version: version of the engine's software.
        catalogs: catalogs that it holds.
        idle_minutes: it ends when nobody was attached for this long.
    """

    pid: int
    created: float
    marker: str
    port: int
    version: str
    catalogs: list[str]
    idle_minutes: float

    @property
    def url(self) -> str:
        """Address to attach to."""
        return f"sc://127.0.0.1:{self.port}"

    def process(self) -> psutil.Process | None:
        """Return the process, or None if it is gone: dead, a zombie, or another one with the same number."""
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            same_start = abs(process.create_time() - self.created) < CLOCK_SLACK
            return process if same_start and self.marker in process.cmdline() else None
        except psutil.Error:
            return None


def read_state(path: Path) -> EngineState | None:
    """Return what an engine wrote, or None if there is nothing that can be read."""
    try:
        return EngineState(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def live_state(path: Path) -> EngineState | None:
    """Return what a living engine wrote; None if there is none. A stale file stays for the next start to replace."""
    state = read_state(path)
    return state if state is not None and state.process() is not None else None


def to_json(state: EngineState) -> str:
    """Return a state as its file holds it."""
    return json.dumps(asdict(state))
