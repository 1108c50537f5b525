"""What makes a job run: its tasks, what they depend on, what they run on, what they are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from dex.bundle.compute import check_compute, check_job_compute
from dex.bundle.effective import Bundle
from dex.bundle.fields import api, fields_of
from dex.bundle.libraries import check_wheel_task
from dex.bundle.models import Finding
from dex.bundle.notifications import check_notifications
from dex.bundle.paths import check_files
from dex.bundle.schedules import check_schedule
from dex.bundle.steps import check_steps
from dex.bundle.suggest import nearest
from dex.bundle.tree import At


def check_job(bundle: Bundle, key: str, job: At) -> Iterator[Finding]:
    """Yield what is wrong with one job."""
    tasks: dict[str, At] = {}
    for task in job.items("tasks"):
        name = task.text("task_key")
        if name is not None and name in tasks:
            yield task.finding("DEX-BUNDLE-10", f"Job '{key}' has two tasks '{name}'. Rename one of them.")
        elif name:
            tasks[name] = task
    listed = job.get("tasks")
    if isinstance(job.value, dict | None) and (listed is None or not listed.value):  # else another shape is told of
        yield job.finding("DEX-BUNDLE-10", f"Job '{key}' has no tasks.")
    for name, task in tasks.items():
        yield from _task(bundle, job, name, task)
        yield from _dependencies(name, task, tasks)
    yield from _cycle(tasks)
    yield from _parameters(key, job)
    source = job.get("git_source")
    if source is not None:
        yield from _one_of(source, "`git_source`", ("git_branch", "git_tag", "git_commit"))
    yield from check_job_compute(bundle, job)
    yield from check_steps(bundle, job, tasks)
    yield from check_schedule(key, job)
    yield from check_notifications(job)


def _task(bundle: Bundle, job: At, name: str, task: At) -> Iterator[Finding]:
    kinds = [key for key, entry in task.entries() if key.endswith("_task") and entry.value is not None]
    empty = [entry for key, entry in task.entries() if key.endswith("_task") and key in fields_of("jobs.Task")]
    if not kinds and empty:
        kind = str(empty[0].path[-1])
        if not any(
            key in fields_of(api()["classes"]["jobs.Task"][kind][0]) for key, _ in task.entries()
        ):  # else it is said of that key
            said = f"`{kind}` of task '{name}' is empty: indent what belongs into it."
            yield empty[0].finding("DEX-BUNDLE-11", said)
        return
    if len(kinds) != 1:
        said = "has no type" if not kinds else f"has {len(kinds)} types: {', '.join(sorted(kinds))}"
        yield task.finding("DEX-BUNDLE-11", f"Task '{name}' {said}. Give it one, such as `python_wheel_task`.")
        return
    inner = task.at("for_each_task", "task")
    if inner is not None:
        inside = [key for key, _ in inner.entries() if key.endswith("_task") and key != "for_each_task"]
        if len(inside) == 1:
            yield from _task(bundle, job, inner.text("task_key") or name, inner)
        return
    yield from check_compute(bundle, job, name, task, kinds[0])
    yield from check_wheel_task(bundle, job, task)
    yield from check_files(bundle, job, task)
    query = task.get("sql_task")
    if query is not None:
        yield from _one_of(query, "`sql_task`", ("query", "file", "alert", "dashboard"))


def _parameters(key: str, job: At) -> Iterator[Finding]:
    seen: dict[str, At] = {}
    for each in job.items("parameters"):
        name = each.text("name") or ""
        if name in seen and seen[name].file == each.file:
            yield each.finding("DEX-BUNDLE-16", f"Job '{key}' has two parameters '{name}'. Keep one of them.")
        seen.setdefault(name, each)


def _one_of(at: At, said: str, keys: tuple[str, ...]) -> Iterator[Finding]:
    given = [key for key in keys if at.get(key) is not None]
    if isinstance(at.value, dict) and len(given) != 1 and (given or set(at.value) - {*keys} <= _BESIDE_ONE):
        here = f"; here {' and '.join(given)}" if given else ""
        yield at.finding("DEX-BUNDLE-21", f"{said} needs one of {', '.join(f'`{key}`' for key in keys)}{here}.")


#: Keys beside which one of several has to stand; another one may be it, misspelt or newer.
_BESIDE_ONE = frozenset({"warehouse_id", "parameters", "git_url", "git_provider"})


def _dependencies(name: str, task: At, tasks: Mapping[str, At]) -> Iterator[Finding]:
    for dependency in task.items("depends_on"):
        key = dependency.text("task_key")
        if key == name:
            yield dependency.finding("DEX-BUNDLE-12", f"Task '{name}' depends on itself.")
        elif key is not None and key not in tasks:
            yield dependency.finding(
                "DEX-BUNDLE-12",
                f"Task '{name}' depends on '{key}', which is not a task of the job.{nearest(key, tasks)}",
            )


def _cycle(tasks: Mapping[str, At]) -> Iterator[Finding]:
    """Yield one finding where tasks wait for each other, with the way round."""
    waits_for = {
        name: [k for d in task.items("depends_on") if (k := d.text("task_key")) in tasks and k != name]
        for name, task in tasks.items()
    }
    try:
        TopologicalSorter(waits_for).prepare()
    except CycleError as error:
        way = list(reversed(error.args[1]))
        yield tasks[way[0]].finding("DEX-BUNDLE-12", f"Tasks wait for each other: {' -> '.join(way)}.")
