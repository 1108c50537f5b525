"""What the process of a task is told to do: the task's settings as this machine can carry them out."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from dex_dbutils import JobError, Where
from dex_dbutils.config import Project
from packaging.utils import canonicalize_name

from dex.jobs.models import PipelineTask, Task
from dex.pipelines import Pipeline, pipeline_of
from dex.toml import read_toml


@dataclass(frozen=True)
class Workshop:
    """Where the tasks of a run work.

    Attributes:
        project: the project.
        root: folder that relative paths begin at: the bundle's.
        environment: environment that the tasks work in.
        folder: the run's own folder.
        pipelines: settings of the pipelines that tasks may name, by what stands for each.
    """

    project: Project
    root: Path
    environment: str
    folder: Path
    pipelines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    #: Whether what tasks do passes the guard of the environment.
    guarded: ClassVar[bool] = True

    @property
    def sys_path(self) -> list[str]:
        """Folders that the tasks import from before anything else."""
        return [str(path) for path in (self.root / "src", self.root) if path.is_dir()]

    def python(self, task: Task) -> str:
        """Return the interpreter that does the work of a task; may take long, and runs in a thread of its own."""
        return sys.executable

    def find(self, name: str, endings: tuple[str, ...] = ()) -> Path | None:
        """Return the file that a task names, with one of the endings where the name has none; None if there is none."""
        path = self.root / name
        beside = (path.with_name(path.name + ending) for ending in endings)
        return next((each for each in (path, *beside) if each.is_file()), None)

    def place(self, name: str) -> Path:
        """Return where a path lies on disk, whether there is something or not."""
        return self.root / name

    def pipeline(self, name: str) -> Pipeline | None:
        """Return the pipeline that a task names; None where it is none of the bundle's.

        Raises:
            PipelineError: its settings are not sound, or a source is not there.
        """
        key = name.removeprefix("${resources.pipelines.").removesuffix(".id}")
        settings = self.pipelines.get(key)
        if settings is None:
            return None
        return pipeline_of(key, settings, self.root, self.find, self.place, tuple(map(Path, self.sys_path)))

    def scripts(self, task: Task, package: str) -> dict[str, str] | None:
        """Return the entry points of a wheel, as ``module:function`` by name; None where there is no such wheel."""
        own = _own_scripts(self.root, package)
        if own is not None:
            return own
        try:
            points = importlib.metadata.distribution(package).entry_points
        except importlib.metadata.PackageNotFoundError:
            return None
        return {point.name: point.value for point in points}

    def variables(self, run: int, task: str) -> dict[str, str]:
        """Return the variables that a task's process gets beside this one's."""
        return {
            "DEX_JOB_RUN": str(run),
            "DEX_TASK_KEY": task,
            "DEX_ENV": self.environment,
            "DEX_PROJECT": str(self.project.root),
            "PYTHONUNBUFFERED": "1",
        }


def work_of(task: Task, shop: Workshop, parameters: Mapping[str, str], name: str) -> dict[str, Any]:
    """Return the work of a task, references filled in, as `dex.jobs.child` takes it.

    Args:
        task: the task.
        shop: where it works.
        parameters: the job's parameters; they go to tasks that take values by name, and win over the task's own.
        name: name of the task's files in the run's folder.

    Raises:
        JobError: DEX-JOB-02, the work cannot be done on this machine; DEX-JOB-06, what it names is not there.
        PipelineError: a pipeline's settings are not sound, or a source of it is not there.
    """
    common = {
        "result": str(shop.folder / f"{name}.result.json"),
        "environment": shop.environment,
        "project": str(shop.project.root),
        "sys_path": shop.sys_path,
        "guarded": shop.guarded,
    }
    if task.python_wheel_task is not None:
        wheel = task.python_wheel_task
        named = {**wheel.named_parameters, **parameters} if wheel.named_parameters else {}
        module, function = _entry_point(shop, task, wheel.package_name, wheel.entry_point)
        words = [*wheel.parameters, *(f"--{key}={value}" for key, value in named.items())]
        return {
            **common,
            "kind": "entry_point",
            "name": wheel.entry_point,
            "module": module,
            "function": function,
            "words": words,
        }
    if task.spark_python_task is not None:
        path = _file(shop, task.spark_python_task.python_file, task.task_key)
        return {**common, "kind": "python_file", "path": str(path), "words": task.spark_python_task.parameters}
    if task.notebook_task is not None:
        notebook = task.notebook_task
        return {
            **common,
            "kind": "notebook",
            "path": str(_file(shop, notebook.notebook_path, task.task_key, (".py", ".ipynb", ".sql"))),
            "parameters": {**notebook.base_parameters, **parameters},
            "out": str(shop.folder / f"{name}.ipynb"),
        }
    if task.sql_task is not None and task.sql_task.file is not None:
        path = _file(shop, task.sql_task.file.path, task.task_key)
        return {**common, "kind": "sql", "path": str(path), "parameters": {**task.sql_task.parameters, **parameters}}
    if task.pipeline_task is not None:
        return {**common, **_pipeline_work(task, task.pipeline_task, shop, parameters, name)}
    kind = ", ".join(task.kinds) or "no type"
    raise JobError(
        "DEX-JOB-02",
        f"Task '{task.task_key}' ({kind}) needs a workspace: it cannot run on this machine.",
        remedy="Leave it out with --only, or run the job in a workspace: dex bundle run.",
    )


def _pipeline_work(
    task: Task, asked: PipelineTask, shop: Workshop, parameters: Mapping[str, str], name: str
) -> dict[str, Any]:
    pipeline = shop.pipeline(asked.pipeline_id)
    if pipeline is None:
        raise JobError(
            "DEX-JOB-02",
            f"Task '{task.task_key}' runs the pipeline {asked.pipeline_id}, which is not known here.",
            remedy="Name a pipeline of the bundle, ${resources.pipelines.KEY.id}, or leave the task out with --only.",
        )
    return {
        "kind": "pipeline",
        "key": pipeline.key,
        "settings": pipeline.settings.model_dump(mode="json", by_alias=True),
        "sources": [str(path) for path in pipeline.sources],
        "root": str(pipeline.root),
        "imports": [str(path) for path in pipeline.imports],
        "asked": {**asked.model_dump(mode="json"), "parameters": {**asked.parameters, **parameters}},
        "update": str(shop.folder / f"{name}.update.json"),
    }


def _file(shop: Workshop, name: str, task: str, endings: tuple[str, ...] = ()) -> Path:
    found = shop.find(name, endings)
    if found is None:
        raise JobError(
            "DEX-JOB-06",
            f"Task '{task}' names the file {name}, which is not there.",
            Where(str(shop.root)),
            "Correct the path; `dex bundle validate` says where it stands.",
        )
    return found


def _entry_point(shop: Workshop, task: Task, package: str, entry: str) -> tuple[str, str]:
    """Return module and function of a wheel's entry point.

    Where the wheel names no such entry point, the platform calls the function of that name in the package.
    """
    scripts = shop.scripts(task, package)
    if scripts is None:
        raise JobError(
            "DEX-JOB-06",
            f"Task '{task.task_key}' runs the wheel {package}, which is neither this project's nor installed here.",
            Where(str(shop.root / "pyproject.toml")),
            "Install it into this Python, or name this project's package in `package_name`.",
        )
    target = scripts.get(entry)
    if target is not None:
        module, _, function = re.split(r"\s*\[", target)[0].partition(":")
        return module.strip(), function.strip() or "main"
    if not entry.isidentifier():
        has = ", ".join(sorted(scripts)) or "none"
        raise JobError(
            "DEX-JOB-06",
            f"Task '{task.task_key}' runs the entry point {entry} of {package}, which has: {has}.",
            Where(str(shop.root / "pyproject.toml")),
            "Name one of those in `entry_point`.",
        )
    return re.sub(r"[-.]+", "_", package), entry


def _own_scripts(root: Path, package: str) -> dict[str, str] | None:
    """Return the scripts of the project's own wheel; None where the wheel is another."""
    project = (read_toml(root / "pyproject.toml") or {}).get("project", {})
    if not isinstance(project, dict) or canonicalize_name(str(project.get("name"))) != canonicalize_name(package):
        return None
    scripts = project.get("scripts")
    return {str(k): str(v) for k, v in scripts.items()} if isinstance(scripts, dict) else {}


def read_result(work: Mapping[str, Any], code: int) -> dict[str, Any]:
    """Return how a task's process ended: ``ok``, ``value``, ``error``.

    Args:
        work: what it was told.
        code: its exit code; below 0 the signal that ended it.
    """
    try:
        told: dict[str, Any] = json.loads(Path(work["result"]).read_text("utf-8"))
    except (OSError, ValueError):
        ended = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return {"ok": False, "error": f"The process {ended} and left no result."}
    finally:
        for path in (work["result"], work["result"] + ".part"):
            if os.path.exists(path):
                os.unlink(path)
    return told
