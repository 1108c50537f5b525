"""A runner that does what a test tells it: reports are given by hand, nothing is executed."""

from __future__ import annotations

from dataclasses import dataclass, field

from dex.jobs import Result
from dex.workspace import Listener, Output, RunEnd, RunOrder, TaskReport


@dataclass
class Handed:
    """A run that a workspace handed over.

    Attributes:
        wanted: whether it was not asked to end.
        unwanted: tasks that were asked to end alone.
    """

    order: RunOrder
    listener: Listener
    wanted: bool = True
    unwanted: list[str] = field(default_factory=list)

    def cancel(self, task: str | None = None) -> None:
        if task is None:
            self.wanted = False
        else:
            self.unwanted.append(task)

    def report(self, key: str, result: Result | None = "SUCCESS", **more: object) -> None:
        """Tell that a task runs, or ended."""
        life = "RUNNING" if result is None else "SKIPPED" if result == "UPSTREAM_FAILED" else "TERMINATED"
        self.listener.task(TaskReport(key, life, result, **more))  # type: ignore[arg-type]

    def end(self, result: Result = "SUCCESS", message: str = "") -> None:
        """Tell that the run ended."""
        self.listener.ended(RunEnd(result, message))


@dataclass
class ScriptedRunner:
    """Keeps what it was handed."""

    runs: list[Handed] = field(default_factory=list)
    closed: bool = False

    def start(self, order: RunOrder, listener: Listener) -> Handed:
        self.runs.append(Handed(order, listener))
        return self.runs[-1]

    def close(self) -> None:
        self.closed = True


__all__ = ["Handed", "Output", "ScriptedRunner"]
