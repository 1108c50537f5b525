"""The graph that notebooks make, and the job made of it, for the page."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dex.bridge import (
    EdgeView,
    EmitReply,
    EmitRequest,
    GraphReply,
    GraphRequest,
    GraphTaskView,
    InputView,
    QuestionView,
    ReasonView,
    TaskPlace,
)
from dex_dbutils.config import Project, find_project

from dex_server.events import JobEvents

if TYPE_CHECKING:
    from dex.graph import JobGraph, Place, Question
    from dex.graph import Task as GraphTask


class Graphs:
    """What a page asks about the graph of notebooks.

    Args:
        events: tells pages how far a request is.
        top: the folder that the server shows.
    """

    def __init__(self, events: JobEvents, top: str) -> None:
        self._events, self._top = events, top

    def inferred(self, path: Path, request: GraphRequest) -> GraphReply:
        """Return what depends on what; nothing is run and nothing written.

        Raises:
            DexError: as `dex.graph.infer_graph` says.
        """
        from dex.export import EmittedJob, read_emitted, shown_path
        from dex.graph import infer_graph

        project = find_project(path.parent)
        paths = _paths(project, path, request)
        graph = infer_graph(project, paths, sections=request.scope == "notebook", progress=self._progress(request))
        shown = [shown_path(each, project) for each in paths]
        return GraphReply(
            stages=[[self._task(graph, graph.task(key), project) for key in keys] for keys in graph.stages],
            inputs=[InputView(name=each.name, readers=each.readers) for each in graph.inputs],
            questions=[self._question(each, project) for each in graph.questions],
            assumptions=graph.assumptions,
            cyclic=graph.is_cyclic,
            job=next((k for k, job in read_emitted(project, EmittedJob).items() if job.notebooks == shown), None),
        )

    def emitted(self, path: Path, request: EmitRequest) -> EmitReply:
        """Export the notebooks and make one job of them, or say what would change.

        A job whose notebooks the configuration names is made of those.

        Raises:
            DexError: as `dex.jobs.emit_job` says.
        """
        from dex.export import JobConfiguration
        from dex.jobs import emit_job

        project = find_project(path.parent)
        report = emit_job(
            project,
            request.job,
            () if request.job in JobConfiguration(project).of_several else _paths(project, path, request),
            check=request.check,
            force=request.force,
            progress=self._progress(request),
        )
        told = report.model_dump(include=set(EmitReply.model_fields) - {"questions", "files", "remarks"})
        return EmitReply(
            **told,
            files={file: status for file, status in report.files.items() if file != report.path},
            questions=[self._question(each, project) for each in report.questions],
            remarks=[f"{each.file}, line {each.line}: {each.message} ({each.code})" for each in report.remarks],
        )

    def _progress(self, request: GraphRequest) -> Callable[[str], None] | None:
        if not request.work:
            return None
        return lambda text: self._events.progress(request.work, text.partition(":")[0])  # the rest names a notebook

    def _task(self, graph: JobGraph, task: GraphTask, project: Project) -> GraphTaskView:
        edges = [
            EdgeView(
                before=edge.before,
                reasons=[
                    ReasonView(
                        kind=reason.kind,
                        name=reason.name,
                        before=self._place(reason.before, project),
                        after=self._place(reason.after, project),
                    )
                    for reason in edge.reasons
                ],
            )
            for edge in graph.edges
            if edge.after == task.key
        ]
        return GraphTaskView(
            key=task.key,
            section=task.section,
            place=self._at(project, task.notebook, task.cells[0] if task.section and task.cells else None, None),
            pipeline=task.pipeline,
            edges=edges,
            reads=task.reads,
            writes=task.writes,
            runs=task.runs,
        )

    def _question(self, question: Question, project: Project) -> QuestionView:
        places = [self._at(project, each.notebook, each.cell, each.line) for each in question.places]
        return QuestionView(code=question.code, text=question.text, places=places, remedy=question.remedy)

    def _place(self, place: Place | None, project: Project) -> TaskPlace | None:
        return None if place is None else self._at(project, place.notebook, place.cell, place.line)

    def _at(self, project: Project, notebook: str, cell: int | None, line: int | None) -> TaskPlace:
        path = below(self._top, project.root / notebook)
        return TaskPlace(path=path, notebook=notebook, cell=cell, line=line)


def below(top: str, file: Path) -> str | None:
    """Return a file's path as the server shows it; None where it does not show it."""
    path = os.path.relpath(file, top)
    return None if path.startswith("..") or not file.is_file() else path.replace(os.sep, "/")


def _paths(project: Project, notebook: Path, request: GraphRequest) -> list[Path]:
    folder = project.root / "notebooks"
    return [notebook] if request.scope == "notebook" else [folder if folder.is_dir() else notebook.parent]
