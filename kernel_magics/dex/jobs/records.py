"""What is known of a run of a job, kept so that it outlives the process that runs it.

A run has a folder ``.dex/jobs/<id>/``: its job as it was started, and one line for every change of a task. A process
that is killed leaves at most one broken last line; a lock tells whether somebody still runs it.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from dex_dbutils import JobError
from dex_dbutils.config import Project
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field

from dex.files import write_atomically, write_error
from dex.jobs.flow import Result
from dex.jobs.locks import LOCK, goes_on
from dex.jobs.models import JobSettings

_JOB, _CHANGES, _STOP = "job.json", "changes.jsonl", "stop"
#: Seconds to wait for the lock of a run: it is also held for a moment by whoever looks whether the run goes on.
_GLANCE = 0.25


class TaskRun(BaseModel):
    """One task of a run, or one item of a for-each task.

    Attributes:
        key: key of the task; ``loop[3]`` for the fourth item of ``loop``.
        kind: its type, such as ``notebook_task``.
        state: ``BLOCKED`` until its turn, ``QUEUED`` for a free place, ``RUNNING``, ``WAITING`` for a retry, ``TERMINATED``.
        result: what it came to.
        run_id: number of its last attempt.
        attempt: attempts so far.
        started: of the last attempt, in UTC.
        ended: of the last attempt, in UTC.
        value: what a notebook exited with, ``true`` or ``false`` of a condition, the run's id of another job.
        error: the last line of what went wrong.
        log: file with its output, below the run's folder.
        item: of an item of a for-each task: its value, as JSON.
    """

    model_config = ConfigDict(extra="ignore")

    key: str
    kind: str
    state: str = "BLOCKED"
    result: Result | None = None
    run_id: int = 0
    attempt: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    value: str | None = None
    error: str | None = None
    log: str | None = None
    item: str | None = None


class RepairHistoryItem(BaseModel):
    """A run itself, or one repair of it.

    Attributes:
        type: ``ORIGINAL`` or ``REPAIR``.
        tasks: keys of the tasks that it ran.
        parameters: of the job, as they were given for it.
        started: in UTC.
        ended: in UTC; None while it goes on, or where whoever ran it was killed.
        result: what the run came to with it.
    """

    model_config = ConfigDict(extra="ignore")

    type: Literal["ORIGINAL", "REPAIR"]
    tasks: list[str]
    parameters: dict[str, str] = Field(default_factory=dict)
    started: datetime
    ended: datetime | None = None
    result: Result | None = None


class JobRun(BaseModel):
    """One run of a job on this machine.

    Attributes:
        id: number of the run.
        key: the job's key in the bundle.
        settings: the job; of a run that was repaired, as it was then.
        parameters: values of its parameters.
        given: those of them that were given for the run, and are no defaults; None where that was not noted.
        environment: environment that its tasks work in.
        target: target of the bundle that was asked for.
        trigger: what started it: ``one_time``, or ``run_job_task`` where another job did.
        started: in UTC.
        ended: in UTC; None while it runs, or where whoever ran it was killed.
        result: what it came to.
        repairs: how often it was repaired.
        history: the run itself and its repairs, once it was repaired.
        only: the tasks that were asked for; None for all.
        tasks: by key; items of for-each tasks stand beside the tasks.
    """

    model_config = ConfigDict(extra="ignore")

    id: int
    key: str
    settings: JobSettings
    parameters: dict[str, str]
    given: dict[str, str] | None = None
    environment: str
    target: str | None = None
    trigger: str = "one_time"
    started: datetime
    ended: datetime | None = None
    result: Result | None = None
    repairs: int = 0
    history: list[RepairHistoryItem] = Field(default_factory=list)
    only: list[str] | None = None
    tasks: dict[str, TaskRun] = Field(default_factory=dict)


class Record:
    """The kept state of one run.

    Args:
        folder: the run's folder.
        run: the run as it is now.
    """

    def __init__(self, folder: Path, run: JobRun) -> None:
        self.folder, self.run = folder, run
        self._lock = FileLock(folder / LOCK)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from running the same run.

        Raises:
            JobError: DEX-JOB-08, somebody runs it.
            FileError: DEX-FILE-01, nothing can be written there.
        """
        try:
            self._lock.acquire(timeout=_GLANCE, poll_interval=_GLANCE / 10)
        except Timeout as error:
            raise self.still_going() from error
        except OSError as error:
            raise write_error(self.folder / LOCK, error) from error
        stop = self.folder / _STOP
        stop.unlink(missing_ok=True)  # it was meant for a run that was killed
        try:
            yield
        finally:
            stop.unlink(missing_ok=True)
            self._lock.release()

    def still_going(self) -> JobError:
        """Return the refusal of whoever wants to run it while somebody does."""
        return JobError(
            "DEX-JOB-08", f"The run {self.run.id} is still going.", self.folder, "Wait for its end, or interrupt it."
        )

    def ask_to_stop(self) -> None:
        """Ask whoever runs it to end it; to be seen by `stop_asked`.

        Raises:
            FileError: DEX-FILE-01, nothing can be written there.
        """
        try:
            (self.folder / _STOP).touch()
        except OSError as error:
            raise write_error(self.folder / _STOP, error) from error

    @property
    def stop_asked(self) -> bool:
        """Whether somebody wants the run to end."""
        return (self.folder / _STOP).exists()

    @property
    def alive(self) -> bool:
        """Whether a process runs it now."""
        return self._lock.is_locked or goes_on(self.folder)

    def task(self, key: str, **changes: Any) -> TaskRun:
        """Change a task, make it where it is new, and return it."""
        kind = changes.get("kind") or (self.run.tasks[key].kind if key in self.run.tasks else "")
        known = self.run.tasks.get(key) or TaskRun(key=key, kind=kind)
        self.run.tasks[key] = made = known.model_copy(update=changes)
        self._append({"task": key, "changes": changes})
        return made

    def change(self, **changes: Any) -> None:
        """Change the run itself."""
        self.run = self.run.model_copy(update=changes)
        self._append({"changes": changes})

    def end(self, result: Result) -> None:
        """Note that the run ended, and with it its last repair."""
        last = [each.model_copy(update={"ended": now(), "result": result}) for each in self.run.history[-1:]]
        history = {"history": [*self.run.history[:-1], *last]} if last else {}
        self.change(ended=now(), result=result, **history)

    def _append(self, line: dict[str, Any]) -> None:
        text = json.dumps(line, default=_plain, ensure_ascii=False) + "\n"
        handle = os.open(self.folder / _CHANGES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, text.encode())
        finally:
            os.close(handle)


def new_number() -> int:
    """Return a number for a run: the time in microseconds, so that later runs have higher ones."""
    return time.time_ns() // 1_000


def new_record(
    project: Project,
    key: str,
    settings: JobSettings,
    parameters: dict[str, str],
    environment: str,
    only: list[str] | None = None,
    number: int | None = None,
    *,
    given: dict[str, str] | None = None,
    target: str | None = None,
    trigger: str = "one_time",
) -> Record:
    """Return the record of a run that begins now; its folder is made.

    Args:
        project: whose run it is.
        key: the job's key.
        settings: the job.
        parameters: values of its parameters.
        environment: environment that its tasks work in.
        only: the tasks to run; None for all.
        number: of the run; a new one if not given.
        given: those of the parameters that are no defaults.
        target: target of the bundle that was asked for.
        trigger: what started the run.

    Raises:
        FileError: DEX-FILE-01, nothing can be written there.
    """
    number = number or new_number()
    while True:
        folder = runs_folder(project) / str(number)
        try:
            folder.mkdir(parents=True)
            break
        except FileExistsError:  # another run began in the same microsecond
            number += 1
        except OSError as error:
            raise write_error(folder, error) from error
    run = JobRun(
        id=number,
        key=key,
        settings=settings,
        parameters=parameters,
        environment=environment,
        started=now(),
        only=only,
        given=given,
        target=target,
        trigger=trigger,
        tasks={task.task_key: TaskRun(key=task.task_key, kind="".join(task.kinds[:1])) for task in settings.tasks},
    )
    write_atomically(folder / _JOB, run.model_dump_json(indent=1, exclude_unset=True))
    return Record(folder, run)


def read_record(project: Project, number: int | str) -> Record:
    """Return the record of a run.

    Raises:
        JobError: DEX-JOB-05, there is none of that number.
    """
    folder = runs_folder(project) / str(number)
    try:
        run = JobRun.model_validate_json((folder / _JOB).read_bytes())
    except (OSError, ValueError) as error:
        raise JobError(
            "DEX-JOB-05", f"There is no run {number} of a job.", runs_folder(project), "List them: dex job runs."
        ) from error
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / _CHANGES).read_bytes().splitlines():
            _apply(run, line)
    return Record(folder, run)


def read_log(project: Project, number: int | str, task: str) -> tuple[TaskRun, str]:
    """Return a task of a run, and what its last attempt printed.

    Args:
        project: whose run it is.
        number: the run.
        task: key of the task; ``loop[3]`` for an item of a for-each task.

    Raises:
        JobError: DEX-JOB-05, there is no such run; -09, it has no such task.
    """
    record = read_record(project, number)
    found = record.run.tasks.get(task)
    if found is None:
        raise JobError(
            "DEX-JOB-09", f"The run {number} has no task '{task}'.", remedy=f"It has: {', '.join(record.run.tasks)}."
        )
    log = record.folder / found.log if found.log else None
    return found, log.read_text("utf-8", errors="replace") if log is not None and log.exists() else ""


def log_file(project: Project, number: int | str, task: TaskRun) -> Path:
    """Return the file that takes what the last attempt of a task prints; the run's folder before it has begun."""
    return runs_folder(project) / str(number) / (task.log or "")


def records(project: Project, newest: int | None = None) -> list[Record]:
    """Return the runs of a project's jobs, the latest first.

    Args:
        project: whose runs they are.
        newest: how many at most; all if not given.
    """
    folder = runs_folder(project)
    if not folder.is_dir():
        return []
    numbers = sorted((int(p.name) for p in folder.iterdir() if p.name.isdigit() and (p / _JOB).exists()), reverse=True)
    return [read_record(project, number) for number in numbers[:newest]]


def runs_folder(project: Project) -> Path:
    """Return the folder of the runs of a project's jobs."""
    return project.dex_dir / "jobs"


def files_of(folder: Path) -> tuple[Path, Path]:
    """Return the files that say how far a run is; they change with every change of it."""
    return folder / _JOB, folder / _CHANGES


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(timezone.utc)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json", exclude_unset=True) if isinstance(value, BaseModel) else value.isoformat()


def _apply(run: JobRun, line: bytes) -> None:
    try:
        told = json.loads(line)
        changes: dict[str, Any] = told["changes"]
    except (ValueError, KeyError, TypeError):
        return  # what a killed process left
    if "task" in told:
        known = run.tasks.get(told["task"])
        before = known.model_dump() if known else {"key": told["task"], "kind": ""}
        run.tasks[told["task"]] = TaskRun.model_validate({**before, **changes})
    else:
        checked = JobRun.model_validate({**run.model_dump(include=set(changes) | {"id"}), **_needed(run), **changes})
        for name in changes:
            setattr(run, name, getattr(checked, name))


def _needed(run: JobRun) -> dict[str, Any]:
    """Return the fields that every run has, so that a change of others can be checked."""
    return {
        "key": run.key,
        "settings": run.settings,
        "parameters": run.parameters,
        "environment": run.environment,
        "started": run.started,
    }
