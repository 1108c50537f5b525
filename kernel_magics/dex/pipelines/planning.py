"""What the datasets of a pipeline read, found by making their queries without running them; their order."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from dex_dbutils import PipelineError, Where

from dex.pipelines.elements import Changes, Dataset, Name
from dex.pipelines.reading import Evaluation


@dataclass(frozen=True)
class Plan:
    """The datasets of a pipeline and what they read.

    Attributes:
        datasets: by name, tables and views; their kinds are known now.
        reads: tables that each dataset reads, through views too.
        views: views that each dataset reads.
        order: tables that were asked for, each behind those that it reads.
    """

    datasets: dict[Name, Dataset]
    reads: dict[Name, tuple[Name, ...]]
    views: dict[Name, tuple[Name, ...]]
    order: tuple[Name, ...]

    def waits(self) -> TopologicalSorter[Name]:
        """Return a sorter of the tables that were asked for, by what they read of each other."""
        wanted = set(self.order)
        return TopologicalSorter({name: [each for each in self.reads[name] if each in wanted] for name in self.order})


def plan(
    datasets: Mapping[Name, Dataset],
    chosen: Collection[Name],
    evaluate: Callable[[Dataset], list[tuple[Evaluation, bool | None]]],
    exists: Callable[[Name], bool],
) -> Plan:
    """Return the plan of a pipeline.

    Args:
        datasets: as the sources define them.
        chosen: tables that are asked for; all if empty. The others may hold what cannot be made here.
        evaluate: makes the queries of a dataset; returns what each read, and whether it is a stream, which is None
            where the query could not be made yet.
        exists: returns whether there is a table of that name.

    Raises:
        PipelineError: DEX-PIPELINE-06, a table that nobody makes is read; -07, datasets read each other in a circle;
            -08, a dataset cannot be made on this machine; -13, a table is not chosen that is not there and is needed;
            -14, a query is a stream or is none where the other is wanted.
    """
    known: dict[Name, Dataset] = {}
    reads: dict[Name, tuple[Name, ...]] = {}
    views: dict[Name, tuple[Name, ...]] = {}
    there: dict[Name, bool] = {}
    for name, dataset in datasets.items():
        if chosen and name not in chosen:
            known[name] = dataset
            continue
        if dataset.refused is not None:
            raise dataset.refused
        made = evaluate(dataset)
        tables = {table: None for one, _ in made for table in one.tables}
        for table in tables:
            if table in datasets and (not chosen or table in chosen):
                continue
            if table not in there:
                there[table] = exists(table)
            if not there[table]:
                raise _left_out(table, dataset) if table in datasets else _unknown(table, dataset, datasets)
        reads[name] = tuple(tables)
        views[name] = tuple({view: None for one, _ in made for view in one.views})
        known[name] = _of_kind(dataset, [streaming for _, streaming in made])
    stored = [name for name in reads if known[name].kind != "temporary view"]
    try:
        order = TopologicalSorter({n: [r for r in reads[n] if r in stored] for n in stored}).static_order()
        return Plan(known, reads, views, tuple(order))
    except CycleError as error:
        way = list(reversed(error.args[1]))
        places = ", ".join(f"{each.table}: {known[each].place}" for each in way[:-1])
        raise PipelineError(
            "DEX-PIPELINE-07",
            f"Datasets read each other in a circle: {' -> '.join(str(each) for each in way)} ({places}).",
            known[way[0]].place,
            "Take one of the reads away.",
        ) from error


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
