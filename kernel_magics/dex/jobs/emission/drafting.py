"""A job from its notebooks, files and configuration, before anything is written."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dex_dbutils import ExportError, NotebookError, Where
from dex_dbutils.config import Project

from dex.bundle import At
from dex.export import Draft, EmittedJob, Exporter, JobConfiguration, notebooks_in
from dex.graph import JobGraph, Surroundings, Task, infer_graph
from dex.job_files import (
    FOLDER,
    Compute,
    ConfiguredJob,
    JobFiles,
    JobNotSound,
    MadeTask,
    Parts,
    files_of,
    from_resources,
    job_file,
)
from dex.notebook import is_plain

WHEEL = "../dist/*.whl"


@dataclass
class JobDraft:
    """A job before anything is written.

    Attributes:
        key: its key.
        paths: notebooks, files and folders that it is made of.
        compute: what its tasks run on.
        graph: its tasks and what they wait for.
        files: its files in the bundle.
        drafts: what its notebooks become, by the keys of their tasks.
        as_notebooks: notebooks that run as they are, with the reason.
        configured: the configuration says what it is made of.
    """

    key: str
    paths: list[Path]
    compute: Compute
    graph: JobGraph
    files: JobFiles
    drafts: dict[str, Draft] = field(default_factory=dict)
    as_notebooks: dict[str, str] = field(default_factory=dict)
    configured: bool = False


def draft_job(
    project: Project,
    key: str,
    notebooks: Sequence[Path],
    compute: Compute | None,
    known: EmittedJob | None,
    configuration: JobConfiguration,
    around: Surroundings,
    progress: Callable[[str], None] | None,
) -> JobDraft:
    """Return a job of notebooks, files and tasks that the configuration writes out; nothing is written.

    Args:
        project: whose job it is.
        key: key of the job.
        notebooks: notebooks, files and folders.
        compute: what its tasks run on.
        known: what it was made of last.
        configuration: what the configuration says of jobs.
        around: what graphs of the project have in common.
        progress: told of every notebook.

    Raises:
        ExportError: DEX-EXPORT-32, nothing says what the job is made of, or its tasks wait for each other; -33, the
            configuration names a notebook that is not there.
        DexError: as `infer_graph` says.
    """
    said = configuration.jobs.get(key)
    if not re.fullmatch(r"[\w-]+", key, re.ASCII):
        raise ExportError(
            "DEX-EXPORT-32",
            f"'{key}' is no key of a job: letters, digits, `-` and `_`.",
            Where(said.at.file, line=said.at.line, column=said.at.column) if said is not None else None,
            "Give the job another key; its `name` may be anything.",
        )
    named = [project.root / name for name in (said.notebooks if said else [])]
    _refuse_two_answers(key, notebooks, named, compute, said)
    recorded = [project.root / name for name in (known.notebooks if known else ())]
    paths = named or [path.resolve() for path in notebooks] or recorded
    if named or not notebooks:
        _refuse_gone(key, said if named else None, paths)
    if not paths and not (said is not None and any(at.value is not None for _, at in said.tasks())):
        raise ExportError(
            "DEX-EXPORT-32",
            f"There is no job '{key}' yet, and no notebook was named.",
            Where(job_file(key)),
            f"Say what it is made of: dex bundle emit {key} NOTEBOOK..., or `jobs.{key}.notebooks` in config/base.yaml.",
        )
    runs_on = compute or (said.compute if said else None) or (known.compute if known else None) or "serverless"
    graph = infer_graph(project, paths, sections=False, job=key, around=around, progress=progress)
    if graph.is_cyclic:
        asked = next(question for question in graph.questions if question.code == "DEX-GRAPH-11")
        raise ExportError("DEX-EXPORT-32", f"The job '{key}' cannot run: {asked.text}", None, asked.remedy)
    drafts, refused = _drafts(project, graph)
    own = [task for task in graph.tasks if not task.type]
    pipelines = {draft.name for draft in drafts.values() if draft.job is None} | configuration.pipelines
    parts = Parts(
        [_task(project, graph, task, drafts.get(task.key)) for task in own],
        _parameters(drafts),
        runs_on,
        frozenset(pipelines),
    )
    names = ", ".join([*(task.notebook for task in own), *(["config/base.yaml"] if said is not None else [])])
    by = f"dex bundle emit {key}"
    head = f"# Made from {names} by `{by}`; what you add stays."
    files = files_of(project, key, parts, said, head=head, by=by, targets=configuration.targets)
    configured = said is not None and (bool(said.notebooks) or not paths)
    return JobDraft(key, paths, runs_on, graph, files, drafts, refused, configured)


def _refuse_gone(key: str, said: ConfiguredJob | None, paths: Sequence[Path]) -> None:
    """Raise where a job is said, or known from last time, to be made of what is not there any more."""
    for number, path in enumerate(paths):
        if path.exists():
            continue
        if said is not None:
            at = said.at.items("notebooks")[number]
            text = f"There is no notebook, file or folder '{at.value}'. Paths in the configuration begin at the project's folder."
            raise JobNotSound([at.finding("DEX-BUNDLE-15", text)])
        raise ExportError(
            "DEX-EXPORT-32",
            f"The job '{key}' was made of {path.name}, which is not there any more.",
            Where(str(path)),
            f"Name what it is made of now: dex bundle emit {key} NOTEBOOK...; a folder stands for all that it holds.",
        )


def _refuse_two_answers(
    key: str, notebooks: Sequence[Path], named: Sequence[Path], compute: Compute | None, said: ConfiguredJob | None
) -> None:
    """Raise where the configuration and whoever asks say different things."""
    given = {
        "notebooks": bool(notebooks) and _files(notebooks) != _files(named),
        "compute": compute is not None and said is not None and said.compute != compute,
    }
    for word, differs in given.items():
        at = said.at.get(word) if said is not None else None
        if differs and at is not None:
            raise ExportError(
                "DEX-EXPORT-32",
                f"`{word}` of the job '{key}' is said here and in the configuration.",
                Where(at.file, line=at.line, column=at.column),
                "Say it in one of the two places.",
            )


def _files(paths: Sequence[Path]) -> set[Path]:
    return {file.resolve() for file in notebooks_in(paths)}


def _drafts(project: Project, graph: JobGraph) -> tuple[dict[str, Draft], dict[str, str]]:
    """Return the drafts of the tasks that can be exported by key, and why the other notebooks cannot."""
    exporter = Exporter(project)
    drafts: dict[str, Draft] = {}
    refused: dict[str, str] = {}
    for task in graph.tasks:
        if task.type or is_plain(project.root / task.notebook):
            continue
        try:
            draft = exporter.draft(project.root / task.notebook, alone=False)
        except (ExportError, NotebookError) as error:
            refused[task.notebook] = error.what.splitlines()[0]
            continue
        if draft.job is not None or task.pipeline:
            drafts[task.key] = draft
    return drafts, refused


def _parameters(drafts: dict[str, Draft]) -> list[dict[str, str]]:
    """Return the parameters of all modules, each name once."""
    found: dict[str, dict[str, str]] = {}
    for draft in drafts.values():
        for each in draft.job.parameters if draft.job is not None else ():
            found.setdefault(each["name"], each)
    return list(found.values())


def _task(project: Project, graph: JobGraph, task: Task, draft: Draft | None) -> MadeTask:
    """Return the task that a notebook or a file is."""
    work: dict[str, Any]
    dependencies: list[str] = []
    path = posixpath.relpath(task.notebook, FOLDER)
    if task.pipeline and draft is not None:
        work = {"pipeline_task": {"pipeline_id": f"${{resources.pipelines.{draft.name}.id}}"}}
    elif draft is not None and draft.job is not None:
        made = draft.job.tasks[0]
        work, dependencies = made.work, made.dependencies
    elif is_plain(project.root / task.notebook) and path.endswith(".py"):
        work = {"spark_python_task": {"python_file": path}}
        dependencies = [WHEEL] if _imports(project.root / task.notebook, project.package) else []
    elif is_plain(project.root / task.notebook):
        work = {"sql_task": {"file": {"path": path}}}
    else:
        work = {"notebook_task": {"notebook_path": path}}
    outcomes = {each["task_key"]: each for each in task.settings.get("depends_on", ())}
    waits = [outcomes.get(name, {"task_key": name}) for name in graph.depends_on(task.key)]
    return MadeTask(task.key, work, waits, dependencies, _said(task))


def _said(task: Task) -> At | None:
    """Return what a notebook says of its own task, with the place where it says so."""
    settings = {key: value for key, value in task.settings.items() if key != "depends_on"}
    if not settings or task.said is None:
        return None
    line = task.said.line or 1

    def at(value: Any) -> At:
        if isinstance(value, dict):
            value = {key: at(entry) for key, entry in value.items()}
        elif isinstance(value, list):
            value = [at(item) for item in value]
        return At(value, (), task.notebook, line, 1)

    return from_resources(at(settings))


def _imports(path: Path, package: str) -> bool:
    """Return whether a file of Python imports the project's own package."""
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (OSError, ValueError, SyntaxError):
        return False
    names = [
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    return any(name.partition(".")[0] == package for name in names)
