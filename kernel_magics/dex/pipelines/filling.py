"""One table of a pipeline: its rows checked and written."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dex_dbutils import DexError
from dex_dbutils.catalog import engine_path

from dex.pipelines.decorators import needs_workspace
from dex.pipelines.delta_log import DeltaLog
from dex.pipelines.elements import Changes, Dataset, Flow
from dex.pipelines.making import Maker
from dex.pipelines.models import DatasetReport
from dex.pipelines.quality import add_counts, check, count, kept
from dex.pipelines.reading import Evaluation, Streams, keeps_state
from dex.pipelines.stateless import state_kept
from dex.pipelines.streams import Checkpoint, NewRows, delta_log
from dex.pipelines.surroundings import STAGING, SessionSettings
from dex.pipelines.writing import as_declared, newest_of_each_key, write


class Filler:
    """Fills the tables of datasets.

    Args:
        maker: makes their queries.
        settings: of the session.
        folder: the pipeline's own folder.
        log: takes what happens.
    """

    def __init__(self, maker: Maker, settings: SessionSettings, folder: Path, log: Callable[[str], None]) -> None:
        self._maker, self._settings, self._folder, self._log = maker, settings, folder, log
        self._spark, self._environment = maker.spark, maker.environment

    def _frame(
        self, dataset: Dataset, flow: Flow | Changes, streams: Streams, report: DatasetReport
    ) -> tuple[Any, Evaluation]:
        evaluation = self._maker.evaluation(flow, streams)
        evaluation.checked = lambda view, frame: self._view(view, frame, report)
        return self._maker.query(dataset, flow, evaluation), evaluation

    def _view(self, view: Dataset, frame: Any, report: DatasetReport) -> Any:
        """Return the frame of a view without the rows that its expectations drop; what they count is the reader's."""
        frame = as_declared(frame, view)
        if not view.expectations:
            return frame
        _, dropped, counted = count(frame, view.expectations)
        named = [each.model_copy(update={"name": f"{view.name.table}.{each.name}"}) for each in counted]
        add_counts(report, dropped, named)
        check(view, counted)
        return kept(frame, view.expectations)

    # -- tables --------------------------------------------------------------------------------------------------------

    def fill(self, dataset: Dataset, anew: bool, report: DatasetReport) -> None:
        """Bring a table up to date.

        Args:
            dataset: whose table it is.
            anew: a streaming table is to begin anew.
            report: takes what was counted.

        Raises:
            PipelineError: it cannot be made; its table is as it was.
        """
        try:
            if dataset.kind == "streaming table":
                self._fill_stream(dataset, anew, report)
                return
            flow = dataset.flows[0]
            with self._settings.during(_settings(flow)):
                frame, _ = self._frame(dataset, flow, self._maker.whole, report)
                self._write(as_declared(frame, dataset), dataset, report, anew=True)
        except DexError:
            raise
        except Exception as error:
            raise self._maker.told(
                error, dataset, dataset.flows[-1].place if dataset.flows else dataset.place
            ) from error

    def _fill_stream(self, dataset: Dataset, anew: bool, report: DatasetReport) -> None:
        """Bring a streaming table up to date with what its flows have not seen."""
        if anew and dataset.properties.get("pipelines.reset.allowed", "true").lower() == "false":
            self._log(f"{dataset.name}: is not made anew, pipelines.reset.allowed is false")
            anew = False
        checkpoint = Checkpoint(self._folder / f"{dataset.name}.json")
        anew = checkpoint.settle(self._delta_log(dataset)) or anew
        feeds = [flow for flow in dataset.flows if isinstance(flow, Changes)]
        if feeds and len(dataset.flows) > 1:
            raise needs_workspace(f"A change feed beside other flows into {dataset.name}", feeds[0].place)
        if feeds:
            frame, _ = self._frame(dataset, feeds[0], self._maker.whole, report)
            rows = newest_of_each_key(frame, feeds[0], dataset)
            self._write(as_declared(rows, dataset), dataset, report, anew=True)
        elif dataset.flows:
            for flow in dataset.flows:
                assert isinstance(flow, Flow)
                with self._settings.during(_settings(flow)):
                    anew = self._append(dataset, flow, checkpoint, anew, report) and anew
        elif anew:
            self._write(self._empty(dataset), dataset, report, anew=True)

    def _append(self, dataset: Dataset, flow: Flow, checkpoint: Checkpoint, anew: bool, report: DatasetReport) -> bool:
        """Add what a flow has not seen; return whether the table still has to begin anew."""
        before = {} if anew else checkpoint.flow(flow.name)
        if flow.once and before.get("once"):
            return anew
        new = NewRows(self._spark, self._environment, before)
        frame, evaluation = self._frame(dataset, flow, new, report)
        why = state_kept(frame, evaluation.marks)
        if why:
            raise keeps_state(why, flow.place)
        if flow.once:
            new.state["once"] = True
        log = self._delta_log(dataset)
        version = -1 if log is None else log.version
        self._write(
            as_declared(frame, dataset),
            dataset,
            report,
            anew=anew,
            intend=lambda: checkpoint.intend(flow.name, new.state, version, anew),
        )
        log = self._delta_log(dataset)
        checkpoint.done(log.id if log is not None else "")
        return False

    def _empty(self, dataset: Dataset) -> Any:
        """Return no rows, of the columns that a table without flows declares."""
        if dataset.columns is None:
            raise needs_workspace(f"The table {dataset.name}, which has neither flows nor columns,", dataset.place)
        from pyspark.sql.types import StringType, StructField, StructType

        fields = [StructField(name, kind or StringType()) for name, kind in dataset.columns]
        return self._spark.createDataFrame([], StructType(fields))

    def _write(
        self,
        frame: Any,
        dataset: Dataset,
        report: DatasetReport,
        *,
        anew: bool,
        intend: Callable[[], None] = lambda: None,
    ) -> None:
        """Write rows that meet the expectations, and note what was counted.

        The rows are staged first: so those that are counted are those that are written, and a query that fails does so
        before Sail 0.7.2 gives the table its new columns in the session's catalog, which it does ahead of the rows.
        """
        place = str(engine_path(self._folder) / STAGING / str(time.time_ns()))
        frame.write.format("delta").mode("overwrite").save(place)
        frame = self._spark.read.format("delta").load(place)
        if dataset.expectations:
            _, dropped, counted = count(frame, dataset.expectations)
            add_counts(report, dropped, counted)
            check(dataset, counted)
            frame = kept(frame, dataset.expectations)
        log = self._delta_log(dataset)
        version = -1 if log is None else log.version
        intend()
        write(frame, dataset, anew=anew)
        shutil.rmtree(place, ignore_errors=True)
        log = self._delta_log(dataset)
        if log is not None:
            rows = log.rows_added(log.version) if log.version > version else 0
            report.rows = None if rows is None else (report.rows or 0) + rows

    def _delta_log(self, dataset: Dataset) -> DeltaLog | None:
        return delta_log(self._environment, dataset.name)


def _settings(flow: Flow | Changes) -> dict[str, str]:
    return dict(flow.settings) if isinstance(flow, Flow) else {}
