"""What the datasets of a pipeline read, found by making their queries without running them; their order."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import Any

from dex_dbutils import DexError, PipelineError, Where

from dex.pipelines.elements import Changes, Dataset, Flow, Name
from dex.pipelines.making import Maker
from dex.pipelines.reading import Evaluation, keeps_state, streams_in
from dex.pipelines.stateless import state_kept
from dex.pipelines.writing import as_declared, without_deletes

#: A column behind schema and table, and an earlier version: an empty frame that stands for the table has neither.
_OF_THE_TABLE = re.compile(r"\w`?\s*\.\s*`?\w+`?\s*\.\s*`?\w|\bAS\s+OF\b", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """The datasets of a pipeline and what they read.

    Attributes:
        datasets: by name, tables and views; their kinds are known now.
        reads: tables that each dataset reads, through views too.
        order: tables that were asked for, each behind those that it reads.
    """

    datasets: dict[Name, Dataset]
    reads: dict[Name, tuple[Name, ...]]
    order: tuple[Name, ...]

    def waits(self) -> TopologicalSorter[Name]:
        """Return a sorter of the tables that were asked for, by what they read of each other."""
        wanted = set(self.order)
        return TopologicalSorter({name: [each for each in self.reads[name] if each in wanted] for name in self.order})


class _First(BaseException):
    """A dataset has to be planned before the one whose query is being made; no query may catch it."""

    def __init__(self, name: Name) -> None:
        super().__init__(str(name))
        self.name = name


@dataclass(frozen=True)
class _Made:
    """The query of a flow, made to be planned: whether it is a stream and its columns, None where that is open."""

    evaluation: Evaluation
    streaming: bool | None
    schema: Any


class Planner:
    """Plans an update: queries are made without a row, each on empty frames with the columns of those before it.

    So a name or a column that is not there is found before anything is written, as the platform finds it.

    Args:
        maker: makes queries.
        chosen: tables that are asked for; all if empty. The others may hold what cannot be made here.
    """

    def __init__(self, maker: Maker, chosen: Collection[Name]) -> None:
        self._maker, self._chosen = maker, chosen
        self._datasets = maker.datasets
        self._known: dict[Name, Dataset] = {}
        self._made: dict[Name, list[_Made]] = {}
        self._columns: dict[Name, Any] = {}
        self._there: dict[Name, bool] = {}

    def plan(self) -> Plan:
        """Return the plan.

        Raises:
            PipelineError: DEX-PIPELINE-06, a table that nobody makes is read; -07, datasets read each other in a
                circle; -08, a dataset cannot be made on this machine; -10, a query cannot be made; -13, a table is not
                chosen that is not there and is needed; -14, a query gives something else than its dataset is.
        """
        for name in self._datasets:
            if self._is_chosen(name):
                self._plan_with_those_before(name)
        known = {name: self._known.get(name, dataset) for name, dataset in self._datasets.items()}
        reads = {n: tuple({t: None for each in made for t in each.evaluation.tables}) for n, made in self._made.items()}
        stored = [name for name in self._datasets if name in reads and known[name].kind != "temporary view"]
        order = TopologicalSorter({n: [each for each in reads[n] if each in stored] for n in stored}).static_order()
        return Plan(known, {name: reads[name] for name in self._datasets if name in reads}, tuple(order))

    def _is_chosen(self, name: Name) -> bool:
        return name in self._datasets and (not self._chosen or name in self._chosen)

    def _plan_with_those_before(self, name: Name) -> None:
        waiting = [name]
        while waiting:
            try:
                self._plan_one(waiting[-1])
                waiting.pop()
            except _First as first:
                if first.name in waiting:
                    raise self._circle([*waiting[waiting.index(first.name) :], first.name]) from None
                waiting.append(first.name)

    def _plan_one(self, name: Name) -> None:
        if name in self._made:
            return
        dataset = self._datasets[name]
        if dataset.refused is not None:
            raise dataset.refused
        made = [self._make(dataset, flow) for flow in dataset.flows]
        self._known[name] = _of_kind(dataset, [each.streaming for each in made])
        self._columns[name] = next((each.schema for each in made if each.schema is not None), None)
        self._made[name] = made

    def _make(self, dataset: Dataset, flow: Flow | Changes) -> _Made:
        evaluation = self._maker.evaluation(flow, self._maker.whole)
        open_ones: set[Name] = set()
        evaluation.stand_in = lambda name: self._stand_in(name, open_ones)
        evaluation.checked = lambda view, frame: _checked(as_declared(frame, view), view)
        try:
            frame = self._maker.query(dataset, flow, evaluation)
            self._check_tables(dataset, evaluation)
            streaming = streams_in(frame, evaluation.marks)
            why = "" if isinstance(flow, Changes) else state_kept(frame, evaluation.marks)
            if why:
                raise keeps_state(why, flow.place)
            schema = None if open_ones else _schema_of(frame, dataset, flow)
        except DexError:
            raise
        except Exception as error:
            self._check_tables(dataset, evaluation)
            if not open_ones and not any(map(_OF_THE_TABLE.search, evaluation.texts)):
                raise self._maker.told(error, dataset, flow.place) from error
            # it needs the columns of what is not made yet; it is made again when its turn comes
            return _Made(evaluation, True if any(evaluation.tables.values()) else None, None)
        return _Made(evaluation, streaming, schema)

    def _stand_in(self, name: Name, open_ones: set[Name]) -> Any:
        """Return an empty frame with the columns of a table of the pipeline; None where the table itself is read."""
        if not self._is_chosen(name):
            return None
        if name not in self._made:
            raise _First(name)
        schema = self._columns[name]
        if schema is None:
            open_ones.add(name)
            return None
        return self._maker.spark.createDataFrame([], schema).alias(name.table)

    def _check_tables(self, dataset: Dataset, evaluation: Evaluation) -> None:
        for table in evaluation.tables:
            if self._is_chosen(table):
                continue
            if table not in self._there:
                self._there[table] = self._maker.exists(table)
            if not self._there[table]:
                own = table in self._datasets
                raise _left_out(table, dataset) if own else _unknown(table, dataset, self._datasets)

    def _circle(self, way: list[Name]) -> PipelineError:
        places = ", ".join(f"{each.table}: {self._datasets[each].place}" for each in way[:-1])
        return PipelineError(
            "DEX-PIPELINE-07",
            f"Datasets read each other in a circle: {' -> '.join(map(str, way))} ({places}).",
            self._datasets[way[0]].place,
            "Take one of the reads away.",
        )


def _schema_of(frame: Any, dataset: Dataset, flow: Flow | Changes) -> Any:
    """Return the columns that a query gives its dataset; the engine looks at all that it and the expectations name."""
    if isinstance(flow, Changes):
        frame = without_deletes(frame, flow)
    return _checked(as_declared(frame, dataset), dataset).schema


def _checked(frame: Any, dataset: Dataset) -> Any:
    """Return a frame of the same columns, whose query names all that the dataset's expectations do."""
    for each in dataset.expectations:
        frame = frame.where(f"({each.constraint})")
    return frame


def _of_kind(dataset: Dataset, streaming: list[bool | None]) -> Dataset:
    """Return a dataset whose kind is known: a ``table`` is a streaming table if its query reads a stream."""
    if dataset.kind == "table":
        return replace(dataset, kind="streaming table" if True in streaming else "materialized view")
    if dataset.kind == "temporary view":
        return dataset
    for flow, is_stream in zip(dataset.flows, streaming, strict=True):
        if isinstance(flow, Changes) or is_stream is None or flow.once:
            continue
        if is_stream and dataset.kind == "materialized view":
            raise wrong_kind(f"The materialized view {dataset.name} reads a stream", flow.place, "spark.read")
        if not is_stream and dataset.kind == "streaming table":
            raise wrong_kind(
                f"The flow '{flow.name}' into {dataset.name} reads no stream", flow.place, "spark.readStream"
            )
    return dataset


def wrong_kind(what: str, place: Where, instead: str) -> PipelineError:
    """Return the error of a query that is a stream, or is none, where the other is wanted."""
    more = " or STREAM(...)" if "Stream" in instead else " and without STREAM(...)"
    return PipelineError("DEX-PIPELINE-14", f"{what}.", place, f"Read with {instead}{more}, or define the other kind.")


def _left_out(table: Name, dataset: Dataset) -> PipelineError:
    return PipelineError(
        "DEX-PIPELINE-13",
        f"{dataset.name} reads {table}, which is not there yet and is not chosen.",
        dataset.place,
        f"Choose {table} as well.",
    )


def _unknown(table: Name, dataset: Dataset, datasets: Iterable[Name]) -> PipelineError:
    near = difflib.get_close_matches(str(table), [str(each) for each in datasets], n=1, cutoff=0.7)
    hint = f" Did you mean {near[0]}?" if near else ""
    return PipelineError(
        "DEX-PIPELINE-06",
        f"The dataset {dataset.name} reads {table}, which this pipeline does not define and the catalog does not have.{hint}",
        dataset.place,
        "Correct the name, or make the table first.",
    )
