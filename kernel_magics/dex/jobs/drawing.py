"""The graph of a job as its settings say it: stages, a text for terminals, a Mermaid flowchart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dex.graph import mermaid_ids, mermaid_text, stages_in, tree_text
from dex.jobs.local import job_key
from dex.jobs.models import JobSettings, Task

_SIGNS = {
    "EQUAL_TO": "==",
    "NOT_EQUAL": "!=",
    "GREATER_THAN": ">",
    "GREATER_THAN_OR_EQUAL": ">=",
    "LESS_THAN": "<",
    "LESS_THAN_OR_EQUAL": "<=",
}


def stages_of(tasks: Sequence[Task]) -> list[list[str]]:
    """Return the keys of tasks by stage: a task stands one stage below the last that it depends on."""
    return stages_in({task.task_key: [each.task_key for each in task.depends_on] for task in tasks})


def what_of(task: Task) -> str:
    """Return in a line what a task does: its type, and the file, entry point, job or comparison."""
    kind = "".join(task.kinds[:1])
    word = kind.removesuffix("_task").removeprefix("spark_").replace("_", " ")
    if task.condition_task is not None:
        it = task.condition_task
        return f"{word}: {it.left} {_SIGNS[it.op]} {it.right}"
    if task.for_each_task is not None:
        return f"{word} of {task.for_each_task.inputs}: {what_of(task.for_each_task.task)}"
    given: Any = getattr(task, kind, None)
    told = ""
    if kind == "notebook_task":
        told = given.notebook_path
    elif kind == "python_wheel_task":
        told = f"{given.package_name}, {given.entry_point}"
    elif kind == "spark_python_task":
        told = given.python_file
    elif kind == "sql_task" and given.file is not None:
        told = given.file.path
    elif kind == "pipeline_task":
        told = given.pipeline_id
    elif kind == "run_job_task":
        told = job_key(str(given.job_id))
    return f"{word}: {told}" if told else word


def after_of(task: Task) -> list[str]:
    """Return what a task waits for, a condition's with the outcome that it wants."""
    return [each.task_key + (f" is {each.outcome}" if each.outcome else "") for each in task.depends_on]


def graph_text(settings: JobSettings, width: int) -> str:
    """Return the graph of a job as a tree of stages, with what each task does and waits for.

    Args:
        settings: the job.
        width: columns of the terminal; longer lines go on below their beginning.
    """
    leaves: dict[str, list[str]] = {}
    for task in settings.tasks:
        rule = "" if task.run_if == "ALL_SUCCESS" else f"  if {task.run_if}"
        waits = [f"after  {', '.join(after_of(task))}{rule}"] if task.depends_on else []
        leaves[task.task_key] = [
            f"{task.task_key}  ({what_of(task)}{', disabled' if task.disabled else ''})",
            *waits,
        ]
    return tree_text(f"{settings.name}: ", stages_of(settings.tasks), leaves, width)


def graph_mermaid(settings: JobSettings) -> str:
    """Return the graph of a job as a Mermaid flowchart; the outcomes of conditions stand on the arrows."""
    lines = ["flowchart LR"]
    keys = [key for task in settings.tasks for key in (task.task_key, *(each.task_key for each in task.depends_on))]
    ids = mermaid_ids(dict.fromkeys(keys))
    for task in settings.tasks:
        shape = ('{"', '"}') if task.condition_task is not None else ('["', '"]')
        lines.append(f"  {ids[task.task_key]}{shape[0]}{mermaid_text(task.task_key)}{shape[1]}")
    for task in settings.tasks:
        for each in task.depends_on:
            arrow = f"-- {each.outcome} -->" if each.outcome else "-->"
            lines.append(f"  {ids[each.task_key]} {arrow} {ids[task.task_key]}")
    return "\n".join(lines)
