"""What is kept of a run of a job: its tasks, their attempts, its repairs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dex.jobs import Result
from dex.workspace.clock import now
from dex.workspace.runner import ENDED, Life, Running, TaskReport

RunLife = Life | Literal["QUEUED", "TERMINATING"]
RunResult = Result | Literal["MAXIMUM_CONCURRENT_RUNS_REACHED"]
Settings = Mapping[str, Any]
RunEnded = tuple[int, RunLife, RunResult]


@dataclass
class TaskRun:
    """One attempt of a task.

    Attributes:
        number: its run id.
        task: settings of the task.
        repair: number of the repair that made it; 0 is the run itself.
        iterations: of a for-each task, by number of the item.
    """

    number: int
    task: Settings
    attempt: int = 0
    repair: int = 0
    report: TaskReport = field(default_factory=lambda: TaskReport("", "PENDING"))
    start: int = 0
    end: int = 0
    iterations: dict[int, TaskRun] = field(default_factory=dict)

    def take(self, report: TaskReport) -> None:
        """Take what is new about the attempt."""
        if report.life not in ("BLOCKED", "PENDING") and not self.start:
            self.start = now()
        if report.life in ENDED:
            self.end = now()
        self.report = report


@dataclass(frozen=True)
class RepairRun:
    """One repair of a run.

    Attributes:
        number: its id.
        tasks: keys of the tasks that it runs.
        parameters: of the job, as they were given for it.
    """

    number: int
    tasks: tuple[str, ...]
    parameters: dict[str, str]
    start: int = field(default_factory=now)


@dataclass
class JobRun:
    """One run of a job.

    Attributes:
        number: its run id.
        count: number of the run in its job.
        parameters: of the job, with what the run sets.
        given: what the run itself sets of them.
        tasks: every attempt of every task.
        ends: how the run itself ended, and each of its repairs.
        above: jobs whose run-job tasks led here.
        creator: who started it.
        was_asked: a client has looked; the first look finds it running.
    """

    number: int
    job_id: int
    count: int
    settings: Settings
    parameters: dict[str, str]
    only: frozenset[str] | None = None
    given: dict[str, str] = field(default_factory=dict)
    overrides: Settings = field(default_factory=dict)
    life: RunLife = "PENDING"
    result: RunResult | None = None
    message: str = ""
    start: int = field(default_factory=now)
    end: int = 0
    tasks: dict[str, list[TaskRun]] = field(default_factory=dict)
    repairs: list[RepairRun] = field(default_factory=list)
    ends: list[RunEnded] = field(default_factory=list)
    above: tuple[int, ...] = ()
    creator: str = ""
    was_asked: bool = False
    running: Running | None = None
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.life not in ENDED

    def last(self, key: str) -> TaskRun:
        """Return the last attempt of a task."""
        return self.tasks[key][-1]
