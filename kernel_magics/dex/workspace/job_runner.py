"""The runs of a workspace, made by what makes the runs of ``dex job run``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dex_dbutils import DexError, JobError
from dex_dbutils.config import Project, load_environment
from dex_dbutils.utilities import variable_of

from dex.engines import engine_for
from dex.jobs import NEVER_BEGUN, JobRun, JobSettings, Record, Runner, TaskRun, begin_repair, new_record, processors
from dex.workspace.deployed import deployed_project, tables_of
from dex.workspace.identity import WORKSPACE_ID
from dex.workspace.refusal import Refusal
from dex.workspace.runner import Life, Listener, Output, RunEnd, RunOrder, TaskReport, hide
from dex.workspace.shop import Environments, WorkspaceShop

#: Tasks that may wait for other jobs at a time.
_MOST_WAITING = 64
#: Seconds that the event loop may take to end.
_END_SECONDS = 5.0
#: Other names; an attempt that waits for the next one has ended.
_LIVES: dict[str, Life] = {"QUEUED": "PENDING", "WAITING": "TERMINATED"}


@dataclass
class _Going:
    """A run as both sides know it."""

    order: RunOrder
    listener: Listener
    record: Record
    shop: WorkspaceShop
    first: dict[str, int]
    loop: asyncio.AbstractEventLoop
    task: asyncio.Task[None] | None = None
    unwanted: bool = False
    cancel_task: Callable[[int, str], None] = lambda run, task: None

    def cancel(self, task: str | None = None) -> None:
        """Ask the run to end, or one task of it."""
        if task is None:
            self.loop.call_soon_threadsafe(self._cancel)
        else:
            self.loop.call_soon_threadsafe(self.cancel_task, self.record.run.id, task)

    def _cancel(self) -> None:
        self.unwanted = True
        if self.task is not None:
            self.task.cancel()


class JobRunner:
    """Runs jobs of workspaces on this machine, all in one event loop: places for processes are shared fairly."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="dex-environments-")
        self._environments = Environments(Path(self._temporary.name))
        self._records: dict[int, Record] = {}
        self._going: dict[int, _Going] = {}
        self._projects: dict[Path, Project] = {}
        self._secrets: set[str] = set()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting = ThreadPoolExecutor(_MOST_WAITING, "dex-run-job")

    def start(self, order: RunOrder, listener: Listener) -> _Going:
        """Start a run and return at once."""
        with self._lock:
            loop = self._running_loop()
            deployed = deployed_project(order)
            self._projects[deployed.project.root] = deployed.project
            record = self._record(order, deployed.environment)
            first = {key: task.attempt for key, task in record.run.tasks.items()}
            secrets = {variable_of(scope, key): value for (scope, key), value in order.secrets.items()}
            shop = WorkspaceShop(
                deployed.project,
                order.work,
                deployed.environment,
                record.folder,
                files=order.files,
                is_own=deployed.is_own,
                pipelines=order.pipelines,
                settings=order.settings,
                given={**order.environment, **secrets},
                environments=self._environments,
            )
            tokens = {value for name, value in order.environment.items() if name.endswith("TOKEN")}
            self._secrets |= tokens | {*order.secrets.values()}
            going = self._going[record.run.id] = _Going(order, listener, record, shop, first, loop)
            going.cancel_task = self._runner.cancel_task
        asyncio.run_coroutine_threadsafe(self._run(going), loop)
        return going

    def close(self) -> None:
        """End the event loop, and the engines that tasks have started."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(_others_end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_END_SECONDS)
            if not self._thread.is_alive():
                self._loop.close()
        self._waiting.shutdown(wait=False, cancel_futures=True)
        for project in self._projects.values():
            with contextlib.suppress(DexError):
                engine_for(load_environment("local", start=project.root)).stop()
        self._temporary.cleanup()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="dex-jobs", daemon=True)
            self._thread.start()
            self._runner = _WorkspaceRunner(
                lambda record: self._going[record.run.id].shop, _no_job, processors(), self._watch, self._redact
            )
            self._runner.run_elsewhere = self._run_elsewhere
            self._runner.url_of = lambda record: self._going[record.run.id].order.environment["DATABRICKS_HOST"]
        return self._loop

    def _record(self, order: RunOrder, environment: str) -> Record:
        """Return a new record; of a repair, the one of the run, made ready to go on."""
        settings = JobSettings.model_validate(_overridden(order.settings, order.overrides))
        parameters, given = dict(order.parameters), dict(order.given)
        if order.repair and order.run_id in self._records:
            record = self._records[order.run_id]
            begin_repair(
                record, [key for key in _keys(settings) if key in (order.only or ())], settings, parameters, given
            )
            return record
        project = Project(name="run", package="run", root=order.work, exists=False)
        only = [key for key in _keys(settings) if key in order.only] if order.only else None
        key = str(order.job_id or order.run_id)
        record = new_record(
            project, key, settings, parameters, environment, only, order.run_id, given=given, trigger=order.trigger
        )
        self._records[order.run_id] = record
        return record

    async def _run(self, going: _Going) -> None:
        going.task = asyncio.current_task()
        try:
            if going.unwanted:
                raise asyncio.CancelledError
            run = await self._runner.run(going.record)
            end = RunEnd(run.result or "FAILED", _message(run))
        except asyncio.CancelledError:
            end = RunEnd("CANCELED", "Run cancelled.")
        except Exception as error:  # noqa: BLE001  whatever it is: the run ends, and says why
            end = RunEnd("FAILED", f"{type(error).__name__}: {error}")
        await asyncio.to_thread(lambda: going.listener.ended(replace(end, tables=tables_of(going.shop.project))))

    def _watch(self, run: JobRun, task: TaskRun | None) -> None:
        going = self._going[run.id]
        if task is None:
            return
        key, _, item = task.key.partition("[")
        life = _LIVES.get(task.state, task.state)
        if task.result in NEVER_BEGUN:
            life = "SKIPPED"
        result = "FAILED" if task.state == "WAITING" else task.result
        first = going.first.get(task.key, 0)
        going.listener.task(
            TaskReport(
                key,
                life,  # type: ignore[arg-type]  # the rest has the same names
                result,
                _said(task),
                max(task.attempt - first - 1, 0),
                int(item.removesuffix("]")) if item else None,
                _output(task, going.record.folder) if result is not None else None,
            )
        )

    def _redact(self, line: str) -> str:
        return hide(line, self._secrets)

    async def _run_elsewhere(
        self, record: Record, job: int, inherited: Mapping[str, str], parameters: Mapping[str, str]
    ) -> tuple[int, RunEnd]:
        order = self._going[record.run.id].order
        if order.run_job is None:
            raise JobError("DEX-JOB-02", "This run cannot start other jobs.")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._waiting, order.run_job, job, inherited, parameters)
        except Refusal as refusal:
            raise JobError("DEX-JOB-06", refusal.message, remedy="Give the id of a job of this workspace.") from refusal


class _WorkspaceRunner(Runner):
    """Runs jobs; a run-job task starts a run of the workspace, which can be looked at like every other."""

    run_elsewhere: Callable[
        [Record, int, Mapping[str, str], Mapping[str, str]], Coroutine[Any, Any, tuple[int, RunEnd]]
    ]
    url_of: Callable[[Record], str]

    def workspace_of(self, record: Record) -> Mapping[str, Any]:
        """Return id and url of the workspace that a run belongs to."""
        return {"id": int(WORKSPACE_ID), "url": self.url_of(record)}

    async def run_other(
        self,
        record: Record,
        task: Any,
        parameters: Mapping[str, str],
        above: tuple[str, ...],
        started: Callable[[int], None],
    ) -> JobRun:
        """Run the job that a run-job task names and return its run."""
        number, end = await self.run_elsewhere(record, int(task.job_id), parameters, task.job_parameters)
        started(number)
        return record.run.model_copy(update={"id": number, "key": str(task.job_id), "result": end.result})


async def _others_end() -> None:
    """Wait for all else that this event loop does: runs that were told to end tell so last of all."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=_END_SECONDS)


def _keys(settings: JobSettings) -> list[str]:
    return [task.task_key for task in settings.tasks]


def _no_job(name: str) -> tuple[str, JobSettings]:
    raise JobError("DEX-JOB-02", f"There is no job {name} here.")


def _overridden(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job's settings with the parameters that run-now takes for its tasks."""
    changed = {**settings, "tasks": [dict(task) for task in settings["tasks"]]}
    for task in changed["tasks"] if given else ():
        if "notebook_params" in given and task.get("notebook_task"):
            base = task["notebook_task"].get("base_parameters") or {}
            task["notebook_task"] = {
                **task["notebook_task"],
                "base_parameters": {**base, **given["notebook_params"]},
            }
        for kind in ("python_wheel_task", "spark_python_task"):
            if "python_params" in given and task.get(kind):
                task[kind] = {**task[kind], "parameters": given["python_params"]}
        if "python_named_params" in given and task.get("python_wheel_task"):
            task["python_wheel_task"] = {**task["python_wheel_task"], "named_parameters": given["python_named_params"]}
    return changed


def _said(task: TaskRun) -> str:
    """Return the sentence that the platform has for the end of a task."""
    if task.result in ("UPSTREAM_FAILED", "UPSTREAM_CANCELED"):
        return "An upstream task failed."
    if task.result == "FAILED":
        return "Workload failed, see run output for details"
    return (task.error or "") if task.result == "TIMEDOUT" else ""


def _message(run: JobRun) -> str:
    failed = [task.key for task in run.tasks.values() if task.result in ("FAILED", "TIMEDOUT") and "[" not in task.key]
    if not failed:
        return ""
    more = any(task.result == "UPSTREAM_FAILED" for task in run.tasks.values())
    skipped = " This caused all downstream tasks to get skipped." if more else ""
    return f"Task {failed[0]} failed with message: Workload failed, see run output for details.{skipped}"


def _output(task: TaskRun, folder: Path) -> Output:
    """Return what a task left."""
    log = (folder / task.log).read_text("utf-8", "replace") if task.log and (folder / task.log).exists() else None
    found = (log or "").rfind("Traceback (most recent call last)")
    return Output(
        logs=log if task.kind in ("python_wheel_task", "spark_python_task", "sql_task") else None,
        notebook=(task.value or "") if task.kind == "notebook_task" and task.result == "SUCCESS" else None,
        error=task.error,
        trace=log[found:] if log and found >= 0 and task.error else task.error,
        outcome=task.value if task.kind == "condition_task" else None,
        run_id=int(task.value) if task.kind == "run_job_task" and task.value else None,
        update=_update(folder / task.log) if task.kind == "pipeline_task" and task.log else None,
    )


def _update(log: Path) -> dict[str, Any] | None:
    """Return what an update of a pipeline came to; None where it has not come so far."""
    try:
        told: dict[str, Any] = json.loads(log.with_name(f"{log.stem}.update.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    return told
