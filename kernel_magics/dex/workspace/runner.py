"""What a workspace needs of whoever runs its jobs, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal, Protocol

from dex.jobs import Result

Life = Literal["BLOCKED", "PENDING", "RUNNING", "WAITING_FOR_RETRY", "TERMINATED", "SKIPPED", "INTERNAL_ERROR"]
#: Characters of the shortest secret that is hidden.
_SHORTEST = 4
#: Lives of a task or run that has ended.
ENDED: tuple[Life, ...] = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")


@dataclass(frozen=True)
class Output:
    """What a task left.

    Attributes:
        logs: what a wheel or Python file printed.
        notebook: what a notebook handed to ``dbutils.notebook.exit``; None for other tasks.
        error: last line of what went wrong.
        trace: all of it.
        outcome: of a condition task: ``true`` or ``false``.
        run_id: of a run-job task: the run that it started.
        update: of a pipeline task: what its update came to, as `dex.pipelines.Update` has it.
    """

    logs: str | None = None
    notebook: str | None = None
    error: str | None = None
    trace: str | None = None
    outcome: str | None = None
    run_id: int | None = None
    update: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class TaskReport:
    """How it stands with one attempt of a task; each report replaces the one before.

    Attributes:
        task_key: the task; of an iteration, the for-each task.
        attempt: 0 is the first; a retry is an attempt of its own.
        iteration: of a for-each task: number of its item, counted from 0; None for the task itself.
        message: a sentence for people.
        output: what it left, once it ended.
    """

    task_key: str
    life: Life
    result: Result | None = None
    message: str = ""
    attempt: int = 0
    iteration: int | None = None
    output: Output | None = None


@dataclass(frozen=True)
class RunEnd:
    """How a whole run ended.

    Attributes:
        message: a sentence for people.
        tables: full name -> columns (``name`` and ``type_text``) of the tables that are there now.
    """

    result: Result
    message: str = ""
    tables: Mapping[str, list[dict[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class RunOrder:
    """A run that a runner is to make.

    Attributes:
        run_id: of the run; job and task run ids of the workspace are other numbers.
        job_id: of the job; 0 for a run without one.
        settings: of the job, as the Jobs API has them; they were checked.
        parameters: of the job, with what this run sets.
        files: folder with the workspace's files; `find_file` finds them there.
        work: folder for files of this run; it is empty at the first attempt.
        only: keys of the tasks to run; None for all.
        finished: of a repair: how the tasks ended that are not run again.
        repair: number of the repair; 0 is the run itself.
        given: those of the parameters that the run, or its last repair, was given.
        trigger: what started it, as references name it: ``one_time``, ``run_job_task``.
        overrides: parameters of tasks as run-now takes them: ``notebook_params``, ``python_params``, ....
        schemas: full names of the schemas that Unity Catalog has.
        environment: variables for every task: the address of the workspace and a token.
        secrets: values that the tasks may read, by scope and key.
        run_job: starts another job, with this run's parameters for those of the same name and with its own, waits for
            its end and returns its run and how it ended; raises where it cannot be started.
        pipelines: settings of the workspace's pipelines by their ids.
    """

    run_id: int
    job_id: int
    settings: Mapping[str, Any]
    parameters: Mapping[str, str]
    files: Path
    work: Path
    only: frozenset[str] | None = None
    finished: Mapping[str, TaskReport] = field(default_factory=dict)
    repair: int = 0
    given: Mapping[str, str] = field(default_factory=dict)
    trigger: str = "one_time"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    schemas: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[tuple[str, str], str] = field(default_factory=dict)
    run_job: Callable[[int, Mapping[str, str], Mapping[str, str]], tuple[int, RunEnd]] | None = None
    pipelines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Listener(Protocol):
    """Who is told how a run goes; from any thread."""

    def task(self, report: TaskReport) -> None:
        """Take what is new about a task."""

    def ended(self, end: RunEnd) -> None:
        """Take that the run ended; the last call."""


class Running(Protocol):
    """A run that was started."""

    def cancel(self, task: str | None = None) -> None:
        """Ask the run to end, or one task of it; it still reports its end. Returns at once, also when called again."""


class Runner(Protocol):
    """Who runs jobs."""

    def start(self, order: RunOrder, listener: Listener) -> Running:
        """Start a run and return at once; all that happens is told to the listener."""

    def close(self) -> None:
        """End what runs need between them, such as an engine; no run is going any more."""


def hide(text: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets; those of less than four characters are in too many other words."""
    for secret in sorted((each for each in secrets if len(each) >= _SHORTEST), key=len, reverse=True):
        text = text.replace(secret, "[REDACTED]")
    return text


def find_file(files: Path, path: str) -> Path | None:
    """Return where a file or notebook of the workspace lies on disk; None where it is not there.

    Args:
        files: the folder of a `RunOrder`.
        path: as a job names it: ``/Workspace/...``, ``/Users/...``, ``/Volumes/...``, ``dbfs:/...``; a notebook is
            named without its ending and found with it.
    """
    parts = PurePosixPath(path.removeprefix("dbfs:")).parts[1:]
    if not parts or ".." in parts:
        return None
    known = parts[0] in ("Workspace", "Volumes") or path.startswith("dbfs:")
    place = files.joinpath(*(parts if known else ("Workspace", *parts)))
    beside = (place.with_name(f"{place.name}{suffix}") for suffix in (".ipynb", ".py", ".sql", ".scala", ".r"))
    return next((each for each in (place, *beside) if each.is_file()), None)
