"""Tasks of a job: those that notebooks and files are, with what is said of them, and those that are written out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from dex.bundle import At, Finding, close, fields_of, reference_to, references_in, wrong_reference
from dex.job_files.layers import made, overlay
from dex.job_files.words import OF_TASK

#: What a task may run on.
_RUNS_ON = ("environment_key", "job_cluster_key", "new_cluster", "existing_cluster_id")
_NEEDS_COMPUTE = ("python_wheel_task", "spark_python_task", "dbt_task")
#: Settings of a loop; the others belong to the task that it repeats.
_OF_LOOP = frozenset(
    "task_key depends_on run_if description disabled email_notifications webhook_notifications notification_settings"
    " health".split()
)


@dataclass(frozen=True)
class MadeTask:
    """A task that a notebook or a file is.

    Attributes:
        key: its key.
        work: its type with what that takes, such as ``{"python_wheel_task": {...}}``.
        depends_on: what it waits for, as the Jobs API has it.
        dependencies: wheels and packages that it needs.
        said: settings that the notebook itself says, in the words of the Jobs API.
    """

    key: str
    work: dict[str, Any]
    depends_on: list[dict[str, Any]] = field(default_factory=list)
    dependencies: list[str] = field(default_factory=list)
    said: At | None = None


@dataclass(frozen=True)
class Around:
    """What tasks of a job share.

    Attributes:
        compute: what they run on where they do not say it.
        cluster: key of the job's cluster.
        warehouse: what tasks of SQL run on where they do not say it.
        keys: keys of all tasks.
        pipelines: keys of the bundle's pipelines.
    """

    compute: Literal["serverless", "job_cluster"]
    cluster: str
    warehouse: At | None
    keys: frozenset[str]
    pipelines: frozenset[str]


def made_task(task: MadeTask, said: At | None, around: Around) -> At:
    """Return the settings of a task that a notebook is.

    Args:
        task: the task.
        said: what the configuration says of it.
        around: what it shares with others.
    """
    both = made({})
    for each in (task.said, said):
        if each is not None and each.value is not None:
            both = overlay(both, each)
    loop = both.get("for_each_task")
    waits = _waits(both, task.key, task.depends_on, around)
    own = replace(both, value={key: entry for key, entry in both.entries() if key not in OF_TASK | {"depends_on"}})
    if loop is None:
        head = made({"task_key": task.key, **waits}, said)
        return _with_compute(head, made(task.work), own, task.dependencies, around)
    outer = {key: entry for key, entry in own.entries() if key in _OF_LOOP}
    inner = replace(own, value={key: entry for key, entry in own.entries() if key not in {*outer, "for_each_task"}})
    given = loop.get("task")
    inner = overlay(inner, given) if given is not None and given.value is not None else inner
    repeated = _with_compute(
        made({"task_key": f"{task.key}_iteration"}), made(task.work), inner, task.dependencies, around
    )
    rest = {key: entry for key, entry in loop.entries() if key != "task"}
    return made({"task_key": task.key, **waits, **outer, "for_each_task": made({**rest, "task": repeated}, loop)}, said)


def written_task(key: str, said: At, around: Around) -> At:
    """Return the settings of a task that the configuration writes out.

    Args:
        key: its key.
        said: its settings; a mapping.
        around: what it shares with others.
    """
    waits = _waits(said, key, [], around)
    own = replace(said, value={k: entry for k, entry in said.entries() if k not in OF_TASK | {"depends_on"}})
    head = made({"task_key": key, **waits}, said)
    inner = own.at("for_each_task", "task")
    if inner is None or not isinstance(inner.value, dict):
        return _with_compute(head, made({}), own, [], around)
    name = made({"task_key": f"{key}_iteration"}, inner)
    loop = made({**own.value["for_each_task"].value, "task": _with_compute(name, made({}), inner, [], around)}, inner)
    return overlay(head, replace(own, value={**own.value, "for_each_task": loop}))


def with_words(task: At, parameters: Collection[str]) -> At:
    """Return a task of a wheel whose arguments are its own alone.

    The platform gives all parameters of a job to every wheel with `named_parameters`, where they win. A module takes
    those that it knows; so where the job has others, or the task gives a value of its own, it gets words.

    Args:
        task: the task of a notebook.
        parameters: names of the job's parameters.
    """
    loop = task.get("for_each_task")
    inner = loop.get("task") if loop is not None else None
    if loop is not None and inner is not None:
        repeated = replace(loop, value={**loop.value, "task": with_words(inner, parameters)})
        return replace(task, value={**task.value, "for_each_task": repeated})
    wheel = task.get("python_wheel_task")
    named = wheel.get("named_parameters") if wheel is not None else None
    if wheel is None or named is None or not isinstance(named.value, dict):
        return task
    own = wheel.items("parameters")
    if not own and all(named.text(name) == reference_to("job", "parameters", name) for name in parameters):
        return task
    words = [made(f"--{name}={at.value}", at if at.file else None) for name, at in named.entries()]
    rest = {key: at for key, at in wheel.entries() if key not in ("named_parameters", "parameters")}
    changed = replace(wheel, value={**rest, "parameters": made([*words, *own], named)})
    return replace(task, value={**task.value, "python_wheel_task": changed})


def _with_compute(head: At, work: At, said: At, dependencies: Iterable[str], around: Around) -> At:
    """Return a task with what it runs on, what a warehouse or another job is filled in."""
    on: dict[str, Any] = {}
    whole = overlay(work, said)
    if not any(said.get(key) for key in _RUNS_ON) and any(whole.get(kind) for kind in _NEEDS_COMPUTE):
        if around.compute == "serverless":
            on = {"environment_key": "default"}
        else:
            libraries = [_library(name) for name in dependencies]
            given = said.items("libraries")
            on = {"job_cluster_key": around.cluster, **({"libraries": [*libraries, *given]} if libraries else {})}
            whole = replace(whole, value={k: v for k, v in whole.value.items() if k != "libraries" or not libraries})
    task = overlay(overlay(head, made(on, said)), whole)
    return replace(task, value={key: _filled(key, entry, around) for key, entry in task.value.items()})


def _filled(kind: str, at: At, around: Around) -> At:
    """Return a task's work with the warehouse of the job, and with jobs and pipelines of the bundle by reference."""
    if not isinstance(at.value, dict):
        return at
    if kind == "sql_task" and at.get("warehouse_id") is None and around.warehouse is not None:
        return replace(at, value={"warehouse_id": around.warehouse, **at.value})
    job, pipeline = at.get("job_id"), at.text("pipeline_id")
    if kind == "run_job_task" and job is not None and isinstance(job.value, str):
        named = not job.value.isdigit() and "${" not in job.value
        value = f"${{resources.jobs.{job.value}.id}}" if named else job.value
        return replace(at, value={**at.value, "job_id": replace(job, value=value)})
    if kind == "pipeline_task" and pipeline in around.pipelines:
        value = f"${{resources.pipelines.{pipeline}.id}}"
        return replace(at, value={**at.value, "pipeline_id": replace(at.value["pipeline_id"], value=value)})
    return at


def _library(dependency: str) -> dict[str, Any]:
    """Return a dependency of an environment as a library of a cluster."""
    return {"whl": dependency} if dependency.endswith(".whl") else {"pypi": {"package": dependency}}


def _waits(said: At, key: str, inferred: list[dict[str, Any]], around: Around) -> dict[str, At]:
    """Return what a task waits for: what is said, else what was inferred and what its references name."""
    stated = said.get("depends_on")
    waits: dict[str, At] = {}
    if stated is not None and stated.value is not None:
        waits = {each.text("task_key") or "": each for each in map(_dependency, said.items("depends_on"))}
    else:
        waits = {each["task_key"]: made(each) for each in inferred}
        for name, at in referred(said):
            if name in around.keys and name != key:
                waits.setdefault(name, made({"task_key": name}, at))
    for item in said.items("after"):
        waits.setdefault(str(item.value), made({"task_key": item.value}, item))
    return {"depends_on": made([*waits.values()], stated or said)} if waits else {}


def _dependency(item: At) -> At:
    return item if isinstance(item.value, dict) else made({"task_key": item.value}, item)


def referred(said: At) -> Iterator[tuple[str, At]]:
    """Yield the keys of the tasks whose values or ends a task's settings ask for, with their places."""
    for words, at in references(said):
        if words[0] == "tasks":
            yield words[1], at


def references(said: At) -> Iterator[tuple[list[str], At]]:
    """Yield the words of every whole ``{{...}}`` in settings, with its place."""
    for at in said.walk():
        for _, words in references_in(at.value) if isinstance(at.value, str) else ():
            if wrong_reference(words) is None:
                yield words, at


def check_written(tasks: Mapping[str, At], made_keys: Collection[str]) -> Iterator[Finding]:
    """Yield tasks of the configuration that are neither a notebook's nor say what they do.

    Args:
        tasks: settings by key.
        made_keys: keys of the tasks that notebooks are.
    """
    kinds = sorted(name for name in fields_of("jobs.Task") if name.endswith("_task"))
    for key, task in tasks.items():
        if key in made_keys or any(name.endswith("_task") for name, _ in task.entries()):
            continue
        near = close(key, made_keys)
        hint = f" Did you mean '{near}'?" if near else f" Give it one of: {', '.join(kinds)}."
        yield task.finding("DEX-BUNDLE-11", f"No notebook of the job is the task '{key}', and it has no type.{hint}")
