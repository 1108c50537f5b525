"""Jobs run on this machine: many runs in one process, each task's work in a process of its own."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dex_dbutils import DexError
from dex_dbutils.config import Project
from dex_dbutils.utilities import read_task_values

from dex.jobs.flow import BAD, GOOD, NOT_RUN, Result, chosen, compare, decide, job_result, refuse_circle, upstream
from dex.jobs.loops import items_in
from dex.jobs.models import JobSettings, RunJobTask, Task
from dex.jobs.places import Places
from dex.jobs.processes import run_process
from dex.jobs.records import JobRun, Record, TaskRun, new_number, new_record, now
from dex.jobs.turns import turn
from dex.jobs.values import RunFacts, check_operand, fill, fill_parameters
from dex.jobs.work import Workshop, read_result, work_of

#: Seconds between looks at whether somebody wants a run to end.
_LOOK = 0.3

JobOf = Callable[[str], "tuple[str, JobSettings]"]
Watch = Callable[[JobRun, "TaskRun | None"], None]


class Runner:
    """Runs jobs.

    Args:
        shop_of: where the tasks of a run work.
        job_of: key and settings of a job that a run-job task names.
        places: processes at a time, over all runs.
        watch: told of every change, with the task that changed or None for the run itself.
        redact: takes secrets out of a line of output.
    """

    def __init__(
        self,
        shop_of: Callable[[Record], Workshop],
        job_of: JobOf,
        places: int,
        watch: Watch | None = None,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._shop_of, self._job_of = shop_of, job_of
        self._places = Places(places)
        self._watch = watch or (lambda run, task: None)
        self._redact = redact
        self._live: dict[int, _OneRun] = {}

    def cancel_task(self, number: int, key: str) -> None:
        """Cancel a task of a run that goes on; what has ended stays as it ended."""
        if number in self._live:
            self._live[number].cancel_task(key)

    async def run(self, record: Record, above: tuple[str, ...] = ()) -> JobRun:
        """Run what a record still has to do, and return the run as it ended.

        Args:
            record: a new run, or one to be repaired.
            above: keys of the jobs whose run-job tasks led here.

        Raises:
            asyncio.CancelledError: the run was interrupted; its tasks have ended and are noted as canceled.
        """
        with record.held():
            one = self._live[record.run.id] = _OneRun(self, record, above)
            try:
                result = await one.run()
            except asyncio.CancelledError:
                one.cancel()
                self._end(record, "CANCELED")
                raise
            finally:
                del self._live[record.run.id]
            self._end(record, result)
        return record.run

    def _end(self, record: Record, result: Result) -> None:
        record.end(result)
        self._watch(record.run, None)

    def changed(self, record: Record, key: str, **changes: Any) -> None:
        """Note a change of a task without the secrets in it, and tell of it."""
        shown = {name: self._redact(text) for name in ("value", "error") if (text := changes.get(name))}
        self._watch(record.run, record.task(key, **{**changes, **shown}))

    def workspace_of(self, record: Record) -> Mapping[str, Any]:
        """Return id and url of the workspace that a run belongs to: on this machine there is none."""
        return {"id": 0, "url": "localhost"}

    def project_of(self, record: Record) -> Project:
        """Return the project that a run belongs to."""
        return self._shop_of(record).project

    async def run_other(
        self,
        record: Record,
        task: RunJobTask,
        parameters: Mapping[str, str],
        above: tuple[str, ...],
        started: Callable[[int], None],
    ) -> JobRun:
        """Run the job that a run-job task names and return its run.

        Args:
            record: of the run whose task it is.
            task: the task.
            parameters: of that run; they go to those of the same name.
            above: keys of the jobs whose run-job tasks led here.
            started: told the number of the new run.

        Raises:
            JobError: there is no such job, jobs run each other in a circle or too deep, or as many runs of it go on as may.
        """
        key, settings = self._job_of(str(task.job_id))
        refuse_circle(above, key)
        defaults = {p.name: p.default for p in settings.parameters}
        given = {**{name: value for name, value in parameters.items() if name in defaults}, **task.job_parameters}
        project = self.project_of(record)
        async with turn(project, key, settings, record.run.target or record.run.environment):
            other = new_record(
                project,
                key,
                settings,
                {**defaults, **given},
                record.run.environment,
                given=given,
                target=record.run.target,
                trigger="run_job_task",
            )
            started(other.run.id)
            return await self.run(other, above)

    async def work(
        self, record: Record, task: Task, parameters: Mapping[str, str], key: str, name: str
    ) -> tuple[Result, str | None, str | None]:
        """Do the work of a task in a process; return result, value and error.

        Args:
            record: of the run.
            task: the task, or what a for-each task repeats; references filled in.
            parameters: of the job.
            key: key of the task; ``loop[3]`` for an item of a for-each task.
            name: name of its files in the run's folder.

        Raises:
            JobError: as `work_of` says.
        """
        shop = self._shop_of(record)
        python = await asyncio.to_thread(shop.python, task)
        work = work_of(task, shop, parameters, name)
        async with self._places.one(record.run.id):
            self.changed(record, key, state="RUNNING", started=now(), log=f"{name}.log")
            try:
                code = await run_process(
                    work,
                    shop.folder / f"{name}.work.json",
                    shop.folder / f"{name}.log",
                    cwd=Path(work["path"]).parent if work["kind"] == "notebook" else shop.root,
                    variables=shop.variables(record.run.id, key),
                    timeout=task.timeout_seconds or None,
                    redact=self._redact,
                    python=python,
                )
            except TimeoutError:
                return "TIMEDOUT", None, f"It took longer than its time-out of {task.timeout_seconds} s."
        told = read_result(work, code)
        return "SUCCESS" if told["ok"] else "FAILED", told.get("value"), told.get("error")


class _OneRun:
    """The tasks of one run, from the first to the last."""

    def __init__(self, runner: Runner, record: Record, above: tuple[str, ...]) -> None:
        self._runner, self._record = runner, record
        self._above = (*above, record.run.key)
        self._tasks = {task.task_key: task for task in chosen(record.run.settings, record.run.only)}
        self._waits: dict[str, set[str]] = {}
        self._going: dict[asyncio.Task[None], str] = {}

    async def run(self) -> Result:
        going = self._going
        limit = self._record.run.settings.timeout_seconds
        deadline = time.monotonic() + limit if limit else None
        try:
            while True:
                begun = {*going.values()}
                for key, task in self._tasks.items():
                    known = self._record.run.tasks[key]
                    if known.result is not None or key in begun:
                        continue
                    decision = decide(task, self._results(), self._outcomes())
                    if decision == "run":
                        going[asyncio.create_task(self._one(task, key))] = key
                    elif decision != "wait":
                        self._runner.changed(self._record, key, state="TERMINATED", result=decision, ended=now())
                        break  # others may wait for this one
                else:
                    if not going:
                        return job_result(self._tasks.values(), self._results())
                    left = _LOOK if deadline is None else min(_LOOK, max(0.0, deadline - time.monotonic()))
                    done, _ = await asyncio.wait(going, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                    for each in done:
                        key = going.pop(each)
                        if each.cancelled():
                            self._note_canceled(key)
                        else:
                            each.result()
                    late = not done and deadline is not None and time.monotonic() >= deadline
                    if late or self._record.stop_asked:
                        await self._stop(going)
                        self.cancel()
                        return "TIMEDOUT" if late else "CANCELED"
        except BaseException:
            await self._stop(going)
            raise

    @staticmethod
    async def _stop(going: Mapping[asyncio.Task[None], str]) -> None:
        for each in going:
            each.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    def cancel(self) -> None:
        """Note every task that has not ended as canceled."""
        for key in self._tasks:
            self._note_canceled(key)

    def cancel_task(self, key: str) -> None:
        """Cancel a task that goes on; one whose turn has not come stays."""
        for each, name in self._going.items():
            if name == key:
                each.cancel()

    def _note_canceled(self, key: str) -> None:
        """Note that a task was canceled, with its items if it is a for-each."""
        for name, task in list(self._record.run.tasks.items()):
            if task.result is None and name.partition("[")[0] == key:
                self._runner.changed(self._record, name, state="TERMINATED", result="CANCELED", ended=now())

    def _results(self) -> dict[str, Result]:
        tasks = self._record.run.tasks
        return {key: result for key in self._tasks if (result := tasks[key].result) is not None}

    def _outcomes(self) -> dict[str, str]:
        return {key: task.value for key, task in self._record.run.tasks.items() if task.value is not None}

    async def _one(self, task: Task, key: str, item: Any = None, in_loop: bool = False) -> None:
        """Run a task, or an item of a for-each task, until it ended for good."""
        attempt = self._record.run.tasks[key].attempt if key in self._record.run.tasks else 0
        tries = 0
        while True:
            attempt, tries = attempt + 1, tries + 1
            began = time.monotonic()
            self._runner.changed(
                self._record, key, kind="".join(task.kinds[:1]), state="QUEUED", attempt=attempt, error=None, ended=None,
                run_id=new_number(), started=now(),
            )  # fmt: skip
            try:
                result, value, error = await self._attempt(task, key, attempt, item, in_loop)
            except DexError as refused:
                result, value, error = "FAILED", None, f"{refused.code}: {refused.what}"
            again = result == "FAILED" or (result == "TIMEDOUT" and task.retry_on_timeout)
            again = again and (task.max_retries == -1 or tries <= task.max_retries)
            self._runner.changed(
                self._record, key, state="WAITING" if again else "TERMINATED", result=None if again else result,
                value=value, error=error, ended=now(),
            )  # fmt: skip
            if not again:
                return
            await asyncio.sleep(max(0.0, task.min_retry_interval_millis / 1_000 - (time.monotonic() - began)))

    async def _attempt(
        self, task: Task, key: str, attempt: int, item: Any, in_loop: bool
    ) -> tuple[Result, str | None, str | None]:
        facts = self._facts(task, key, attempt)
        if in_loop:
            facts = replace(facts, item=item)
        for operand in (task.condition_task.left, task.condition_task.right) if task.condition_task else ():
            check_operand(operand, facts)
        task = fill(task, facts)
        if task.condition_task is not None:
            return "SUCCESS", str(compare(task.condition_task)).lower(), None
        if task.for_each_task is not None:
            return await self._loop(task, key)
        if task.run_job_task is not None:
            other = await self._runner.run_other(
                self._record,
                task.run_job_task,
                facts.parameters,
                self._above,
                lambda number: self._runner.changed(self._record, key, state="RUNNING", value=str(number)),
            )
            error = None if other.result in GOOD else f"Run {other.id} of job '{other.key}' ended with {other.result}."
            return ("SUCCESS" if error is None else "FAILED"), str(other.id), error
        name = key.replace("[", "-").replace("]", "") + (f".{attempt}" if attempt > 1 else "")
        return await self._runner.work(self._record, task, facts.parameters, key, name)

    async def _loop(self, task: Task, key: str) -> tuple[Result, str | None, str | None]:
        loop = task.for_each_task
        assert loop is not None
        items = items_in(loop.inputs, key)
        self._runner.changed(self._record, key, state="RUNNING", started=now())
        free = asyncio.Semaphore(max(1, loop.concurrency))

        async def one(number: int, item: Any) -> TaskRun:
            inner = f"{key}[{number}]"
            known, value = self._record.run.tasks.get(inner), json.dumps(item)
            if known is None or known.result not in GOOD or known.item != value:  # those of a run that is repaired stay
                async with free:
                    self._record.task(inner, result=None, item=value)
                    await self._one(loop.task, inner, item, in_loop=True)
            return self._record.run.tasks[inner]

        for inner, known in list(self._record.run.tasks.items()):
            before, _, number = inner.removesuffix("]").partition("[")
            if before == key and number and int(number) >= len(items) and known.result is None:
                self._record.task(inner, state="TERMINATED", result="EXCLUDED")  # a repair whose list is shorter
        begun = [asyncio.create_task(one(number, item)) for number, item in enumerate(items)]
        try:
            ended = await asyncio.gather(*begun)
        except BaseException:
            for each in begun:
                each.cancel()
            await asyncio.gather(*begun, return_exceptions=True)
            raise
        bad = [each for each in ended if each.result in BAD]
        if bad:
            return "FAILED", None, f"{len(bad)} of {len(items)} items failed; the first: {bad[0].key}: {bad[0].error}"
        return "SUCCESS", None, None

    def _before(self, key: str) -> set[str]:
        """Return the tasks that a task waits for, directly or not: what it may ask for does not hang on chance."""
        if key not in self._waits:
            self._waits[key] = upstream(self._tasks.values(), [key]) - {key}
        return self._waits[key]

    def _facts(self, task: Task, key: str, attempt: int) -> RunFacts:
        run = self._record.run
        before = self._before(key.partition("[")[0])
        facts = RunFacts(
            job={
                "id": _number(run.key),
                "name": run.settings.name,
                "run_id": run.id,
                "repair_count": run.repairs,
                "start_time": run.started,
                "trigger": run.trigger,
            },
            parameters={},
            tasks={
                name: {
                    "run_id": known.run_id,
                    "result_state": (known.result or "").lower(),
                    "error_code": "" if known.result in GOOD | NOT_RUN else "RunExecutionError",
                    "execution_count": known.attempt,
                    "notebook_path": _notebook(self._tasks.get(name)),
                }
                for name in before
                if (known := run.tasks[name]).result is not None
            },
            values={
                name: values
                for name, values in read_task_values(self._runner.project_of(self._record), str(run.id)).items()
                if name in before
            },
            task={
                "name": key,
                "run_id": run.tasks[key].run_id,
                "execution_count": attempt,
                "notebook_path": _notebook(task),
            },
            workspace=self._runner.workspace_of(self._record),
        )
        return replace(facts, parameters=fill_parameters(run.parameters, facts))


def _notebook(task: Task | None) -> str:
    return task.notebook_task.notebook_path if task and task.notebook_task else ""


def _number(key: str) -> int:
    """Return a job's id: of one that has none, a number that stands for it, the same for the same key."""
    return int(key) if key.isdigit() else zlib.crc32(key.encode())
