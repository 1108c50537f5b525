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
    meant = {
        task.text("task_key"): path
        for task in job.items("tasks")
        if (path := _notebook_of(task, project, paths, modules)) is not None
    }
    for key, path in meant.items():
        if key is not None:
            found.keys.setdefault(path, key)
    for task in job.items("tasks"):
        for before in task.items("depends_on"):
            first, second = meant.get(before.text("task_key")), meant.get(task.text("task_key"))
            if first is not None and second is not None:
                found.order.append((first, second, Place(notebook=before.file, line=before.line)))


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
