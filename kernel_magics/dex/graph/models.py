"""A job's graph as typed values: what `dex job graph --json` prints."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

How = Literal["read", "create", "append", "change", "overwrite"]
ReasonKind = Literal["table", "path", "schema", "task value", "override", "resource"]


class Model(BaseModel):
    """Base of the messages here: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(Model):
    """Where something stands.

    Attributes:
        notebook: path below the project; of a module or a resource file where it stands there.
        cell: counted from 1 over all cells; None in files without cells.
        line: in the cell, or in the file where there is no cell.
    """

    notebook: str
    cell: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        """Return it in one line."""
        parts = [self.notebook, f"cell {self.cell}" if self.cell else "", f"line {self.line}" if self.line else ""]
        return ", ".join(part for part in parts if part)


class Task(Model):
    """One task.

    Attributes:
        key: its key in the job.
        notebook: path below the project; the file of the configuration for a task that it writes out.
        section: heading of the section that it is, where a notebook is several tasks.
        cells: numbers of the cells that it runs, where a notebook is several tasks; those that all of them need included.
            Imports, functions, classes and literal constants of the other cells hold in it too.
        pipeline: it defines a pipeline instead of doing something itself.
        reads: tables and paths that it reads and does not write first, in order.
        writes: tables and paths that it writes, in order.
        runs: notebooks that it runs by `%run` or `dbutils.notebook.run`: what they do counts as done by it.
        type: its type, such as `condition_task`, where it is no notebook but a task that the configuration writes out.
        settings: what its notebook says of it beside what it waits for, in the words of the Jobs API; `depends_on` where
            it asks for the outcome of a condition.
        said: where the notebook says so.
    """

    key: str
    notebook: str
    section: str | None = None
    cells: list[int] = []
    pipeline: bool = False
    reads: list[str] = []
    writes: list[str] = []
    runs: list[str] = []
    type: str = ""
    settings: dict[str, Any] = {}
    said: Place | None = None


class Reason(Model):
    """Why a task comes after another.

    Attributes:
        kind: what connects them.
        name: the table, path, schema or key of a task value; the word of an override.
        before: where it is written, set or said.
        after: where it is read.
    """

    kind: ReasonKind
    name: str
    before: Place | None = None
    after: Place | None = None


class Edge(Model):
    """One task that another depends on.

    Attributes:
        before: key of the task that comes first.
        after: key of the task that depends on it.
        reasons: why, the most telling first.
    """

    before: str
    after: str
    reasons: list[Reason]

    @property
    def label(self) -> str:
        """The names that connect them."""
        return ", ".join(dict.fromkeys(reason.name for reason in self.reasons))


class Input(Model):
    """A table or path that tasks read and no task writes."""

    name: str
    readers: list[str]


class Question(Model):
    """Something that the notebooks do not say.

    Attributes:
        code: ``DEX-GRAPH-NN``, listed in the docs.
        text: what is not known.
        places: what it is about.
        remedy: how to answer.
    """

    code: str
    text: str
    places: list[Place]
    remedy: str

    def to_text(self) -> str:
        """Return it for logs and terminals."""
        return "\n".join(
            [f"{self.code}: {self.text}", *(f"  where: {p}" for p in self.places), f"  next:  {self.remedy}"]
        )


class JobGraph(Model):
    """The tasks of a job and what each depends on.

    Attributes:
        tasks: in the order of the notebooks.
        edges: by task, in the order of the tasks.
        inputs: what is read and written by nobody.
        questions: what only a person can say; the edges hold what is known without the answers.
        assumptions: what was taken for granted, such as a widget's default.
    """

    tasks: list[Task]
    edges: list[Edge]
    inputs: list[Input] = []
    questions: list[Question] = []
    assumptions: list[str] = []

    def task(self, key: str) -> Task:
        """Return a task by its key.

        Raises:
            KeyError: there is none.
        """
        for task in self.tasks:
            if task.key == key:
                return task
        raise KeyError(key)

    def depends_on(self, key: str) -> list[str]:
        """Return the keys of the tasks that a task depends on, in the order of the tasks."""
        before = {edge.before for edge in self.edges if edge.after == key}
        return [task.key for task in self.tasks if task.key in before]

    @cached_property
    def stages(self) -> list[list[str]]:
        """Keys of the tasks by stage: a task stands one stage below the last that it depends on; a cycle stands last."""
        from dex.graph.drawing import stages_in

        return stages_in({task.key: self.depends_on(task.key) for task in self.tasks})

    @property
    def is_cyclic(self) -> bool:
        """Whether tasks wait for each other, so that the job cannot run."""
        return any(question.code == "DEX-GRAPH-11" for question in self.questions)

    def to_text(self, width: int = 100) -> str:
        """Return the graph for logs and terminals."""
        from dex.graph.drawing import text_of

        return text_of(self, width)

    def to_mermaid(self) -> str:
        """Return the graph as a Mermaid flowchart."""
        from dex.graph.drawing import mermaid_of

        return mermaid_of(self)
