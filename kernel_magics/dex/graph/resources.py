"""What jobs written by hand say about notebooks: their task keys, and what comes before what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from dex_dbutils.config import Project

from dex.bundle import At
from dex.export import module_name
from dex.graph.models import Place
from dex.graph.surroundings import Surroundings

_NOTEBOOK_ENDINGS = (".py", ".ipynb", ".sql", ".scala", ".r")


@dataclass
class Resources:
    """What jobs written by hand say.

    Attributes:
        keys: task keys of notebooks, by their paths.
        order: pairs of notebooks, the first before the second, with the place that says so.
    """

    keys: dict[Path, str] = field(default_factory=dict)
    order: list[tuple[Path, Path, Place]] = field(default_factory=list)


def read_resources(around: Surroundings, notebooks: Sequence[Path]) -> Resources:
    """Return what the jobs of the project's bundle say about notebooks; files that dex wrote say nothing.

    What is wrong with a file is told by `dex bundle validate`, not here.

    Args:
        around: with the jobs that a person wrote.
        notebooks: files that a task may stand for, by its notebook or by the entry point of the project's wheel.
    """
    found = Resources()
    paths = {path.resolve(): path for path in notebooks}
    modules = {module_name(path): path for path in notebooks}
    for job in around.written:
        _job(found, job, around.project, paths, modules)
    return found


def _job(found: Resources, job: At, project: Project, paths: Mapping[Path, Path], modules: Mapping[str, Path]) -> None:
    tasks = {key: task for task in job.items("tasks") if (key := task.text("task_key")) is not None}
    meant = {
        key: path for key, task in tasks.items() if (path := _notebook_of(task, project, paths, modules)) is not None
    }
    for key, path in meant.items():
        found.keys.setdefault(path, key)
        for before in tasks[key].items("depends_on"):
            for first in _notebooks_before(before.text("task_key"), tasks, meant):
                found.order.append((meant[first], path, Place(notebook=before.file, line=before.line)))


def _notebooks_before(key: str | None, tasks: Mapping[str, At], meant: Mapping[str, Path]) -> list[str]:
    """Return the task itself where a notebook is meant; else those that it waits for, such as those of a condition."""
    found, waiting, seen = [], [key], set()
    while waiting:
        key = waiting.pop()
        if key is None or key not in tasks or key in seen:
            continue
        seen.add(key)
        if key in meant:
            found.append(key)
        else:
            waiting += [before.text("task_key") for before in tasks[key].items("depends_on")]
    return found


def _notebook_of(task: At, project: Project, paths: Mapping[Path, Path], modules: Mapping[str, Path]) -> Path | None:
    notebook, wheel = task.get("notebook_task"), task.get("python_wheel_task")
    named = notebook.text("notebook_path") if notebook is not None else None
    if named is not None:
        path = (project.root / PurePosixPath(task.file).parent / named).resolve()
        whole = path if path.suffix in _NOTEBOOK_ENDINGS else None
        return next((shown for full, shown in paths.items() if full == whole or full.with_suffix("") == path), None)
    if wheel is not None and wheel.text("package_name") == project.package:
        return modules.get(wheel.text("entry_point") or "")
    return None
