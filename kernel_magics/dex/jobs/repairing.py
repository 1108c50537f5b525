"""What a repair of a run does: the tasks that run again, as the job has them now.

Sources: ``repair_run`` in the vendor's open SDK, and the platform's pages on repairing runs and on disabled tasks. What
happens to tasks that a job has lost or gained since is nowhere said; ``docs/jobs.md`` marks it so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dex_dbutils import JobError

from dex.jobs.flow import GOOD, NOT_RUN, Result, chosen, downstream, upstream
from dex.jobs.models import JobSettings, Task
from dex.jobs.records import JobRun, Record, RepairHistoryItem, now


@dataclass(frozen=True)
class Repair:
    """Which tasks a repair runs.

    Attributes:
        tasks: keys of the tasks that run again, in the job's order.
        forced: those of them that run although they are disabled.
    """

    tasks: tuple[str, ...]
    forced: frozenset[str]


def plan_repair(
    tasks: Collection[Task],
    results: Mapping[str, Result | None],
    named: Collection[str] = (),
    *,
    dependents: bool = False,
) -> Repair:
    """Return what a repair runs.

    Args:
        tasks: those that the run has to do, as the job has them now.
        results: what the tasks of the run came to; None for those that did not end.
        named: the tasks to run again, whatever they came to; those that did not end well if empty.
        dependents: with them all that wait for them, also what ended well.

    Raises:
        JobError: DEX-JOB-09, a task that is named is not the job's; -08, nothing is left to run.
    """
    keys = [task.task_key for task in tasks]
    unknown = [key for key in named if key not in keys]
    if unknown:
        raise JobError(
            "DEX-JOB-09", f"The job has no task '{unknown[0]}' to run again.", remedy=f"It has: {', '.join(keys)}."
        )
    gained = {key for key in keys if key not in results}
    failed = {key for key in keys if key not in gained and results[key] not in GOOD | NOT_RUN}
    forced = set(named) or failed
    again = set(named) or failed | gained
    if dependents:
        again |= downstream(tasks, again)
    again |= upstream(tasks, again) & gained
    if not again:
        raise JobError("DEX-JOB-08", "There are no tasks to run again: all of them ended well.", remedy="Run the job.")
    return Repair(tuple(key for key in keys if key in again), frozenset(forced))


def is_unfinished(run: JobRun) -> bool:
    """Return whether a repair of a run has something to do, as far as the run itself tells."""
    wanted = {task.task_key for task in chosen(run.settings, run.only)}
    return any(run.tasks[key].result not in GOOD | NOT_RUN for key in wanted if key in run.tasks)


def with_enabled(settings: JobSettings, keys: Collection[str]) -> JobSettings:
    """Return a job's settings with tasks that run although they are disabled."""
    tasks = [
        task.model_copy(update={"disabled": False}) if task.disabled and task.task_key in keys else task
        for task in settings.tasks
    ]
    return settings.model_copy(update={"tasks": tasks})


def begin_repair(
    record: Record,
    again: Collection[str],
    settings: JobSettings,
    parameters: dict[str, str],
    given: Mapping[str, str],
) -> None:
    """Make a run ready to go on.

    Args:
        record: of the run.
        again: keys of the tasks that run again.
        settings: of the job, as the run goes on with them.
        parameters: of the job, as the run goes on with them.
        given: those of them that were given for this repair.
    """
    run = record.run
    history = run.history or [_original(run)]
    results = {key: task.result for key, task in run.tasks.items()}
    for key, result in results.items():
        whole = key.partition("[")[0]
        if whole in again and (key == whole or result not in GOOD or results[whole] in GOOD):
            record.task(key, state="BLOCKED", result=None, error=None, value=None)
        elif result is None and (run.only is None or whole in run.only):
            record.task(key, state="TERMINATED", result="CANCELED")
    for task_now in settings.tasks:
        if task_now.task_key not in run.tasks:
            record.task(task_now.task_key, kind="".join(task_now.kinds[:1]))
    begun = RepairHistoryItem(type="REPAIR", tasks=list(again), parameters=dict(given), started=now())
    record.change(
        result=None,
        ended=None,
        repairs=run.repairs + 1,
        settings=settings,
        parameters=parameters,
        history=[*history, begun],
    )


def _original(run: JobRun) -> RepairHistoryItem:
    keys = [key for key in run.tasks if "[" not in key and (run.only is None or key in run.only)]
    return RepairHistoryItem(
        type="ORIGINAL",
        tasks=keys,
        parameters=dict(run.parameters if run.given is None else run.given),
        started=run.started,
        ended=run.ended,
        result=run.result,
    )
