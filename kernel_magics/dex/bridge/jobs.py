"""The messages about jobs between server and page."""

from __future__ import annotations

from pydantic import Field

from dex.bridge.message import Model


class JobsRequest(Model):
    """Page to server: which jobs are in the bundle of the project around a notebook?

    Attributes:
        path: a notebook of the project, below the server's root, as the file browser shows it.
    """

    path: str = Field(min_length=1)


class JobRequest(JobsRequest):
    """Page to server: the graph of a job, and one of its runs.

    Attributes:
        job: key of the job.
        run: number of the run; None for the job as the bundle has it now.
    """

    job: str = Field(min_length=1)
    run: int | None = None


class JobStartRequest(JobsRequest):
    """Page to server: run a job.

    Attributes:
        job: key of the job.
        parameters: values of its parameters; the others keep their defaults.
    """

    job: str = Field(min_length=1)
    parameters: dict[str, str] = {}


class JobRunRequest(JobsRequest):
    """Page to server: do something with a run.

    Attributes:
        run: its number.
    """

    run: int


class TaskLogRequest(JobRunRequest):
    """Page to server: what did a task print?

    Attributes:
        task: its key; ``loop[3]`` for an item of a for-each task.
    """

    task: str = Field(min_length=1)


class JobRunView(Model):
    """A run of a job.

    Attributes:
        run: its number.
        status: what it came to; ``PENDING`` before its first task, ``RUNNING`` while it goes on, ``UNFINISHED`` where whoever
            ran it was killed.
        environment: environment that its tasks work in; empty while it is pending.
        started: in UTC, as ISO 8601.
        seconds: so far, or to its end; None where nobody knows its end.
        ours: it goes on and was started from this server, and ends with it.
        repairable: something is left to do, and nobody does it.
    """

    run: int
    status: str
    environment: str
    started: str
    seconds: float | None = None
    ours: bool = False
    repairable: bool = False


class JobParameterView(Model):
    """A parameter of a job and what it is where a run does not say."""

    name: str
    default: str


class JobView(Model):
    """A job of the bundle.

    Attributes:
        key: its key under ``resources.jobs``.
        name: its name.
        tasks: how many it has.
        runs: its last runs on this machine, the latest first.
        problem: why it cannot be run, in one line.
    """

    key: str
    name: str
    tasks: int = 0
    runs: list[JobRunView] = []
    problem: str | None = None


class JobsReply(Model):
    """Server to page: the jobs of a bundle.

    Attributes:
        project: what events call the project of these jobs.
        jobs: in the order of the bundle's files.
        unreadable: what is wrong with the bundle's files that cannot be read, each with its place: their jobs are missing.
    """

    project: str
    jobs: list[JobView] = []
    unreadable: list[str] = []


class JobsChanged(Model):
    """Server to every page, as an event: something about runs has changed, so that pages that show them ask again.

    An event reaches whoever may listen to the server's events, so it says no more than that.

    Attributes:
        project: the project, as `JobsReply` calls it.
        runs: numbers of the runs.
    """

    project: str
    runs: list[int]


class TaskRunView(Model):
    """How far a task of a run is, or an item of a for-each task.

    Attributes:
        key: key of the task; ``loop[3]`` for the fourth item of ``loop``.
        status: what it came to, else its state; None where there is no run.
        attempt: attempts so far.
        seconds: of the last attempt, so far or to its end.
        value: what a notebook exited with, what a condition came to, the run of another job; cut if it is long.
        error: what went wrong, in one line.
    """

    key: str
    status: str | None = None
    attempt: int = 0
    seconds: float | None = None
    value: str | None = None
    error: str | None = None


class JobTaskView(TaskRunView):
    """A task of a job's graph.

    Attributes:
        what: its type, and what it runs.
        needs: keys of the tasks that it depends on.
        after: the same in words, a condition's with the outcome that is wanted.
        run_if: the rule, where it is not the usual one.
        items: items of a for-each task; of many, those that go on or did not end well.
        item_count: items of it in all.
    """

    what: str
    needs: list[str] = []
    after: list[str] = []
    run_if: str | None = None
    items: list[TaskRunView] = []
    item_count: int = 0


class JobReply(Model):
    """Server to page: the graph of a job, with a run of it.

    Attributes:
        key: key of the job.
        parameters: what a run may set; in a run, what it was given.
        stages: the tasks by stage, one stage below what they depend on.
        run: the run; None where none was asked for, or where it has not begun.
        starting: what the run does before its first task, such as starting an engine.
        stopped: the run was stopped before its first task, and has left nothing.
        problem: why its repair was refused, in one line.
    """

    key: str
    parameters: list[JobParameterView] = []
    stages: list[list[JobTaskView]] = []
    run: JobRunView | None = None
    starting: str | None = None
    stopped: bool = False
    problem: str | None = None


class JobStarted(Model):
    """Server to page: the number of a run that was started, repaired or stopped."""

    run: int


class TaskPlace(Model):
    """A place that something about a task leads to.

    Attributes:
        path: path of the notebook, or another file, below the server's root; None where the server does not show it.
        notebook: the same below the project.
        cell: number of the cell, counted from 1 over all cells; None in a file without cells.
        line: line in that cell or file, counted from 1.
    """

    path: str | None
    notebook: str
    cell: int | None = None
    line: int | None = None


class TaskLog(Model):
    """Server to page: what the last attempt of a task printed.

    Attributes:
        task: its key.
        text: the log; of a long one, its end.
        cut: the beginning is left out.
        places: places in notebooks that a failure leads to, the innermost first.
    """

    task: str
    text: str
    cut: bool = False
    places: list[TaskPlace] = []


#: What the server's event log calls `JobsChanged`.
JOBS_EVENT = "urn:dexkit:jobs-changed"

SENT: tuple[type[Model], ...] = (JobsReply, JobsChanged, JobReply, JobStarted, TaskLog)
RECEIVED: tuple[type[Model], ...] = (JobsRequest, JobRequest, JobStartRequest, JobRunRequest, TaskLogRequest)
