"""Jobs for the page: the bundle's jobs, their graphs and their runs; started, stopped and repaired as processes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dex.bridge import (
    JobParameterView,
    JobReply,
    JobRequest,
    JobRunRequest,
    JobRunView,
    JobsReply,
    JobsRequest,
    JobStarted,
    JobStartRequest,
    JobTaskView,
    JobView,
    TaskLog,
    TaskLogRequest,
    TaskPlace,
    TaskRunView,
)
from dex.redaction import redaction_here
from dex_dbutils import DexError, JobError
from dex_dbutils.config import find_project

from dex_server.events import JobEvents
from dex_server.graphs import below
from dex_server.processes import JobProcess, JobProcesses

if TYPE_CHECKING:
    from dex.jobs import JobRun, JobSettings, Record, TaskRun
    from dex.jobs import Task as JobTask

#: Runs that are looked through for the last ones of each job, and shown of each.
_LOOKED_THROUGH, _SHOWN = 100, 5
#: Characters of a log and of a value that go to a page.
_LOG, _VALUE = 60_000, 200


class Jobs:
    """What a page asks about jobs.

    Args:
        processes: the runs that this server has started.
        events: tells pages what changes later.
        top: the folder that the server shows.
    """

    def __init__(self, processes: JobProcesses, events: JobEvents, top: str) -> None:
        self._processes, self.events, self._top = processes, events, top

    def listed(self, path: Path, _: JobsRequest) -> JobsReply:
        """Return the jobs of the bundle around a notebook; none where there is no bundle."""
        from dex.bundle import read_bundle
        from dex.jobs import bundle_job, records

        project = find_project(path.parent)
        watched = self.events.follow(project)
        if not any((project.root / name).is_file() for name in ("databricks.yml", "databricks.yaml")):
            return JobsReply(project=watched)
        going = self._processes.going(project.root)  # asked first: a record may come meanwhile
        runs: dict[str, list[JobRunView]] = {}
        recorded = records(project, _LOOKED_THROUGH)
        for number in going.keys() - {record.run.id for record in recorded}:
            runs.setdefault(going[number].job, []).append(_pending(number, going[number]))
        for record in recorded:
            kept = runs.setdefault(record.run.key, [])
            if len(kept) < _SHOWN:
                kept.append(self._run(record))
        found = []
        files = read_bundle(project.root)
        for key, job in files.resources("jobs"):
            shown = JobView(key=key, name=job.text("name") or key, runs=runs.get(key, []))
            try:
                shown = shown.model_copy(update={"tasks": len(bundle_job(project, key).tasks)})
            except DexError as error:
                told = redaction_here(project.root).error(error)
                shown = shown.model_copy(update={"problem": f"{told.code}: {told.what}"})
            found.append(shown)
        redact = redaction_here(project.root)
        unreadable = [redact(f"{each.file}, line {each.line}: {each.message}") for each in files.unreadable]
        return JobsReply(project=watched, jobs=found, unreadable=unreadable)

    def shown(self, path: Path, request: JobRequest) -> JobReply:
        """Return the graph of a job, with a run if one is asked for.

        Raises:
            DexError: there is no such job or run, or the run ended before its first task.
        """
        from dex.jobs import bundle_job, read_record

        project = find_project(path.parent)
        starting: str | None = None
        stopped = False
        record: Record | None = None
        if request.run is not None:
            starting = self._processes.last_line(request.run)  # asked first: a record may come meanwhile
            try:
                record = read_record(project, request.run)
            except JobError:
                stopped = self._processes.stopped(request.run)
                if starting is None and not stopped:
                    raise self._processes.failure(request.run) or _no_run(request.run) from None
        settings = bundle_job(project, request.job) if record is None else record.run.settings
        given = record.run.parameters if record is not None else {}
        return JobReply(
            key=request.job,
            parameters=[
                JobParameterView(name=p.name, default=given.get(p.name, p.default)) for p in settings.parameters
            ],
            stages=_stages(settings, record.run if record is not None else None),
            run=self._run(record) if record is not None else None,
            starting=starting if record is None else None,
            stopped=stopped,
            problem=_problem(self._processes, request.run) if record is not None else None,
        )

    def start(self, path: Path, request: JobStartRequest) -> JobStarted:
        """Start a run of a job.

        Raises:
            DexError: there is no such job, or it is not sound.
        """
        from dex.jobs import bundle_job, new_number

        project = find_project(path.parent)
        bundle_job(project, request.job)
        number = new_number()
        given = [word for name, value in request.parameters.items() for word in ("-p", f"{name}={value}")]
        self._processes.start(project, request.job, number, ["run", f"--number={number}", *given, "--", request.job])
        return JobStarted(run=number)

    def repair(self, path: Path, request: JobRunRequest) -> JobStarted:
        """Run again what a run did not finish.

        Raises:
            JobError: there is no such run, or it is still going.
        """
        from dex.jobs import read_record

        project = find_project(path.parent)
        record = read_record(project, request.run)
        if record.alive or self._processes.alive(request.run):  # a process that has begun, and has not got so far
            raise record.still_going()
        self._processes.start(project, record.run.key, request.run, ["repair", str(request.run)])
        return JobStarted(run=request.run)

    def stop(self, path: Path, request: JobRunRequest) -> JobStarted:
        """Stop a run, wherever it was started, and return when its tasks have ended.

        Raises:
            JobError: there is no such run, it does not go on, or it has not ended in time.
        """
        from dex.jobs import stop_run

        if self._processes.alive(request.run):
            self._processes.stop(request.run)
        else:
            stop_run(find_project(path.parent), request.run)
        return JobStarted(run=request.run)

    def log(self, path: Path, request: TaskLogRequest) -> TaskLog:
        """Return what the last attempt of a task printed, and where in a notebook it failed.

        Raises:
            JobError: there is no such run or task.
        """
        from dex.jobs import failed_at, log_file, read_log

        project = find_project(path.parent)
        task, text = read_log(project, request.run, request.task)
        if task.log is not None:
            self.events.follow_log(project, request.run, log_file(project, request.run, task))
        places = [
            TaskPlace(
                path=below(self._top, each.notebook),
                notebook=os.path.relpath(each.notebook, project.root).replace(os.sep, "/"),
                cell=each.cell,
                line=each.line,
            )
            for each in failed_at(project, task, text)
        ]
        return TaskLog(task=request.task, text=text[-_LOG:], cut=len(text) > _LOG, places=places)

    def _run(self, record: Record) -> JobRunView:
        from dex.jobs import is_unfinished, now

        run, alive = record.run, record.alive
        ours = self._processes.alive(run.id)
        going = alive or ours
        end = run.ended or (now() if going else None)
        return JobRunView(
            run=run.id,
            status="RUNNING" if going else run.result or "UNFINISHED",
            environment=run.environment,
            started=run.started.isoformat(),
            seconds=(end - run.started).total_seconds() if end else None,
            ours=ours,
            repairable=not going and is_unfinished(run),
        )


def _pending(number: int, process: JobProcess) -> JobRunView:
    """Return a run whose tasks wait for something to be ready, such as the engine."""
    return JobRunView(run=number, status="PENDING", environment="", started=process.began.isoformat(), ours=True)


def _problem(processes: JobProcesses, number: int | None) -> str | None:
    """Return why a repair was refused."""
    error = processes.failure(number) if number is not None else None
    return f"{error.code}: {error.what}" if error is not None and error.code != "DEX-SERVER-05" else None


def _no_run(number: int) -> DexError:
    return JobError("DEX-JOB-05", f"There is no run {number} of a job.", None, "List them: dex job runs.")


def _stages(settings: JobSettings, run: JobRun | None) -> list[list[JobTaskView]]:
    from dex.jobs import stages_of

    tasks = {task.task_key: task for task in settings.tasks}
    return [[_task(tasks[key], run) for key in keys] for keys in stages_of(settings.tasks)]


def _task(task: JobTask, run: JobRun | None) -> JobTaskView:
    from dex.jobs import after_of, items_of, what_of

    known = run.tasks.get(task.task_key) if run is not None else None
    items, count = items_of(run, task.task_key) if run is not None else ([], 0)
    return JobTaskView(
        **(_state(known) if known is not None else TaskRunView(key=task.task_key)).model_dump(),
        what=what_of(task),
        needs=[each.task_key for each in task.depends_on],
        after=after_of(task),
        run_if=None if task.run_if == "ALL_SUCCESS" else task.run_if,
        items=[_state(each) for each in items],
        item_count=count,
    )


def _state(task: TaskRun) -> TaskRunView:
    from dex.jobs import now

    ran = task.started is not None and task.attempt > 0
    value = f"run {task.value}" if task.value is not None and task.kind == "run_job_task" else task.value
    seconds = ((task.ended or now()) - task.started).total_seconds() if ran and task.started else None
    return TaskRunView(
        key=task.key,
        status=task.result or task.state,
        attempt=task.attempt,
        seconds=seconds,
        value=value[:_VALUE] if value is not None else None,
        error=task.error.splitlines()[0] if task.error else None,
    )
