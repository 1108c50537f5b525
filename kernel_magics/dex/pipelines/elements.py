"""What the sources of a pipeline define: datasets, and the flows that fill them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from dex_dbutils import PipelineError, Where

from dex.guard import split_name

Kind = Literal["materialized view", "streaming table", "table", "temporary view", "sink"]
Action = Literal["warn", "drop", "fail"]


def ticked(name: str) -> str:
    """Return a name in backticks, whatever it is: a word of SQL may be a table's name."""
    return f"`{name.replace('`', '``')}`"


@dataclass(frozen=True)
class Name:
    """A dataset's full name, in lower case as Unity Catalog keeps it."""

    catalog: str
    schema: str
    table: str

    def __str__(self) -> str:
        return f"{self.catalog}.{self.schema}.{self.table}"

    @property
    def sql(self) -> str:
        """The name as SQL takes it."""
        return ".".join(map(ticked, (self.catalog, self.schema, self.table)))


@dataclass(frozen=True)
class Names:
    """How names are read in a pipeline.

    Attributes:
        catalog: the environment's catalog, which stands for the pipeline's.
        declared: the pipeline's catalog as it is declared; empty for none.
        schema: the pipeline's schema.
    """

    catalog: str
    declared: str
    schema: str

    def find(self, text: str) -> Name | None:
        """Return the full name of what a text of one, two or three parts names; None for a path or another text.

        ``LIVE.x`` is a dataset of the pipeline itself.
        """
        parts = [part.lower() for part in split_name(text)]
        if not all(parts) or len(parts) > 3 or "/" in parts[-1]:
            return None
        if len(parts) == 2 and parts[0] == "live":
            parts = parts[1:]
        if len(parts) == 3 and parts[0] == self.declared:
            parts[0] = self.catalog
        whole = [self.catalog, self.schema][: 3 - len(parts)] + parts
        return Name(*whole)


@dataclass(frozen=True)
class Expectation:
    """A condition that rows of a dataset should meet, and what becomes of those that do not."""

    name: str
    constraint: str
    action: Action


@dataclass(frozen=True)
class Flow:
    """A query that fills a dataset.

    Attributes:
        name: the flow's name.
        query: returns the frame; called while the pipeline is planned, and again when it is this flow's turn.
        place: where it is defined.
        once: it is to run once, also where it does not read a stream.
        settings: of Spark, while it runs.
    """

    name: str
    query: Callable[[], Any]
    place: Where
    once: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Changes:
    """A flow that applies a feed of changes to a streaming table: the newest row of every key.

    Attributes:
        name: the flow's name.
        source: what it reads, as written.
        keys: columns that identify a row.
        sequence_by: SQL expression or column that orders the changes.
        deletes: condition of a change that takes the row away; None for none.
        columns: those to keep; None for all.
        left_out: those to leave out.
        place: where it is defined.
    """

    name: str
    source: str
    keys: Sequence[str]
    sequence_by: Any
    deletes: Any
    columns: Sequence[str] | None
    left_out: Sequence[str]
    place: Where


@dataclass(frozen=True)
class Dataset:
    """A table or view that a pipeline defines.

    Attributes:
        name: its full name.
        kind: ``table`` until its query tells whether it reads a stream.
        place: where it is defined.
        flows: what fills it, in the order of the sources.
        expectations: conditions on its rows.
        columns: declared columns: name and type, which is None where only the name is declared; None for none at all.
        positional: the declared columns are those of the query in their order, not by name.
        partitioned_by: columns that its files are divided by.
        properties: its table properties.
        refused: why it cannot be made on this machine; None where it can.
    """

    name: Name
    kind: Kind
    place: Where
    flows: tuple[Flow | Changes, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    columns: tuple[tuple[str, Any], ...] | None = None
    positional: bool = False
    partitioned_by: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    refused: PipelineError | None = None


class Registry:
    """Collects what the sources of a pipeline define.

    Args:
        names: how names are read.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.datasets: dict[Name, Dataset] = {}
        self._loose: list[tuple[Name, Flow | Changes]] = []
        self._refused: dict[Name, PipelineError] = {}

    def name(self, text: str, place: Where) -> Name:
        """Return the full name of what is defined.

        Raises:
            PipelineError: DEX-PIPELINE-04, it is no name of a table.
        """
        found = self.names.find(text)
        if found is None:
            raise PipelineError(
                "DEX-PIPELINE-04",
                f"'{text}' is no name of a dataset.",
                place,
                "Give a name of one, two or three parts: table, schema.table or catalog.schema.table.",
            )
        return found

    def add(self, dataset: Dataset) -> None:
        """Take a dataset.

        Raises:
            PipelineError: DEX-PIPELINE-05, there is one of that name; DEX-PIPELINE-04, it names an expectation twice.
        """
        other = self.datasets.get(dataset.name)
        if other is not None:
            raise PipelineError(
                "DEX-PIPELINE-05",
                f"The dataset {dataset.name} is defined twice; the other time in {other.place}.",
                dataset.place,
                "Give one of them another name.",
            )
        said = [each.name for each in dataset.expectations]
        twice = next((name for name in said if said.count(name) > 1), None)
        if twice is not None:
            raise PipelineError(
                "DEX-PIPELINE-04",
                f"The dataset {dataset.name} has two expectations named '{twice}'.",
                dataset.place,
                "Give each expectation of a dataset a name of its own.",
            )
        self.datasets[dataset.name] = dataset

    def add_flow(self, target: Name, flow: Flow | Changes) -> None:
        """Take a flow into a streaming table, which may be defined later."""
        self._loose.append((target, flow))

    def refuse(self, target: Name, error: PipelineError) -> None:
        """Take that a table cannot be made on this machine, because of one of its flows."""
        self._refused.setdefault(target, error)

    def finished(self) -> dict[Name, Dataset]:
        """Return the datasets with all their flows.

        Raises:
            PipelineError: DEX-PIPELINE-05, a flow goes into what is no streaming table, or two have one name.
        """
        found = dict(self.datasets)
        for target, error in self._refused.items():
            if target not in found:
                raise error
            found[target] = replace(found[target], refused=error)
        for target, flow in self._loose:
            dataset = found.get(target)
            if dataset is not None and dataset.kind == "sink":
                continue
            if dataset is None or dataset.kind not in ("streaming table", "table"):
                said = "no dataset of this pipeline" if dataset is None else f"a {dataset.kind}"
                raise PipelineError(
                    "DEX-PIPELINE-05",
                    f"The flow '{flow.name}' goes into {target}, which is {said}.",
                    flow.place,
                    "Make the table first: dp.create_streaming_table(...), or CREATE OR REFRESH STREAMING TABLE.",
                )
            same = next((each for each in dataset.flows if each.name == flow.name), None)
            if same is not None:
                raise PipelineError(
                    "DEX-PIPELINE-05",
                    f"Two flows into {target} are named '{flow.name}'; the other one is in {same.place}.",
                    flow.place,
                    "Give one of them another name.",
                )
            found[target] = replace(dataset, flows=(*dataset.flows, flow), kind="streaming table")
        return found
