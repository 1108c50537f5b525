"""Notebooks on their way into a declarative pipeline: their statements, what they write, and what is refused."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal

from dex_dbutils import ExportError, Where

from dex.export.pieces import NOTHING, Piece
from dex.graph import Touched
from dex.notebook import Flow, flow_of

How = Literal["overwrite", "append", "stream", "view"]


@dataclass(frozen=True)
class Spot:
    """Where a statement stands."""

    notebook: str
    cell: int
    line: int

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.notebook}, cell {self.cell}, line {self.line}"


@dataclass(frozen=True)
class Refused:
    """Something in a notebook that has no meaning in a declarative pipeline.

    Attributes:
        spot: where it stands.
        message: what it is.
        remedy: what to do instead.
    """

    spot: Spot
    message: str
    remedy: str

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.spot}: {self.message} {self.remedy}"


class PipelineRefused(ExportError):
    """Notebooks that cannot become a pipeline.

    Args:
        refused: every place that cannot be carried over.
    """

    def __init__(self, refused: list[Refused]) -> None:
        unique = dict.fromkeys(refused)
        self.refused = tuple(sorted(unique, key=lambda r: (r.spot.notebook, r.spot.cell, r.spot.line)))
        first = self.refused[0]
        more = "".join(f"\n  {each}" for each in self.refused[1:])
        super().__init__(
            "DEX-EXPORT-40",
            f"{first.message}{f' And {len(self.refused) - 1} more:{more}' if more else ''}",
            Where(first.spot.notebook, first.spot.line, cell=first.spot.cell),
            first.remedy,
        )


@dataclass
class Step:
    """One statement of a notebook, loops and calls that write taken apart.

    Attributes:
        spot: where it stands in its notebook.
        text: its source.
        node: its syntax tree, positions as in the text.
        flow: names of the text.
        top: it stands at the top of the module in an export too: an import, a function, a constant.
        kind: as `Piece` has it.
        comments: the notebook's comments right above it.
        sql: the SQL that it is, where it is one statement of a SQL cell.
        piece: the statement that it was, where it is as it was there.
        touched: what it does to tables.
    """

    spot: Spot
    text: str
    node: ast.stmt
    flow: Flow = NOTHING
    top: bool = False
    kind: str = "statement"
    comments: tuple[str, ...] = ()
    sql: str | None = None
    piece: Piece | None = None
    touched: Touched = field(default_factory=Touched)

    @staticmethod
    def of(text: str, like: Step) -> Step:
        """Return a statement that stands where another one does.

        Raises:
            SyntaxError: the text is no single statement; a fault of whoever made it.
        """
        (node,) = ast.parse(text).body
        return Step(like.spot, text, node, flow_of(node), like.top, like.kind, (), None)


@dataclass
class Options:
    """What a table is declared with; the values are source texts of Python, or SQL where the statement is SQL.

    Attributes:
        comment: what the table is.
        schema: its columns as DDL.
        partitions: columns that it is partitioned by.
        clusters: columns that it is clustered by.
        properties: table properties.
        conf: settings of the session that held where it was written.
    """

    comment: str = ""
    schema: str = ""
    partitions: list[str] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    conf: dict[str, str] = field(default_factory=dict)

    def under(self, other: Options) -> Options:
        """Return these options, completed by those that were said elsewhere."""
        return Options(
            self.comment or other.comment,
            self.schema or other.schema,
            self.partitions or other.partitions,
            self.clusters or other.clusters,
            {**other.properties, **self.properties},
            {**other.conf, **self.conf},
        )


@dataclass
class Write:
    """What a statement writes.

    Attributes:
        how: it begins the table anew, adds rows, is a stream, or makes a temporary view.
        name: source of the table's name.
        frame: source of the frame that is written.
        by_position: columns go to the table's by their place, not by their name.
        replaces: what was said of the table before is gone.
        options: what the table is declared with.
        query: the query, where the statement is SQL.
        left_out: what the pipeline does by itself.
    """

    how: How
    name: str
    frame: str
    by_position: bool = False
    replaces: bool = False
    options: Options = field(default_factory=Options)
    query: str = ""
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Expectation:
    """A check that every row of a table has to pass.

    Attributes:
        name: what it says.
        condition: SQL that is true for a row that passes.
        spot: where the notebook checks it.
        whole: it is about the rows that the table has there, not about those of the frame that is written.
    """

    name: str
    condition: str
    spot: Spot
    whole: bool
