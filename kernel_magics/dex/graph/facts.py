"""What a notebook does that matters to other tasks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from dex.graph.models import How, Place, Question
from dex.graph.names import Name

#: How to answer where something cannot be read.
SAY_BOTH = "Say it in this notebook: `dex: task {reads: [layer.table], writes: [layer.table]}`."
#: What a cell may hand to another besides tables: a temporary view, a widget, a setting of the session.
Shared = tuple[Literal["view", "widget", "setting"], str]


@dataclass(frozen=True)
class Use:
    """A table, path or schema that is read or written.

    Attributes:
        cell: the cell of the task's own notebook from which it is reached.
    """

    how: How
    name: Name
    place: Place
    cell: int
    assumed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TaskValue:
    """A task value that is set, or got from a task."""

    key: str
    task: str | None
    place: Place
    cell: int


@dataclass(frozen=True)
class Mention:
    """A text that is given to a function from outside of the project, which may read or write the table so named."""

    name: Name
    function: str
    place: Place
    cell: int


@dataclass
class Facts:
    """What one notebook does, that of the notebooks which it runs included.

    Attributes:
        uses: in order, each once.
        views: temporary views, each with where it is made.
        gives: what a cell makes for the session, with the cell.
        takes: what a cell needs of the session, with the cell.
        runs: notebooks that it runs, by their paths below the project.
        pipeline: it defines tables of a pipeline.
        ends: what other tasks came to, as its settings ask for it, such as `result_state`.
    """

    uses: dict[Use, None] = field(default_factory=dict)
    values: list[TaskValue] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    views: dict[str, Place] = field(default_factory=dict)
    gives: list[tuple[Shared, int]] = field(default_factory=list)
    takes: list[tuple[Shared, int]] = field(default_factory=list)
    questions: list[tuple[Question, int]] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    pipeline: bool = False
    ends: list[TaskValue] = field(default_factory=list)

    def of_cells(self, cells: Iterable[int]) -> Facts:
        """Return what some cells of the notebook do."""
        kept = set(cells)
        return Facts(
            {use: None for use in self.uses if use.cell in kept},
            [value for value in self.values if value.cell in kept],
            [mention for mention in self.mentions if mention.cell in kept],
            self.views,
            questions=[(question, cell) for question, cell in self.questions if cell in kept],
            runs=self.runs,
            pipeline=self.pipeline,
        )
