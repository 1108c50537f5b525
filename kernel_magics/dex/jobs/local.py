"""The jobs of a project's bundle, run on this machine: from a job's key to its run, from a run's number to its repair."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Collection, Container, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from dex_agents.redaction import redaction_for
from dex_dbutils import Environment, JobError, Where
from dex_dbutils.config import Project, load_environment
from filelock import BaseFileLock
from pydantic import ValidationError

from dex.bundle import Bundle, bundle_here
from dex.engines import engine_for
from dex.export import cores
from dex.jobs.flow import GOOD, chosen, selected
from dex.jobs.models import JobSettings
from dex.jobs.records import JobRun, Record, new_record, read_record
from dex.jobs.refusals import refusals
from dex.jobs.repairing import begin_repair, plan_repair, with_enabled
from dex.jobs.running import Runner, Watch
from dex.jobs.turns import free_turn, next_turn
from dex.jobs.work import Workshop
from dex.ledger import record as note

T = TypeVar("T")


def run_jobs(
    project: Project,
    keys: Sequence[str],
    *,
    environment: str | None = None,
    target: str | None = None,
    parameters: Mapping[str, str] | None = None,
    only: Iterable[str] = (),
    start_from: Iterable[str] = (),
    processes: int | None = None,
    watch: Watch | None = None,
    progress: Callable[[str], None] | None = None,
    number: int | None = None,
) -> list[JobRun]:
    """Run jobs of the project's bundle on this machine, all at once, and return their runs as they ended.

    Args:
        project: whose ``databricks.yml`` has the jobs.
        keys: keys or names of jobs.
        environment: environment that their tasks work in; the project's default if not given.
        target: target of the bundle; that of the environment's name if there is one, else the default one.
        parameters: values of the jobs' parameters, instead of their defaults.
        only: tasks to run, all if empty; ``+key`` with all that it waits for, ``key+`` with all that wait for it.
        start_from: tasks to run with all that wait for them.
        processes: tasks at a time over all jobs; as many as there are processors, two at least, if not given.
        watch: told of every change.
        progress: told of what happens before the first task.
        number: of the run of the first job, for whoever wants to follow it; new ones if not given.

    Raises:
        BundleError: there is no bundle, no such job or no such target.
        JobError: DEX-JOB-01, the job's settings are not sound; -09, it has no such task; -10, no such parameter; -14, as
            many runs of it go on as may.
        EngineError: the environment's engine cannot be had.
        KeyboardInterrupt: it was interrupted; every task has ended, and the runs can be repaired.
    """
    env = load_environment(environment, start=project.root)
    bundle = bundle_here(project.root, env.name, target)
    only, start_from, given = list(only), list(start_from), dict(parameters or {})
    begun: list[tuple[str, JobSettings, dict[str, str], list[str] | None]] = []
    for key in keys:
        job, settings = settings_of(bundle, key)
        tasks = _chosen(settings, job, only, start_from)
        forced = selected(settings.tasks, only)[1]
        begun.append((job, with_enabled(settings, forced), _parameters(settings, job, given), tasks))
    _start_engine(env, progress)

    async def one(runner: Runner, at: int, turn: BaseFileLock | None) -> JobRun:
        key, settings, values, tasks = begun[at]
        turn = turn or await next_turn(project, key, settings, target or env.name, progress)
        try:
            return await _kept(
                runner,
                new_record(
                    project, key, settings, values, env.name, tasks, None if at else number, given=given, target=target
                ),
            )
        finally:
            turn.release()

    async def all_of_them(runner: Runner) -> list[JobRun]:
        turns: list[BaseFileLock | None] = []
        try:
            for key, settings, *_ in begun:  # what may not run is refused before anything runs
                queued = settings.queue.enabled
                turns.append(None if queued else await next_turn(project, key, settings, target or env.name))
        except BaseException:
            for turn in filter(None, turns):
                turn.release()
            raise
        return list(await asyncio.gather(*(one(runner, at, turn) for at, turn in enumerate(turns))))

    return _interruptible(all_of_them(_runner(project, env, bundle, processes, watch)))


def repair_run(
    project: Project,
    number: int | str,
    *,
    tasks: Collection[str] = (),
    dependents: bool = False,
    parameters: Mapping[str, str] | None = None,
    processes: int | None = None,
    watch: Watch | None = None,
) -> JobRun:
    """Run tasks of a run again, in the same run and as the bundle has them now, and return the run.

    Args:
        project: whose run it is.
        number: the run.
        tasks: the tasks to run again; those that did not end well if empty.
        dependents: with them all that wait for them, also what ended well.
        parameters: values of the job's parameters; without one the run's own holds again.
        processes: tasks at a time.
        watch: told of every change.

    Raises:
        BundleError: there is no bundle, or it has no such job any more.
        JobError: DEX-JOB-05, there is no such run; -08, it is still going, or there is nothing to repair; -01, the job's
            settings are not sound; -09, it has no such task; -10, no such parameter.
        EngineError: the environment's engine cannot be had.
        KeyboardInterrupt: it was interrupted; it can be repaired again.
    """
    record = read_record(project, number)
    if record.alive:
        raise record.still_going()
    run = record.run
    env = load_environment(run.environment, start=project.root)
    bundle = bundle_here(project.root, env.name, run.target)
    _, settings = settings_of(bundle, run.key)
    results = {key: task.result for key, task in run.tasks.items() if "[" not in key}
    repair = plan_repair(chosen(settings, run.only), results, tasks, dependents=dependents)
    own = {**(run.parameters if run.given is None else run.given), **(parameters or {})}
    values = _parameters(settings, run.key, own, lost=run.parameters)
    _start_engine(env, None)
    with record.held():
        if read_record(project, number).run != run:
            raise JobError(
                "DEX-JOB-08",
                f"The run {number} was repaired by somebody else meanwhile.",
                record.folder,
                f"Look at what it came to (dex job show {number}), then repair it again if something is left.",
            )
        begin_repair(record, repair.tasks, with_enabled(settings, repair.forced), values, parameters or {})
    turn = free_turn(project, run.key, settings, run.target or env.name)  # without one it goes on all the same
    try:
        return _interruptible(_kept(_runner(project, env, bundle, processes, watch), record))
    finally:
        if turn is not None:
            turn.release()


def bundle_job(project: Project, key: str) -> JobSettings:
    """Return the settings of a job of the project's bundle, as `run_jobs` would run it in the default environment.

    Args:
        project: whose ``databricks.yml`` has the job.
        key: its key or its name.

    Raises:
        BundleError: there is no bundle or no such job.
        JobError: DEX-JOB-01, its settings are not sound.
    """
    environment = load_environment(start=project.root).name
    return settings_of(bundle_here(project.root, environment), key)[1]


def settings_of(bundle: Bundle, key: str) -> tuple[str, JobSettings]:
    """Return a job's key and its settings.

    Raises:
        BundleError: DEX-BUNDLE-30, there is no such job.
        JobError: DEX-JOB-01, its settings are not sound.
    """
    data = bundle.job(key)
    key = next((name for name, job in bundle.resources("jobs") if name == key or job.text("name") == key), key)
    try:
        settings = JobSettings.model_validate(data)
        found = [each.message for each in refusals(settings)]
    except ValidationError as error:
        found = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    if found:
        raise JobError(
            "DEX-JOB-01",
            f"The job '{key}' is not sound: {' '.join(found[:5])}",
            Where(str(bundle.root / "databricks.yml")),
            "Mend it; `dex bundle validate` shows file, line and column.",
        )
    return key, settings


def processors() -> int:
    """Return how many tasks run at a time where nobody says."""
    return max(2, cores())


def _runner(project: Project, env: Environment, bundle: Bundle, processes: int | None, watch: Watch | None) -> Runner:
    pipelines = {key: bundle.pipeline(key) for key, _ in bundle.resources("pipelines")}

    def shop(record: Record) -> Workshop:
        return Workshop(project, bundle.root, record.run.environment, record.folder, pipelines)

    return Runner(
        shop,
        lambda name: settings_of(bundle, job_key(name)),
        processes or processors(),
        watch,
        redaction_for(project, env),
    )


async def _kept(runner: Runner, record: Record) -> JobRun:
    """Run what a record still has to do, tell the ledger, and return the run."""
    try:
        return await runner.run(record)
    finally:
        _tell_ledger(runner.project_of(record), record.run)


def _interruptible(work: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns; a SIGTERM ends it as an interrupt does.

    Raises:
        KeyboardInterrupt: it was interrupted, and has cleaned up.
    """

    async def main() -> T:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        signals: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)
        try:
            for each in signals:
                loop.add_signal_handler(each, task.cancel)
        except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
            signals = ()
        try:
            return await task
        finally:
            for each in signals:
                loop.remove_signal_handler(each)

    try:
        return asyncio.run(main())
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error


def job_key(name: str) -> str:
    """Return the key in ``${resources.jobs.KEY.id}``: what an unresolved id of a bundle's own job looks like."""
    inside = name.removeprefix("${resources.jobs.").removesuffix(".id}")
    return inside if name.startswith("${resources.jobs.") else name


def _parameters(settings: JobSettings, job: str, given: Mapping[str, str], lost: Container[str] = ()) -> dict[str, str]:
    """Return the values of a job's parameters; names in ``lost`` may be the job's no more, and are left out."""
    known = {parameter.name: parameter.default for parameter in settings.parameters}
    given = {name: value for name, value in given.items() if name in known or name not in lost}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise JobError(
            "DEX-JOB-10",
            f"The job '{job}' has no parameter '{unknown[0]}'.",
            remedy=f"It has: {', '.join(known) or 'none'}.",
        )
    return {**known, **given}


def _chosen(settings: JobSettings, job: str, only: Iterable[str], start_from: Iterable[str]) -> list[str] | None:
    keys = [task.task_key for task in settings.tasks]
    words = [*only, *(f"{key}+" for key in start_from)]
    found, named = selected(settings.tasks, words)
    unknown = sorted(named.difference(keys))
    if unknown:
        raise JobError(
            "DEX-JOB-09", f"The job '{job}' has no task '{unknown[0]}'.", remedy=f"It has: {', '.join(keys)}."
        )
    return [key for key in keys if key in found] if words else None


def _start_engine(env: Environment, progress: Callable[[str], None] | None) -> None:
    """Start the engine once, before the tasks would all try to."""
    if env.kind == "local":
        engine_for(env).start(progress)


def _tell_ledger(project: Project, run: JobRun) -> None:
    tasks = {key: task.result for key, task in run.tasks.items()}
    seconds = (run.ended - run.started).total_seconds() if run.ended else None
    note(
        project,
        kind="job",
        environment=run.environment,
        status=(run.result or "unfinished").lower(),
        summary=f"{run.key}: {sum(result in GOOD for result in tasks.values())} of {len(tasks)} tasks ended well",
        details={"run": run.id, "tasks": tasks, "repairs": run.repairs},
        seconds=seconds,
    )
