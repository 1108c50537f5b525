"""The whole settings of a job: what its notebooks give, and what the configuration says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dex.bundle import At
from dex.job_files.layers import made, overlay
from dex.job_files.tasks import Around, MadeTask, made_task, references, with_words, written_task
from dex.job_files.words import OF_JOB

Compute = Literal["serverless", "job_cluster"]
#: What a job cluster is until a person says more: the oldest runtime that is kept for long and has serverless' Python.
_CLUSTER: dict[str, Any] = {"spark_version": "16.4.x-scala2.12", "data_security_mode": "DATA_SECURITY_MODE_AUTO"}
_SIZE: dict[str, Any] = {"autoscale": {"min_workers": 1, "max_workers": 4}}
#: Any of these says how large a cluster is.
_SIZES = ("num_workers", "autoscale", "is_single_node", "policy_id")
#: What dex puts together of both sides; the rest of a job is the configuration's alone.
_TOGETHER = frozenset({"name", "parameters", "tasks", "environments", "job_clusters"})


@dataclass(frozen=True)
class Parts:
    """What the notebooks of a job give.

    Attributes:
        tasks: in order.
        parameters: as the Jobs API has them.
        compute: what tasks run on.
        pipelines: keys of the bundle's pipelines.
    """

    tasks: Sequence[MadeTask]
    parameters: list[dict[str, str]] = field(default_factory=list)
    compute: Compute = "serverless"
    pipelines: frozenset[str] = frozenset()


def job_of(key: str, parts: Parts, said: At) -> At:
    """Return the settings of a job as the Jobs API takes them.

    Args:
        key: its key.
        parts: what its notebooks give.
        said: what the configuration says for one target, in its words, paths from ``resources``; a mapping.
    """
    tasks = said.get("tasks")
    stated = {name: at for name, at in (tasks.entries() if tasks is not None else ()) if at.value is not None}
    known = {task.key for task in parts.tasks}
    written = {name: at for name, at in stated.items() if name not in known}
    clusters = said.items("job_clusters")
    cluster = (clusters[0].text("job_cluster_key") if clusters else None) or "main"
    around = Around(parts.compute, cluster, said.get("warehouse_id"), frozenset({*known, *written}), parts.pipelines)
    of_notebooks = [made_task(task, stated.get(task.key), around) for task in parts.tasks]
    own_tasks = [written_task(name, at, around) for name, at in written.items()]
    parameters = _joined("parameters", _asked_for(parts.parameters, [*of_notebooks, *own_tasks]), said)
    named = made({"parameters": parameters}).items("parameters")  # nothing where a person wrote something else
    names = [name for item in named if (name := item.text("name"))]
    made_tasks = _in_order([*(with_words(task, names) for task in of_notebooks), *own_tasks])
    own = {name: at for name, at in said.entries() if name not in OF_JOB | _TOGETHER}
    settings: dict[str, Any] = {"name": said.get("name") or key, **own}
    if parameters is not None:
        settings["parameters"] = parameters
    settings["tasks"] = made(made_tasks, said)
    dependencies = list(dict.fromkeys(name for task in parts.tasks for name in task.dependencies))
    environments = said.items("environments")
    if environments or any("environment_key" in _all_keys(task) for task in made_tasks):
        settings["environments"] = _environments(made_tasks, dependencies, said)
    if clusters or any("job_cluster_key" in _all_keys(task) for task in made_tasks):
        settings["job_clusters"] = _clusters(parts.compute, cluster, said)
    return made(settings, said)


def _in_order(tasks: Sequence[At]) -> list[At]:
    """Return tasks as one reads them: each after those that it waits for, else in the order in which they came."""
    left = {task.text("task_key"): {at.text("task_key") for at in task.items("depends_on")} for task in tasks}
    found: list[At] = []
    while left:
        ready = next((key for key, before in left.items() if not before & left.keys()), None)
        ready = ready if ready in left else next(iter(left))  # a circle is refused elsewhere
        found += [task for task in tasks if task.text("task_key") == ready]
        del left[ready]
    return found


def _asked_for(parameters: list[dict[str, str]], tasks: Sequence[At]) -> list[dict[str, str]]:
    """Return the parameters of notebooks that a task asks for; a task that is given another value asks for none."""
    asked = {words[2] for task in tasks for words, _ in references(task) if words[:2] == ["job", "parameters"]}
    return [each for each in parameters if each["name"] in asked]


def _all_keys(task: At) -> set[str]:
    inner = task.at("for_each_task", "task")
    return {key for at in (task, inner) if at is not None for key, _ in at.entries()}


def _joined(field_: str, items: list[dict[str, Any]], said: At) -> At | None:
    """Return a list of dex with that of the configuration laid over it, items by their keys."""
    own = said.get(field_)
    if own is None or own.value is None:
        return made(items) if items else None
    return overlay(made({field_: items}), made({field_: own})).value[field_] if items else own


def _environments(tasks: Sequence[At], dependencies: list[str], said: At) -> At:
    """Return the environments of a job: dex's own is there where a task uses it, and keeps what the wheel needs."""
    listed = said.items("environments")
    repeated = [inner for task in tasks if (inner := task.at("for_each_task", "task")) is not None]
    if any(task.text("environment_key") == "default" for task in (*tasks, *repeated)):
        given = next((each for each in listed if each.text("environment_key") == "default"), None)
        others = [each for each in listed if each is not given]
        listed = [_own_environment(dependencies, given), *others]
    return made(listed, said.get("environments"))


def _own_environment(dependencies: list[str], given: At | None) -> At:
    """Return the environment of tasks that name none, with what the configuration says of it on top."""
    spec = given.get("spec") if given is not None else None
    if spec is not None and not isinstance(spec.value, dict) and given is not None:
        return given  # which is refused where it stands
    more = spec.items("dependencies") if spec is not None else []
    every = [*dependencies, *(item for item in more if item.value not in dependencies)]
    whole: dict[str, Any] = {} if spec is not None and spec.get("client") is not None else {"environment_version": "4"}
    whole |= dict(spec.entries()) if spec is not None else {}
    if every:
        whole["dependencies"] = made(every, spec.get("dependencies") if spec is not None else None)
    entries = dict(given.entries()) if given is not None else {}
    return made({"environment_key": "default", **entries, "spec": made(whole, spec)}, given)


def _clusters(compute: Compute, key: str, said: At) -> At:
    """Return the clusters of a job: that of its tasks is whole, whatever the configuration says of it."""
    clusters = said.items("job_clusters")
    if compute != "job_cluster":
        return made(clusters, said.get("job_clusters"))
    first = clusters[0] if clusters else None
    given = first.get("new_cluster") if first is not None else None
    base = dict(_CLUSTER)
    if given is not None and any(given.get(name) is not None for name in ("kind", "policy_id")):
        base.pop("data_security_mode")
    if given is None or not any(given.get(name) is not None for name in _SIZES):
        base |= _SIZE
    own = made({"job_cluster_key": key, "new_cluster": base}, said.get("compute") or first)
    whole = overlay(own, first) if first is not None else own
    return made([whole, *clusters[1:]], said.get("job_clusters") or said.get("compute"))
