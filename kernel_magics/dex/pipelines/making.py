"""Queries of a pipeline's datasets, made in this process: what they read is followed, what they say is told with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dex_dbutils import Environment, PipelineError, Where
from dex_dbutils.catalog import stored_table

from dex.pipelines.decorators import first_line
from dex.pipelines.elements import Changes, Dataset, Flow, Name, Names
from dex.pipelines.reading import Evaluation, Streams, framed
from dex.pipelines.sources import Sources
from dex.pipelines.streams import Whole


class Maker:
    """Makes the queries of datasets.

    Args:
        spark: the session.
        environment: where the tables are.
        names: how names are read.
        datasets: all of the pipeline.
        configuration: values of ``${key}``.
        sources: know the place of an error.

    Attributes:
        whole: gives all that a source of a stream has.
    """

    def __init__(
        self,
        spark: Any,
        environment: Environment,
        names: Names,
        datasets: Mapping[Name, Dataset],
        configuration: Mapping[str, str],
        sources: Sources,
    ) -> None:
        self.spark, self.environment, self.datasets = spark, environment, datasets
        self._names, self._configuration, self._sources = names, configuration, sources
        self.whole = Whole(spark, environment.project.root)

    def evaluation(self, flow: Flow | Changes, streams: Streams) -> Evaluation:
        """Return what is needed to make the query of a flow."""
        root = self.environment.project.root
        return Evaluation(
            self.spark, root, self._names, self.datasets, self._configuration, streams, flow.place, self._actual
        )

    def query(self, dataset: Dataset, flow: Flow | Changes, evaluation: Evaluation) -> Any:
        """Return the frame that the query of a flow gives; whatever the query raises is raised."""
        with evaluation.going():
            if isinstance(flow, Changes):
                return framed(self.spark.readStream.table(flow.source), dataset)
            try:
                return framed(flow.query(), dataset)
            except SystemExit as leaving:
                raise RuntimeError(f"it left with sys.exit({leaving.code!r})") from leaving

    def exists(self, name: Name) -> bool:
        """Return whether there is a table or view of that name."""
        return bool(self.spark.catalog.tableExists(self._actual(name).sql))

    def told(self, error: Exception, dataset: Dataset, place: Where) -> PipelineError:
        """Return what an error of the engine or of a query says, with its place in the sources."""
        return PipelineError(
            "DEX-PIPELINE-10",
            f"{dataset.name} cannot be made: {type(error).__name__}: {first_line(error)}",
            self._sources.place_of(error, place),
            "Mend the query, then run the pipeline again; tables that were made stay.",
        )

    def _actual(self, name: Name) -> Name:
        """Return the name of a table as the engine has it: it minds the case of those that others have made."""
        if name in self.datasets:
            return name
        stored = stored_table(self.environment, name.schema, name.table)
        return name if stored is None else Name(name.catalog, name.schema, stored.name)
