"""One job of several notebooks: each exported and a task, in the order that their tables and values ask for."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from dex_dbutils import ExportError, NotebookError, Where
from dex_dbutils.config import Project
from pydantic import BaseModel, ConfigDict, Field

from dex.bundle import regenerate, to_yaml
from dex.export import Draft, EmittedJob, Exporter, job_path, read_jobs, read_text, shown_path, unified_diff, write_all
from dex.graph import JobGraph, Question, infer_graph

Compute = Literal["serverless", "job_cluster"]
#: What a job cluster is until a person says more: the oldest runtime that is kept for long and has serverless' Python.
_CLUSTER = {
    "spark_version": "16.4.x-scala2.12",
    "data_security_mode": "DATA_SECURITY_MODE_AUTO",
    "autoscale": {"min_workers": 1, "max_workers": 4},
}


class EmitReport(BaseModel):
    """What became of a job of several notebooks.

    Attributes:
        job: key of the job.
        path: its file, below the project.
        status: written, unchanged, or differs where nothing was to be written.
        diff: what differs.
        tasks: keys of its tasks, in order.
        exported: modules that were exported.
        as_notebooks: notebooks that run as they are, because they cannot be exported, with the reason.
        kept: values that a person changed in the file.
        questions: what the graph could not tell.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    job: str
    path: str
    status: Literal["written", "unchanged", "differs"]
    diff: str = ""
    tasks: list[str]
    exported: list[str]
    as_notebooks: dict[str, str] = Field(default_factory=dict)
    kept: list[str] = Field(default_factory=list)
    questions: list[Question] = Field(default_factory=list)

    def to_text(self) -> str:
        """Return it for logs and terminals."""
        lines = [f"{self.path}: {self.status}, {len(self.tasks)} tasks: {', '.join(self.tasks)}"]
        lines += [f"  {notebook} runs as a notebook: {why}" for notebook, why in self.as_notebooks.items()]
        lines += [f"  `{path}` stays as it was changed there" for path in self.kept]
        lines += [question.to_text() for question in self.questions]
        return "\n".join([*lines, *([self.diff] if self.diff else [])])


def emit_job(
    project: Project,
    key: str,
    notebooks: Sequence[Path] = (),
    *,
    compute: Compute | None = None,
    check: bool = False,
    force: bool = False,
    progress: Callable[[str], None] | None = None,
) -> EmitReport:
    """Export notebooks and make one job of them, ``resources/<key>.job.yml``; what a person changed in it stays.

    Args:
        project: where the files go.
        key: key of the job.
        notebooks: notebooks and folders; those that it was made of last if empty.
        compute: what its tasks run on; as last, else serverless.
        check: write nothing; the report says whether the job's file differs.
        force: write over what a person changed in generated files.
        progress: told of every notebook.

    Raises:
        ExportError: DEX-EXPORT-32, nothing says what the job is made of, or its notebooks wait for each other.
        DexError: as `infer_graph` and `export_notebook` say.
    """
    known = next((job for job in read_jobs(project) if job.key == key), None)
    paths = [path.resolve() for path in notebooks] or [
        project.root / name for name in (known.notebooks if known else ())
    ]
    if not paths:
        raise ExportError(
            "DEX-EXPORT-32",
            f"There is no job '{key}' yet, and no notebook was named.",
            Where(f"resources/{key}.job.yml"),
            f"Say what it is made of: dex bundle emit {key} NOTEBOOK...",
        )
    compute = compute or (known.compute if known else "serverless")
    graph = infer_graph(project, paths, sections=False, progress=progress)
    if graph.is_cyclic:
        said = next(question for question in graph.questions if question.code == "DEX-GRAPH-11")
        raise ExportError("DEX-EXPORT-32", f"The job '{key}' cannot run: {said.text}", None, said.remedy)
    drafts, as_notebooks = _drafts(project, graph)
    modules = [draft.name for draft in drafts.values()]
    settings = _settings(project, key, graph, drafts, compute)
    file = f"resources/{key}.job.yml"
    names = ", ".join(task.notebook for task in graph.tasks)
    text = f"# Made from {names} by `dex bundle emit {key}`; what you add stays.\n" + to_yaml(
        {"resources": {"jobs": {key: settings}}}
    )
    there = read_text(project.root / file)
    before = "\n".join(known.generated) if known and known.generated else None
    made = regenerate(there, before, text, file) if there is not None and not force else None
    new, kept = (made.text, made.kept) if made is not None else (text, [])
    status: Literal["written", "unchanged", "differs"] = (
        "unchanged" if there == new else "differs" if check else "written"
    )
    if not check:
        job = EmittedJob(
            key=key,
            notebooks=[shown_path(path, project) for path in paths],
            modules=modules,
            compute=compute,
            generated=text.split("\n"),
        )
        own = job_path(project, key)
        write_all(
            project.root, {own.relative_to(project.root).as_posix(): job.model_dump_json(indent=1) + "\n", file: new}
        )
        exporter = Exporter(project)
        for task in graph.tasks:
            if task.key in drafts:
                exporter.forget_job(drafts[task.key].name)
                exporter.export(project.root / task.notebook, force=force)
    return EmitReport(
        job=key,
        path=file,
        status=status,
        diff=unified_diff(file, there or "", new, limit=400) if status == "differs" else "",
        tasks=[task.key for task in graph.tasks],
        exported=[f"{project.package}.{name}" for name in modules],
        as_notebooks=as_notebooks,
        kept=kept,
        questions=graph.questions,
    )


def _drafts(project: Project, graph: JobGraph) -> tuple[dict[str, Draft], dict[str, str]]:
    """Return the drafts of the tasks that can be exported by key, and why the other notebooks cannot."""
    exporter = Exporter(project)
    drafts: dict[str, Draft] = {}
    refused: dict[str, str] = {}
    for task in graph.tasks:
        try:
            draft = exporter.draft(project.root / task.notebook)
        except (ExportError, NotebookError) as error:
            refused[task.notebook] = error.what.splitlines()[0]
            continue
        if draft.job is not None or task.pipeline:
            drafts[task.key] = draft
    return drafts, refused


def _settings(
    project: Project, key: str, graph: JobGraph, drafts: dict[str, Draft], compute: Compute
) -> dict[str, Any]:
    parameters: dict[str, str] = {}
    dependencies = ["../dist/*.whl"]
    tasks: list[dict[str, Any]] = []
    for task in graph.tasks:
        waits = {"depends_on": [{"task_key": name} for name in graph.depends_on(task.key)]}
        settings: dict[str, Any] = {"task_key": task.key, **(waits if waits["depends_on"] else {})}
        draft = drafts.get(task.key)
        if task.pipeline and draft is not None:
            settings["pipeline_task"] = {"pipeline_id": f"${{resources.pipelines.{draft.name}.id}}"}
        elif draft is None or draft.job is None:
            path = posixpath.relpath(task.notebook, "resources")
            settings["notebook_task"] = {"notebook_path": path}
        else:
            for each in draft.job["parameters"]:
                parameters.setdefault(each["name"], each["default"])
            for name in draft.job["environments"][0]["spec"]["dependencies"]:
                dependencies += [] if name in dependencies else [name]
            if compute == "serverless":
                settings["environment_key"] = "default"
            else:
                settings["job_cluster_key"] = "main"
                settings["libraries"] = [
                    _library(name) for name in draft.job["environments"][0]["spec"]["dependencies"]
                ]
            settings["python_wheel_task"] = draft.job["tasks"][0]["python_wheel_task"]
        tasks.append(settings)
    runs_on: dict[str, Any] = {
        "environments": [
            {"environment_key": "default", "spec": {"environment_version": "4", "dependencies": dependencies}}
        ]
    }
    if compute == "job_cluster":
        runs_on = {"job_clusters": [{"job_cluster_key": "main", "new_cluster": _CLUSTER}]}
    given = [{"name": name, "default": default} for name, default in parameters.items()]
    return {"name": key, **({"parameters": given} if given else {}), "tasks": tasks, **(runs_on if drafts else {})}


def _library(dependency: str) -> dict[str, Any]:
    """Return a dependency of an environment as a library of a cluster."""
    return {"whl": dependency} if dependency.endswith(".whl") else {"pypi": {"package": dependency}}
