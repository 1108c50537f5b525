"""When a task of a job runs, and what a job comes to: the platform's rules, without a process or a clock.

Sources: the descriptions of ``RunIf``, ``RunResultState`` and ``ConditionTaskOp`` in the vendor's open SDK, and the
pages on task dependencies, on disabled tasks and on job run status. ``docs/jobs.md`` says which rules are known and which are assumed.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Literal

from dex_dbutils import JobError

from dex.jobs.models import ConditionTask, JobSettings, Task

#: Jobs that may stand inside each other through run-job tasks, as on the platform.
DEEPEST = 3
Result = Literal[
    "SUCCESS",
    "SUCCESS_WITH_FAILURES",
    "FAILED",
    "TIMEDOUT",
    "CANCELED",
    "EXCLUDED",
    "DISABLED",
    "UPSTREAM_FAILED",
    "UPSTREAM_CANCELED",
]
Decision = Literal["wait", "run", "EXCLUDED", "DISABLED", "UPSTREAM_FAILED", "UPSTREAM_CANCELED"]

GOOD = frozenset({"SUCCESS", "SUCCESS_WITH_FAILURES"})
BAD = frozenset({"FAILED", "TIMEDOUT", "UPSTREAM_FAILED"})
STOPPED = frozenset({"CANCELED", "UPSTREAM_CANCELED"})
NOT_RUN = frozenset({"EXCLUDED", "DISABLED"})
NEVER_BEGUN = NOT_RUN | {"UPSTREAM_FAILED", "UPSTREAM_CANCELED"}

_SIZES = {
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_OR_EQUAL": operator.ge,
    "LESS_THAN": operator.lt,
    "LESS_THAN_OR_EQUAL": operator.le,
}


def decide(task: Task, results: Mapping[str, Result], outcomes: Mapping[str, str]) -> Decision:
    """Return whether a task runs now, has to wait, or will not run and what it then comes to.

    Args:
        task: the task.
        results: what the tasks that have ended came to, by key.
        outcomes: ``"true"`` or ``"false"`` of the condition tasks that have ended, by key.
    """
    if any(dependency.task_key not in results for dependency in task.depends_on):
        return "wait"
    if task.disabled:
        return "DISABLED"
    if not task.depends_on:
        return "run"
    before = [
        "EXCLUDED"  # the other branch of a condition
        if d.outcome is not None and results[d.task_key] in GOOD and outcomes.get(d.task_key) != d.outcome
        else results[d.task_key]
        for d in task.depends_on
    ]
    good, bad, stopped = (sum(result in kind for result in before) for kind in (GOOD, BAD, STOPPED))
    excluded, disabled = before.count("EXCLUDED"), before.count("DISABLED")
    if excluded == len(before):
        return "EXCLUDED"  # whatever `run_if` says
    met = {
        "ALL_SUCCESS": good == len(before),
        "AT_LEAST_ONE_SUCCESS": good > 0,
        "NONE_FAILED": not bad and not stopped and good + excluded > 0,
        "ALL_DONE": True,
        "AT_LEAST_ONE_FAILED": bad + stopped > 0,
        "ALL_FAILED": bad + stopped == len(before),
    }[task.run_if]
    if met:
        return "run"
    if disabled == len(before) or (disabled and task.run_if in ("ALL_SUCCESS", "ALL_FAILED")):
        return "DISABLED"  # whatever the others come to, it could not run
    if task.run_if in ("AT_LEAST_ONE_FAILED", "ALL_FAILED") or not (bad or stopped):
        return "EXCLUDED"
    return "UPSTREAM_FAILED" if bad else "UPSTREAM_CANCELED"


def job_result(tasks: Iterable[Task], results: Mapping[str, Result]) -> Result:
    """Return what a job comes to when all of its tasks have ended: its last tasks decide.

    A task that nothing depends on and that failed fails the job; failures before tasks that then ran well make it
    ``SUCCESS_WITH_FAILURES``.
    """
    tasks = list(tasks)
    needed = {dependency.task_key for task in tasks for dependency in task.depends_on}
    last = [results[task.task_key] for task in tasks if task.task_key not in needed]
    if any(result in BAD for result in last):
        return "FAILED"
    if any(result in STOPPED for result in last):
        return "CANCELED"
    return "SUCCESS_WITH_FAILURES" if any(result in BAD for result in results.values()) else "SUCCESS"


def compare(condition: ConditionTask) -> bool:
    """Return what a condition comes to, its operands filled in.

    Equality compares texts, so ``12.0`` is not ``12``; the comparisons of size compare numbers.

    Raises:
        JobError: DEX-JOB-04, an operand of a comparison of size is no number.
    """
    if condition.op in ("EQUAL_TO", "NOT_EQUAL"):
        return (condition.left == condition.right) is (condition.op == "EQUAL_TO")
    try:
        left, right = Decimal(condition.left), Decimal(condition.right)
        return bool(_SIZES[condition.op](left, right))
    except InvalidOperation as error:
        raise JobError(
            "DEX-JOB-04",
            f"{condition.op} compares numbers, and one of {condition.left!r} and {condition.right!r} is none.",
            remedy="Compare texts with EQUAL_TO or NOT_EQUAL, or hand on a number.",
        ) from error


def chosen(settings: JobSettings, only: Collection[str] | None) -> list[Task]:
    """Return the tasks that a run has to do; they wait only for each other."""
    if only is None:
        return settings.tasks
    return [
        task.model_copy(update={"depends_on": [d for d in task.depends_on if d.task_key in only]})
        for task in settings.tasks
        if task.task_key in only
    ]


def refuse_circle(above: Collection[object], job: object) -> None:
    """Raise where a run-job task may not run a job.

    Args:
        above: the jobs whose run-job tasks led here, by key or by number.
        job: the job that is to run.

    Raises:
        JobError: DEX-JOB-07, jobs run each other in a circle or too deep.
    """
    if job in above or len(above) >= DEEPEST:
        way = " -> ".join(map(str, [*above, job]))
        raise JobError(
            "DEX-JOB-07",
            f"Jobs run each other in a circle, or more than {DEEPEST} deep: {way}.",
            remedy="Take one of the run-job tasks away.",
        )


def downstream(tasks: Iterable[Task], keys: Iterable[str]) -> set[str]:
    """Return tasks and all that wait for them, directly or not."""
    found = set(keys)
    tasks = list(tasks)
    while True:
        more = {t.task_key for t in tasks if t.task_key not in found and found & {d.task_key for d in t.depends_on}}
        if not more:
            return found
        found |= more


def upstream(tasks: Iterable[Task], keys: Iterable[str]) -> set[str]:
    """Return tasks and all that they wait for, directly or not."""
    before = {task.task_key: {d.task_key for d in task.depends_on} for task in tasks}
    found: set[str] = set()
    left = set(keys)
    while left:
        found |= left
        left = {name for key in left for name in before.get(key, ())} - found
    return found


def selected(tasks: Iterable[Task], only: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the tasks that ``only`` of a run selects, and those of them that it names.

    ``+key`` is the task with all that it waits for, ``key+`` with all that wait for it, ``+key+`` both. A disabled task
    runs where it is named itself; where a ``+`` brings it along it stays disabled. Source: ``run-now`` in the vendor's open SDK, and the page
    on disabled tasks.
    """
    tasks = list(tasks)
    found: set[str] = set()
    named: set[str] = set()
    for word in only:
        key = word.removeprefix("+").removesuffix("+")
        named.add(key)
        found.add(key)
        found |= upstream(tasks, [key]) if word.startswith("+") else set()
        found |= downstream(tasks, [key]) if word.endswith("+") else set()
    return found, named
