"""What makes a job run: its tasks, what they depend on, what they run on, what they are given."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath

from dex.bundle.effective import Bundle
from dex.bundle.models import Finding
from dex.bundle.schedules import check_schedule
from dex.bundle.steps import check_steps
from dex.bundle.suggest import nearest
from dex.bundle.tree import At

#: Suffix of a notebook's file -> the first line that makes it one; .ipynb needs none.
_NOTEBOOK_HEADS = {
    ".py": "# Databricks notebook source",
    ".sql": "-- Databricks notebook source",
    ".scala": "// Databricks notebook source",
    ".r": "# Databricks notebook source",
}


def check_job(bundle: Bundle, key: str, job: At) -> Iterator[Finding]:
    """Yield what is wrong with one job."""
    tasks: dict[str, At] = {}
    for task in job.items("tasks"):
        name = task.text("task_key")
        if name is not None and name in tasks:
            yield task.finding("DEX-BUNDLE-10", f"Job '{key}' has two tasks '{name}'. Rename one of them.")
        elif name:
            tasks[name] = task
    if not job.items("tasks"):
        yield job.finding("DEX-BUNDLE-10", f"Job '{key}' has no tasks.")
    for name, task in tasks.items():
        yield from _task(bundle, job, name, task)
        yield from _dependencies(name, task, tasks)
    yield from _cycle(tasks)
    yield from check_steps(bundle, job, tasks)
    yield from check_schedule(key, job)


def _task(bundle: Bundle, job: At, name: str, task: At) -> Iterator[Finding]:
    kinds = [key for key, entry in task.entries() if key.endswith("_task") and entry.value is not None]
    if len(kinds) != 1:
        said = "has no type" if not kinds else f"has {len(kinds)} types: {', '.join(sorted(kinds))}"
        yield task.finding("DEX-BUNDLE-11", f"Task '{name}' {said}. Give it one, such as `python_wheel_task`.")
        return
    yield from _compute(job, name, task, kinds[0])
    settings = task.get(kinds[0])
    if settings is None:
        return
    if kinds[0] == "python_wheel_task":
        yield from _wheel(bundle, settings)
    elif kinds[0] == "notebook_task":
        yield from _notebook(bundle, settings)
    elif kinds[0] == "spark_python_task":
        yield from _file(bundle, settings, "python_file")


def _compute(job: At, name: str, task: At, kind: str) -> Iterator[Finding]:
    environments = {k for each in job.items("environments") if (k := each.text("environment_key"))}
    clusters = {k for each in job.items("job_clusters") if (k := each.text("job_cluster_key"))}
    for key, known in (("environment_key", environments), ("job_cluster_key", clusters)):
        used = task.get(key)
        if used is not None and used.value not in known:
            yield used.finding(
                "DEX-BUNDLE-13", f"The job has no `{key}` '{used.value}'.{nearest(str(used.value), known)}"
            )
    on = [k for k in ("environment_key", "job_cluster_key", "new_cluster", "existing_cluster_id") if task.get(k)]
    if kind in {"python_wheel_task", "spark_python_task"} and not on:
        yield task.finding(
            "DEX-BUNDLE-13",
            f"Task '{name}' does not say what it runs on. Give it `environment_key` or `job_cluster_key`.",
        )
    libraries = task.get("libraries")
    if libraries is not None and "environment_key" in on:
        yield libraries.finding(
            "DEX-BUNDLE-13", "A serverless task takes no `libraries`. List them under the job's `environments`."
        )


def _dependencies(name: str, task: At, tasks: Mapping[str, At]) -> Iterator[Finding]:
    for dependency in task.items("depends_on"):
        key = dependency.text("task_key")
        if key == name:
            yield dependency.finding("DEX-BUNDLE-12", f"Task '{name}' depends on itself.")
        elif key not in tasks:
            yield dependency.finding(
                "DEX-BUNDLE-12",
                f"Task '{name}' depends on '{key}', which is not a task of the job.{nearest(str(key), tasks)}",
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


def _wheel(bundle: Bundle, settings: At) -> Iterator[Finding]:
    project = _pyproject(bundle.root)
    package, entry = settings.text("package_name"), settings.text("entry_point")
    if project is None or not package or not entry:
        return
    if _normal(package) != _normal(str(project.get("name", ""))):
        return  # a wheel from elsewhere; what is in it cannot be known here
    scripts = project.get("scripts")
    known = sorted(scripts) if isinstance(scripts, dict) else []
    if entry not in known:
        at = settings.get("entry_point") or settings
        yield at.finding(
            "DEX-BUNDLE-14",
            f"pyproject.toml has no entry point '{entry}' under [project.scripts].{nearest(entry, known)}",
        )


def _pyproject(root: Path) -> dict[str, object] | None:
    file = root / "pyproject.toml"
    if not file.is_file():
        return None
    from dex.bundle.toml import read_toml

    project = (read_toml(file) or {}).get("project")
    return project if isinstance(project, dict) else None


def _normal(name: str) -> str:
    """Return a distribution's name as the packaging specifications compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _notebook(bundle: Bundle, settings: At) -> Iterator[Finding]:
    named = settings.get("notebook_path")
    if named is None or not isinstance(named.value, str):
        yield settings.finding("DEX-BUNDLE-15", "`notebook_task` needs `notebook_path`.")
        return
    if not _is_local(named.value) or settings.value.get("source") == "GIT":
        return
    path = bundle.root / PurePosixPath(named.file).parent / named.value
    if not path.is_file():
        near = [s for s in (*_NOTEBOOK_HEADS, ".ipynb") if path.with_name(path.name + s).is_file()]
        hint = f" Did you mean '{named.value}{near[0]}'?" if near else " The path is relative to this file."
        yield named.finding("DEX-BUNDLE-15", f"There is no notebook '{named.value}'.{hint}")
        return
    head = _NOTEBOOK_HEADS.get(path.suffix.lower())
    if head is not None and not path.read_text("utf-8", errors="replace").lstrip("\ufeff").startswith(head):
        yield named.finding(
            "DEX-BUNDLE-15", f"'{named.value}' is a file, not a notebook: its first line is not `{head}`."
        )


def _file(bundle: Bundle, settings: At, key: str) -> Iterator[Finding]:
    named = settings.get(key)
    if named is None or not isinstance(named.value, str):
        yield settings.finding("DEX-BUNDLE-15", f"The task needs `{key}`.")
        return
    pattern = str(PurePosixPath(named.file).parent / named.value)
    if _is_local(named.value) and not glob.glob(pattern, root_dir=bundle.root):
        yield named.finding("DEX-BUNDLE-15", f"There is no file '{named.value}'. The path is relative to this file.")


def _is_local(path: str) -> bool:
    return not path.startswith("/") and "${" not in path and "://" not in path
