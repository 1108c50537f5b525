"""What the platform refuses in a job's settings before it makes the job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from dex.bundle import LONGEST_INPUTS, MOST_AT_ONCE, TASK_KEY, references_in, wrong_reference
from dex.jobs.models import JobSettings, Task

#: Work that needs Python from somewhere: an environment or a cluster.
_NEEDS_COMPUTE = ("python_wheel_task", "spark_python_task")


@dataclass(frozen=True)
class SettingsRefusal:
    """Why a job is not made.

    Attributes:
        task: key of the task; None where the whole job is meant.
        field: the field that is in the way.
        message: what is in the way.
    """

    task: str | None
    field: str
    message: str


def refusals(settings: JobSettings) -> list[SettingsRefusal]:
    """Return why a job cannot be made of its settings; nothing where it can."""
    found: list[SettingsRefusal] = []
    keys = Counter(task.task_key for task in settings.tasks)
    if not settings.tasks:
        found.append(SettingsRefusal(None, "tasks", "The job has no tasks."))
    found += [
        SettingsRefusal(key, "task_key", f"Two tasks have the key '{key}'.") for key, count in keys.items() if count > 1
    ]
    environments = {each.environment_key for each in settings.environments}
    clusters = {each.job_cluster_key for each in settings.job_clusters}
    found += _references(None, "parameters", [each.default for each in settings.parameters])
    for task in settings.tasks:
        if not TASK_KEY.fullmatch(task.task_key):
            said = f"'{task.task_key}' is no task key: letters, digits, `-` and `_`, at most 100."
            found.append(SettingsRefusal(task.task_key, "task_key", said))
        found += _type(task, task.task_key)
        if task.for_each_task is not None:
            found += _loop(task)
            found += _compute(task.for_each_task.task, task.task_key, environments, clusters)
        found += _references(task.task_key, "task", task.model_dump(exclude_unset=True))
        found += _compute(task, task.task_key, environments, clusters)
        for dependency in task.depends_on:
            if dependency.task_key == task.task_key:
                found.append(SettingsRefusal(task.task_key, "depends_on", f"'{task.task_key}' depends on itself."))
            elif dependency.task_key not in keys:
                said = f"'{task.task_key}' depends on '{dependency.task_key}', which is no task of the job."
                found.append(SettingsRefusal(task.task_key, "depends_on", said))
    waits = {
        t.task_key: {d.task_key for d in t.depends_on if d.task_key != t.task_key} & keys.keys() for t in settings.tasks
    }
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        way = list(reversed(error.args[1]))
        found.append(SettingsRefusal(way[0], "depends_on", f"Tasks wait for each other: {' -> '.join(way)}."))
    return found


def _type(task: Task, key: str) -> Iterator[SettingsRefusal]:
    kinds = task.kinds
    if len(kinds) != 1:
        said = f"has {len(kinds)} types: {', '.join(sorted(kinds))}" if kinds else "has no type"
        yield SettingsRefusal(key, "task", f"Task '{task.task_key}' {said}.")


def _loop(task: Task) -> Iterator[SettingsRefusal]:
    loop, key = task.for_each_task, task.task_key
    assert loop is not None
    yield from _type(loop.task, key)
    if loop.task.for_each_task is not None:
        yield SettingsRefusal(key, "for_each_task", f"The task of loop '{key}' is a loop itself, which is not taken.")
    if not 1 <= loop.concurrency <= MOST_AT_ONCE:
        said = f"`concurrency` of loop '{key}' is between 1 and {MOST_AT_ONCE}, not {loop.concurrency}."
        yield SettingsRefusal(key, "concurrency", said)
    if len(loop.inputs) > LONGEST_INPUTS:
        said = (
            f"The inputs of loop '{key}' have {len(loop.inputs):,} signs, more than {LONGEST_INPUTS:,}: hand them on."
        )
        yield SettingsRefusal(key, "inputs", said)


def _references(task: str | None, field: str, value: Any) -> Iterator[SettingsRefusal]:
    """Yield every ``{{...}}`` that begins as the platform knows it and goes on as it does not."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for entry in value:
            yield from _references(task, field, entry)
    if isinstance(value, str):
        for written, words in references_in(value):
            wrong = wrong_reference(words)
            if wrong is not None:
                there = f" There are: {', '.join(wrong.known)}." if wrong.known else ""
                yield SettingsRefusal(task, field, f"{written} names nothing.{there}")


def _compute(task: Task, key: str, environments: set[str], clusters: set[str]) -> Iterator[SettingsRefusal]:
    on = [
        name
        for name in ("environment_key", "job_cluster_key", "existing_cluster_id", "new_cluster")
        if getattr(task, name)
    ]
    if task.environment_key is not None and task.environment_key not in environments:
        said = f"The job has no environment '{task.environment_key}'."
        yield SettingsRefusal(key, "environment_key", said)
    if task.job_cluster_key is not None and task.job_cluster_key not in clusters:
        yield SettingsRefusal(key, "job_cluster_key", f"The job has no cluster '{task.job_cluster_key}'.")
    if len(on) > 1:
        yield SettingsRefusal(key, on[1], f"Task '{task.task_key}' runs on one of {', '.join(on)}, not on several.")
    if not on and any(kind in _NEEDS_COMPUTE for kind in task.kinds):
        yield SettingsRefusal(key, "environment_key", f"Task '{task.task_key}' does not say what it runs on.")
    if task.environment_key is not None and task.libraries:
        yield SettingsRefusal(
            key, "libraries", "A serverless task takes no libraries; its environment has dependencies."
        )
