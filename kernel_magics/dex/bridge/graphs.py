"""The messages about the graph that notebooks make, and the job made of it, between server and page."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dex.bridge.jobs import JobsRequest, TaskPlace
from dex.bridge.message import Model

#: Which notebooks: the one that is named, or all of the project.
Scope = Literal["notebook", "project"]


class GraphRequest(JobsRequest):
    """Page to server: what depends on what among notebooks?

    Attributes:
        scope: the notebook alone, whose sections may be tasks, or all notebooks of its project.
        work: what progress of this request is called in events; none is told if empty.
    """

    scope: Scope = "project"
    work: str = ""


class EmitRequest(GraphRequest):
    """Page to server: export the notebooks and make one job of them.

    Attributes:
        job: key of the job.
        check: write nothing; say what would change.
        force: write over what a person changed in generated files.
    """

    job: str = Field(min_length=1)
    check: bool = True
    force: bool = False


class Progress(Model):
    """Server to every page, as an event: how far a request is.

    An event reaches whoever may listen to the server's events, so it names nothing.

    Attributes:
        work: the request, as the page called it.
        text: how far it is, such as ``3 of 14``.
    """

    work: str
    text: str


class ReasonView(Model):
    """Why a task comes after another.

    Attributes:
        kind: what connects them: table, path, schema, task value, override or resource.
        name: the table, path, schema or key of a task value; the word of an override.
        before: where it is written, set or said.
        after: where it is read.
    """

    kind: str
    name: str
    before: TaskPlace | None = None
    after: TaskPlace | None = None


class EdgeView(Model):
    """A task that another depends on, with the reasons."""

    before: str
    reasons: list[ReasonView]


class GraphTaskView(Model):
    """A task of an inferred graph.

    Attributes:
        key: its key.
        section: heading of the section that it is, where a notebook is several tasks.
        place: the notebook, and the first cell of the section.
        pipeline: it defines a pipeline.
        edges: the tasks that it depends on.
        reads: tables and paths that it reads and does not write first.
        writes: tables and paths that it writes.
        runs: notebooks that it runs.
    """

    key: str
    section: str | None = None
    place: TaskPlace
    pipeline: bool = False
    edges: list[EdgeView] = []
    reads: list[str] = []
    writes: list[str] = []
    runs: list[str] = []


class QuestionView(Model):
    """Something that the notebooks do not say.

    Attributes:
        code: code of the question.
        text: what is not known.
        places: what it is about.
        remedy: the answer to write, and where.
    """

    code: str
    text: str
    places: list[TaskPlace]
    remedy: str


class InputView(Model):
    """A table or path that tasks read and no task writes."""

    name: str
    readers: list[str]


class GraphReply(Model):
    """Server to page: the graph that notebooks make.

    Attributes:
        stages: the tasks by stage.
        inputs: what is read and written by nobody.
        questions: what only a person can say.
        assumptions: what was taken for granted.
        cyclic: tasks wait for each other, so that no job can be made.
        job: key of the job that was made of these notebooks last; None where none was.
    """

    stages: list[list[GraphTaskView]] = []
    inputs: list[InputView] = []
    questions: list[QuestionView] = []
    assumptions: list[str] = []
    cyclic: bool = False
    job: str | None = None


class EmitReply(Model):
    """Server to page: what became of a job of several notebooks or, in a check, would become of it.

    Attributes:
        job: key of the job.
        path: its file, below the project.
        status: written, unchanged, removed, or differs where nothing was to be written.
        diff: what differs, as a unified diff.
        files: its other files, such as what targets change of it, with what became of each.
        tasks: keys of its tasks.
        exported: modules that are exported with it.
        as_notebooks: notebooks that run as they are, with the reason.
        kept: values that a person changed in the file, which stay.
        questions: what the graph could not tell.
        remarks: what is still to be done for the bundle to be sound.
    """

    job: str
    path: str
    status: str
    diff: str = ""
    files: dict[str, str] = {}
    tasks: list[str] = []
    exported: list[str] = []
    as_notebooks: dict[str, str] = {}
    kept: list[str] = []
    questions: list[QuestionView] = []
    remarks: list[str] = []


#: What the server's event log calls `Progress`.
PROGRESS_EVENT = "urn:dexkit:progress"

SENT: tuple[type[Model], ...] = (GraphReply, EmitReply, Progress)
RECEIVED: tuple[type[Model], ...] = (GraphRequest, EmitRequest)
