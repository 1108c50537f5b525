"""Runs of jobs: what is kept of them, and how they begin, go on and end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dex_dbutils import JobError

from dex.jobs import JobSettings, chosen, plan_repair, refuse_circle, selected
from dex.workspace.clock import now
from dex.workspace.jobs_kept import Job, find_job
from dex.workspace.orders import around
from dex.workspace.outputs import without_secrets
from dex.workspace.refusal import invalid
from dex.workspace.run_state import JobRun, RepairRun, Settings, TaskRun
from dex.workspace.runner import ENDED, Life, RunEnd, RunOrder, TaskReport
from dex.workspace.updates import of_job

if TYPE_CHECKING:
    from dex.workspace.state import Workspace


class Runs:
    """The runs of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.all: dict[int, JobRun] = {}
        self._tasks: dict[int, tuple[JobRun, TaskRun]] = {}

    def find(self, number: int) -> tuple[JobRun, TaskRun | None]:
        """Return a run, and the attempt of a task where the number is one's; refuse where there is neither."""
        if number in self.all:
            return self.all[number], None
        if number in self._tasks:
            return self._tasks[number]
        raise invalid(f"Run {number} does not exist.")

    def of_job(self, number: int) -> list[JobRun]:
        """Return the runs of a job."""
        return [run for run in self.all.values() if run.job_id == number]

    # -- beginning -----------------------------------------------------------------------------------------------------

    def start(
        self,
        job: Job,
        parameters: Mapping[str, str],
        only: Iterable[str],
        overrides: Settings,
        creator: str,
        above: tuple[int, ...] = (),
    ) -> JobRun:
        """Start a run of a job; where the job runs as often as it may, let it wait or skip it."""
        job.runs += 1
        chosen, named = selected_in(job.settings, only)
        settings = _enabled(job.settings, named)
        values = {**_defaults(settings), **parameters}
        run = self._new(job.number, job.runs, settings, values, frozenset(chosen) or None, overrides)
        run.above, run.given, run.creator = above, dict(parameters), creator
        busy = sum(each.is_active and each.life != "QUEUED" for each in self.of_job(job.number) if each is not run)
        limit = int(job.settings["max_concurrent_runs"])
        if busy < limit:
            self._begin(run)
        elif limit and (job.settings.get("queue") or {}).get("enabled"):
            run.life = "QUEUED"
        else:
            run.life, run.result, run.end = "SKIPPED", "MAXIMUM_CONCURRENT_RUNS_REACHED", now()
            run.message = f"Skipping this run because the limit of {limit} maximum concurrent runs has been reached."
            run.done.set()
        return run

    def submit(self, settings: Settings, creator: str) -> JobRun:
        """Start a run without a job."""
        run = self._new(0, 1, settings, {}, None, {})
        run.creator = creator
        self._begin(run)
        return run

    def _new(
        self,
        job: int,
        count: int,
        settings: Settings,
        parameters: dict[str, str],
        only: frozenset[str] | None,
        overrides: Settings,
    ) -> JobRun:
        run = JobRun(self._workspace.new_id(), job, count, settings, parameters, only, overrides=overrides)
        for task in settings["tasks"]:
            self._attempt(run, task, 0, 0)
        self.all[run.number] = run
        return run

    def _attempt(self, run: JobRun, task: Settings, attempt: int, repair: int) -> TaskRun:
        life: Life = "BLOCKED" if task.get("depends_on") else "PENDING"
        made = TaskRun(self._workspace.new_id(), task, attempt, repair, TaskReport(task["task_key"], life))
        run.tasks.setdefault(task["task_key"], []).append(made)
        self._tasks[made.number] = (run, made)
        return made

    def _begin(self, run: JobRun, finished: Mapping[str, TaskReport] | None = None) -> None:
        workspace = self._workspace
        run.life, run.result, run.message, run.was_asked, run.end = "RUNNING", None, "", False, 0
        run.done.clear()
        work = workspace.folder / "runs" / str(run.number)
        work.mkdir(parents=True, exist_ok=True)
        repair = len(run.repairs)
        order = RunOrder(
            run.number,
            run.job_id,
            run.settings,
            run.parameters,
            workspace.folder / "files",
            work,
            only=frozenset(run.repairs[-1].tasks) if repair else run.only,
            finished=finished or {},
            repair=repair,
            given=run.repairs[-1].parameters if repair else run.given,
            trigger="run_job_task" if run.above else "one_time",
            overrides=run.overrides,
            run_job=partial(self._run_job, run),
            **around(workspace, self._token(run)),
        )
        try:
            run.running = workspace.runner.start(order, _Listener(self, run, repair))
        except Exception as error:  # noqa: BLE001  whatever it is: the run ends, and says why
            self.finish(run, repair, RunEnd("FAILED", f"The run cannot begin: {error}"))

    def _token(self, run: JobRun) -> str:
        """Return the token that the tasks of a run get: that of the job's owner, or of who submitted the run."""
        job = self._workspace.jobs.get(run.job_id)
        return self._workspace.token_of(job.owner if job else run.creator)

    def _run_job(
        self, above: JobRun, number: int, inherited: Mapping[str, str], parameters: Mapping[str, str]
    ) -> tuple[int, RunEnd]:
        """Start another job for a task, and wait for its end; not under the lock.

        Args:
            above: the run that the task is part of.
            number: of the job.
            inherited: parameters of the run above; they go to those of the same name.
            parameters: of the task.

        Raises:
            Refusal: there is no such job.
            JobError: DEX-JOB-07, jobs run each other in a circle, or too deep.
        """
        with self._workspace.lock:
            job = find_job(self._workspace, number)
            way = (*above.above, above.job_id)
            refuse_circle(way, number)
            names = {each["name"] for each in job.settings.get("parameters") or ()}
            passed = {name: value for name, value in inherited.items() if name in names}
            run = self.start(job, {**passed, **parameters}, (), {}, above.creator, way)
        run.done.wait()
        result = run.result
        return run.number, RunEnd(
            "FAILED" if result is None or result == "MAXIMUM_CONCURRENT_RUNS_REACHED" else result, run.message
        )

    # -- going on ------------------------------------------------------------------------------------------------------

    def take(self, run: JobRun, repair: int, report: TaskReport) -> None:
        """Take what a runner tells about a task."""
        with self._workspace.lock:
            if repair != len(run.repairs) or not run.is_active or report.task_key not in run.tasks:
                return
            report = replace(report, output=without_secrets(self._workspace, report.output))
            whole = run.last(report.task_key)
            if report.iteration is not None:
                self._iteration(run, whole, report).take(report)
                return
            if report.attempt > whole.attempt:
                whole = self._attempt(run, whole.task, report.attempt, repair)
            whole.take(report)
            of_job(self._workspace, whole.task, report)

    def _iteration(self, run: JobRun, whole: TaskRun, report: TaskReport) -> TaskRun:
        assert report.iteration is not None
        found = whole.iterations.get(report.iteration)
        if found is None or report.attempt > found.attempt:
            task = (whole.task.get("for_each_task") or {}).get("task") or whole.task
            found = TaskRun(self._workspace.new_id(), task, report.attempt, whole.repair)
            whole.iterations[report.iteration] = found
            self._tasks[found.number] = (run, found)
        return found

    def finish(self, run: JobRun, repair: int, end: RunEnd) -> None:
        """Take how a run ended; let the next one of its job begin."""
        with self._workspace.lock:
            if repair != len(run.repairs) or not run.is_active:
                return
            run.life = self._workspace.failed_life if end.result == "FAILED" else "TERMINATED"
            run.result, run.message, run.end = end.result, end.message, now()
            run.ends.append((run.end, run.life, end.result))
            self._workspace.tables.update(end.tables)
            for attempts in run.tasks.values():
                if attempts[-1].report.life not in ENDED:
                    attempts[-1].take(replace(attempts[-1].report, life="SKIPPED", message="The run has ended."))
            run.done.set()
            waiting = [each for each in self.of_job(run.job_id) if each.life == "QUEUED"]
            if waiting:
                self._begin(waiting[0])

    # -- ending --------------------------------------------------------------------------------------------------------

    def cancel(self, run: JobRun, task: TaskRun | None = None) -> None:
        """Ask a run to end, or one attempt of a task; a run that waits for its turn ends at once."""
        if task is not None:
            key = next((key for key in run.tasks if run.last(key) is task), None)
            if key is not None and task.report.life not in ENDED and run.running is not None:
                run.running.cancel(key)
        elif run.life == "QUEUED":
            run.life, run.result, run.message, run.end = "TERMINATED", "CANCELED", "Run cancelled.", now()
            run.done.set()
        elif run.is_active and run.running is not None:
            run.life = "TERMINATING"
            run.running.cancel()

    def cancel_all(self) -> list[JobRun]:
        """Ask every run to end; return those that were active."""
        active = [run for run in self.all.values() if run.is_active]
        for run in active:
            self.cancel(run)
        return active

    def delete(self, run: JobRun) -> None:
        """Forget a run; refuse while it is active."""
        if run.is_active:
            raise invalid(f"Run {run.number} is active and cannot be deleted.")
        del self.all[run.number]
        self._tasks = {number: found for number, found in self._tasks.items() if found[0] is not run}

    def repair(
        self,
        run: JobRun,
        named: Collection[str],
        parameters: Mapping[str, str],
        latest: int | None,
        *,
        dependents: bool = False,
    ) -> int:
        """Run tasks of an ended run again, as the job has them now; what ended well and is not named stays.

        Args:
            run: the run.
            named: keys of the tasks to run; those that did not end well if empty.
            parameters: of the job, for this repair; without one what the run itself sets holds again.
            latest: id of the last repair, as the client knows it; None for none.
            dependents: with them all that wait for them.

        Returns:
            The id of the repair.
        """
        if run.is_active:
            raise invalid(f"Run {run.number} is active and cannot be repaired.")
        if run.repairs and latest != run.repairs[-1].number:
            raise invalid("The latest repair ID needs to be provided in order to create a new repair.")
        job = self._workspace.jobs.get(run.job_id)
        current = job.settings if job else run.settings
        tasks = chosen(JobSettings.model_validate(current), run.only)
        results = {key: run.last(key).report.result for key in run.tasks}
        try:
            plan = plan_repair(tasks, results, named, dependents=dependents)
        except JobError as error:
            raise invalid(error.what) from None
        again = plan.tasks
        run.repairs.append(RepairRun(self._workspace.new_id(), again, dict(parameters)))
        run.settings = _enabled(current, plan.forced)
        run.parameters = {**_defaults(current), **run.given, **parameters}
        for task in run.settings["tasks"]:
            if task["task_key"] in again:
                self._attempt(run, task, 0, len(run.repairs))
        self._begin(run, {key: run.last(key).report for key in run.tasks if key not in again})
        return run.repairs[-1].number


def selected_in(settings: Settings, only: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the tasks of a job that ``only`` selects, and those of them that it names; refuse others."""
    found, named = selected(JobSettings.model_validate(settings).tasks, only)
    unknown = named - {task["task_key"] for task in settings["tasks"]}
    if unknown:
        raise invalid(f"The job has no task {', '.join(sorted(unknown))}.")
    return found, named


def _defaults(settings: Settings) -> dict[str, str]:
    return {each["name"]: str(each.get("default", "")) for each in settings.get("parameters") or ()}


def _enabled(settings: Settings, keys: Collection[str]) -> Settings:
    """Return a job's settings with tasks that run although they are disabled."""
    tasks = [
        {**each, "disabled": False} if each.get("disabled") and each["task_key"] in keys else each
        for each in settings["tasks"]
    ]
    return {**settings, "tasks": tasks}


class _Listener:
    """Passes what a runner tells to the run; what comes late, after a repair, is dropped."""

    def __init__(self, runs: Runs, run: JobRun, repair: int) -> None:
        self._runs, self._run, self._repair = runs, run, repair

    def task(self, report: TaskReport) -> None:
        self._runs.take(self._run, self._repair, report)

    def ended(self, end: RunEnd) -> None:
        self._runs.finish(self._run, self._repair, end)
