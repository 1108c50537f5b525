"""An update of a pipeline on this machine: its sources run, its datasets ordered, each written when its turn comes."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dex_dbutils import DexError, Environment, PipelineError, Where, get_session
from dex_dbutils.config import quoted
from filelock import FileLock, Timeout

from dex.pipelines.decorators import first_line, needs_workspace, pipeline_modules
from dex.pipelines.delta_log import DeltaLog
from dex.pipelines.elements import Changes, Dataset, Flow, Name, Names, Registry
from dex.pipelines.models import DatasetReport, Pipeline, Update
from dex.pipelines.planning import Plan, plan
from dex.pipelines.quality import check, count, kept
from dex.pipelines.reading import Evaluation, Streams, framed, keeps_state, reads_followed, streams_in
from dex.pipelines.sources import Sources
from dex.pipelines.stateless import state_kept
from dex.pipelines.streams import Checkpoint, NewRows, Whole, table_folder
from dex.pipelines.writing import as_declared, newest_of_each_key, write

#: Datasets that are made at a time.
AT_ONCE = 4
#: The schema of datasets where neither they nor the pipeline names one.
DEFAULT_SCHEMA = "default"
Log = Callable[[str], None]


def run_pipeline(
    pipeline: Pipeline,
    environment: Environment,
    *,
    full_refresh: bool = False,
    refresh: Sequence[str] = (),
    full_refresh_of: Sequence[str] = (),
    parameters: dict[str, str] | None = None,
    dry_run: bool = False,
    log: Log = print,
) -> Update:
    """Run an update of a pipeline and return what it came to; where a dataset fails, those that read it are skipped.

    Args:
        pipeline: the pipeline.
        environment: where its tables are; its engine runs on this machine.
        full_refresh: make every streaming table anew.
        refresh: datasets to bring up to date; all if neither this nor `full_refresh_of` is given.
        full_refresh_of: datasets to make anew.
        parameters: values of the configuration for this update.
        dry_run: only find out what the datasets are and what they read; nothing is written.
        log: takes what happens, line by line.

    Raises:
        PipelineError: the sources cannot be run, or their datasets cannot be ordered; nothing was written.
        EngineError: the environment's engine cannot be had.
    """
    update = _Update(pipeline, environment, parameters or {}, log)
    with update.prepared():
        return update.run(full_refresh, refresh, full_refresh_of, dry_run)


class _Update:
    def __init__(self, pipeline: Pipeline, environment: Environment, parameters: dict[str, str], log: Log) -> None:
        if environment.kind != "local":
            raise needs_workspace(f"The pipeline '{pipeline.key}' in the environment '{environment.name}'", None)
        if pipeline.settings.continuous:
            raise needs_workspace(f"The continuous pipeline '{pipeline.key}'", None)
        settings = pipeline.settings
        schema = (settings.schema_name or settings.target or DEFAULT_SCHEMA).lower()
        self._pipeline, self._environment, self._log = pipeline, environment, log
        self._names = Names(environment.catalog, (settings.catalog or "").lower(), schema)
        self._configuration = {**settings.configuration, **parameters}
        self._folder = environment.project.dex_dir / "pipelines" / environment.name / pipeline.key
        self._registry = Registry(self._names)
        self._session = get_session(environment)
        self._spark = self._session.spark
        self._sources = Sources(
            pipeline.root,
            self._registry,
            {"spark": self._spark, "dbutils": self._session.dbutils},
            lambda text: self._spark.sql(text),
            self._set,
        )

    # -- what surrounds an update --------------------------------------------------------------------------------------

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """Make session and modules those of the pipeline."""
        with (
            self._locked(),
            self._settings_kept(),
            reads_followed(),
            pipeline_modules(self._registry, self._sources.here, self._read),
            _importing(self._pipeline.imports),
        ):
            yield

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._folder / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise PipelineError(
                "DEX-PIPELINE-12",
                f"An update of the pipeline '{self._pipeline.key}' is going on.",
                self._folder,
                "Wait for its end.",
            ) from error
        try:
            yield
        finally:
            shutil.rmtree(self._folder / "staging", ignore_errors=True)
            lock.release()

    @contextmanager
    def _settings_kept(self) -> Iterator[None]:
        """Give the session the pipeline's settings, catalog and schema, and take them back."""
        catalog = self._spark.catalog
        before = (catalog.currentCatalog(), catalog.currentDatabase())
        self._changed: dict[str, str | None] = {}
        try:
            for key, value in self._configuration.items():
                self._set(key, value)
            catalog.setCurrentCatalog(self._names.catalog)
            self._make_schema(self._names.schema)
            catalog.setCurrentDatabase(self._names.schema)
            yield
        finally:
            with suppress(Exception):  # the engine may be gone
                catalog.setCurrentCatalog(before[0])
                catalog.setCurrentDatabase(before[1])
                for key, value_before in self._changed.items():
                    if value_before is None:
                        self._spark.conf.unset(key)
                    else:
                        self._spark.conf.set(key, value_before)

    def _set(self, key: str, value: str) -> None:
        """Give the session a setting of the pipeline."""
        if key not in self._changed:
            try:
                self._changed[key] = self._spark.conf.get(key)
            except Exception:  # noqa: BLE001  there was none
                self._changed[key] = None
        self._configuration[key] = value
        self._spark.conf.set(key, value)

    def _make_schema(self, schema: str) -> None:
        self._spark.sql(f"CREATE SCHEMA IF NOT EXISTS {quoted(self._names.catalog)}.{quoted(schema)}")

    def _read(self, name: str, streaming: bool) -> Any:
        return self._spark.readStream.table(name) if streaming else self._spark.read.table(name)

    # -- the update ----------------------------------------------------------------------------------------------------

    def run(self, full_refresh: bool, refresh: Sequence[str], full_refresh_of: Sequence[str], dry_run: bool) -> Update:
        """Run the update."""
        began = time.monotonic()
        self._sources.run(self._pipeline.sources)
        self._datasets = self._registry.finished()
        if not self._datasets:
            raise PipelineError(
                "DEX-PIPELINE-02",
                f"The sources of the pipeline '{self._pipeline.key}' define no dataset.",
                self._pipeline.root,
                "Define tables with pyspark.pipelines, or with CREATE OR REFRESH in SQL.",
            )
        planned = plan(self._datasets, self._planned, lambda name: bool(self._spark.catalog.tableExists(name.sql)))
        self._datasets = planned.datasets
        update = Update(pipeline=self._pipeline.key, environment=self._environment.name, full_refresh=full_refresh)
        update.datasets = [_report(planned, name) for name in (*_views(planned), *planned.order)]
        if dry_run:
            return update
        anew = {self._chosen(text) for text in full_refresh_of}
        wanted = anew | {self._chosen(text) for text in refresh} or set(planned.order)
        for name in planned.order:
            if name not in wanted:
                self._check_there(planned, name, wanted)
        self._log(f"{self._pipeline.key}: {len(wanted)} of {len(planned.order)} tables")
        for schema in sorted({name.schema for name in wanted}):
            self._make_schema(schema)
        reports = {report.name: report for report in update.datasets}
        self._make(planned, wanted, set(planned.order) if full_refresh else anew, reports)
        failed = [report for report in update.datasets if report.state in ("FAILED", "SKIPPED")]
        update.state = "FAILED" if failed else "COMPLETED"
        update.seconds = round(time.monotonic() - began, 3)
        return update

    def _chosen(self, text: str) -> Name:
        name = self._names.find(text)
        if name is None or name not in self._datasets or self._datasets[name].kind == "temporary view":
            tables = [str(each) for each, dataset in self._datasets.items() if dataset.kind != "temporary view"]
            raise PipelineError(
                "DEX-PIPELINE-13",
                f"The pipeline '{self._pipeline.key}' has no table '{text}'.",
                self._pipeline.root,
                f"It has: {', '.join(tables)}.",
            )
        return name

    def _check_there(self, planned: Plan, name: Name, wanted: set[Name]) -> None:
        reader = next((each for each in wanted if name in planned.reads[each]), None)
        if reader is not None and not self._spark.catalog.tableExists(name.sql):
            raise PipelineError(
                "DEX-PIPELINE-13",
                f"{reader} reads {name}, which is not there yet and is not chosen.",
                self._datasets[reader].place,
                f"Choose {name} as well.",
            )

    def _make(self, planned: Plan, wanted: set[Name], anew: set[Name], reports: dict[str, DatasetReport]) -> None:
        """Make the tables, some at a time, each behind those that it reads."""
        sorter = planned.waits(wanted)
        sorter.prepare()
        going: dict[Future[None], Name] = {}
        lost: set[Name] = set()
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="dex-pipeline")
        try:
            while sorter.is_active():
                for name in sorter.get_ready():
                    report = reports[str(name)]
                    missing = next((each for each in planned.reads[name] if each in lost), None)
                    if missing is not None:
                        report.state, report.error = "SKIPPED", f"{missing} was not made."
                        self._log(f"{name}: skipped, {missing} was not made")
                        lost.add(name)
                        sorter.done(name)
                    else:
                        going[pool.submit(self._one, self._datasets[name], name in anew, report)] = name
                if not going:
                    continue
                for done in wait(going, return_when=FIRST_COMPLETED).done:
                    name = going.pop(done)
                    done.result()
                    if reports[str(name)].state == "FAILED":
                        lost.add(name)
                    sorter.done(name)
        except BaseException:
            self._spark.interruptAll()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        for name in planned.order:
            if name not in wanted:
                reports[str(name)].state = "EXCLUDED"

    def _one(self, dataset: Dataset, anew: bool, report: DatasetReport) -> None:
        """Make one table, and note how that went."""
        began = time.monotonic()
        get_session(self._environment)  # Spark's active session is one of each thread
        try:
            if dataset.kind == "streaming table":
                self._fill_stream(dataset, anew, report)
            else:
                flow = dataset.flows[0]
                assert isinstance(flow, Flow)
                frame, _ = self._frame(dataset, flow, Whole(self._spark, self._root), report)
                self._write(frame, dataset, report, anew=True)
        except DexError as error:
            self._failed(dataset, report, error)
        except Exception as error:  # noqa: BLE001  whatever the engine or the query says: told with its place
            self._failed(dataset, report, self._told(error, dataset, dataset.place))
        else:
            report.state = "COMPLETED"
        report.seconds = round(time.monotonic() - began, 3)
        if report.state == "COMPLETED":
            rows = "" if report.rows is None else f"{report.rows} rows, "
            self._log(f"{dataset.name} ({dataset.kind}): {rows}{report.seconds:.1f} s")
        for each in report.expectations:
            what = {"warn": "", "drop": ", dropped", "fail": ", not allowed"}[each.action] if each.failed else ""
            self._log(f"  {dataset.name}: {each.name}: {each.passed} passed, {each.failed} failed{what}")

    def _failed(self, dataset: Dataset, report: DatasetReport, error: DexError) -> None:
        report.state, report.error = "FAILED", str(error)
        self._log(f"{dataset.name} ({dataset.kind}): FAILED\n{error}")

    def _told(self, error: Exception, dataset: Dataset, place: Where) -> PipelineError:
        said = first_line(error)
        return PipelineError(
            "DEX-PIPELINE-10",
            f"{dataset.name} cannot be made: {type(error).__name__}: {said}",
            self._sources.place_of(error, place),
            "Mend the query, then run the pipeline again; tables that were made stay.",
        )

    # -- queries -------------------------------------------------------------------------------------------------------

    @property
    def _root(self) -> Path:
        return self._environment.project.root

    def _evaluation(self, dataset: Dataset, flow: Flow | Changes, streams: Streams) -> Evaluation:
        return Evaluation(self._spark, self._names, self._datasets, self._configuration, streams, flow.place)

    def _query(self, dataset: Dataset, flow: Flow | Changes, evaluation: Evaluation) -> Any:
        with evaluation.going():
            if isinstance(flow, Changes):
                return framed(self._read(flow.source, True), dataset)
            return framed(flow.query(), dataset)

    def _planned(self, dataset: Dataset) -> list[tuple[Evaluation, bool | None]]:
        """Make the queries of a dataset to see what they read."""
        found: list[tuple[Evaluation, bool | None]] = []
        for flow in dataset.flows:
            evaluation = self._evaluation(dataset, flow, Whole(self._spark, self._root))
            try:
                frame = self._query(dataset, flow, evaluation)
                found.append((evaluation, streams_in(frame, evaluation.marks)))
            except DexError:
                raise
            except Exception as error:
                own = [name for name in evaluation.tables if name in self._datasets]
                if all(self._spark.catalog.tableExists(name.sql) for name in own):
                    raise self._told(error, dataset, flow.place) from error
                # it looks at the columns of what is not made yet; it is made again when its turn comes
                found.append((evaluation, True if any(evaluation.tables.values()) else None))
        return found

    def _frame(
        self, dataset: Dataset, flow: Flow | Changes, streams: Streams, report: DatasetReport
    ) -> tuple[Any, Evaluation]:
        evaluation = self._evaluation(dataset, flow, streams)
        evaluation.checked = lambda view, frame: self._view(view, frame, report)
        try:
            with self._flow_settings(flow):
                frame = self._query(dataset, flow, evaluation)
                return as_declared(frame, dataset), evaluation
        except DexError:
            raise
        except Exception as error:
            raise self._told(error, dataset, flow.place) from error

    @contextmanager
    def _flow_settings(self, flow: Flow | Changes) -> Iterator[None]:
        for key, value in flow.settings.items() if isinstance(flow, Flow) else ():
            self._set(key, value)
        yield

    def _view(self, view: Dataset, frame: Any, report: DatasetReport) -> Any:
        """Return the frame of a view without the rows that its expectations drop; what they count is the reader's."""
        frame = as_declared(frame, view)
        if not view.expectations:
            return frame
        _, dropped, counted = count(frame, view.expectations)
        report.expectations += [each.model_copy(update={"name": f"{view.name.table}.{each.name}"}) for each in counted]
        report.dropped += dropped
        check(view, counted)
        return kept(frame, view.expectations)

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _write(
        self,
        frame: Any,
        dataset: Dataset,
        report: DatasetReport,
        *,
        anew: bool,
        before: Callable[[], None] | None = None,
    ) -> None:
        """Write rows that meet the expectations; what they count is noted.

        The rows are staged first where there are expectations, so that those counted are those written.
        """
        if dataset.expectations:
            place = str(self._folder / "staging" / f"{dataset.name}-{time.time_ns()}")
            frame.write.format("delta").mode("overwrite").save(place)
            frame = self._spark.read.format("delta").load(place)
            _, dropped, counted = count(frame, dataset.expectations)
            _add(report, dropped, counted)
            check(dataset, counted)
            frame = kept(frame, dataset.expectations)
        if before is not None:
            before()
        folder = table_folder(self._environment, dataset.name)
        log = DeltaLog.of(folder)
        version = -1 if log is None else log.version
        write(frame, dataset, anew=anew)
        log = DeltaLog.of(folder)
        if log is not None:
            report.rows = (report.rows or 0) + ((log.rows_added(log.version) or 0) if log.version > version else 0)

    def _fill_stream(self, dataset: Dataset, anew: bool, report: DatasetReport) -> None:
        """Bring a streaming table up to date with what its flows have not seen."""
        if anew and dataset.properties.get("pipelines.reset.allowed", "true").lower() == "false":
            self._log(f"{dataset.name}: is not made anew, pipelines.reset.allowed is false")
            anew = False
        folder = table_folder(self._environment, dataset.name)
        checkpoint = Checkpoint(self._folder / f"{dataset.name}.json")
        anew = checkpoint.settle(DeltaLog.of(folder)) or anew
        feeds = [flow for flow in dataset.flows if isinstance(flow, Changes)]
        if feeds and len(dataset.flows) > 1:
            raise needs_workspace(f"A change feed beside other flows into {dataset.name}", feeds[0].place)
        if not dataset.flows and anew:
            if dataset.columns is None:
                raise needs_workspace(f"The table {dataset.name} without flows and columns", dataset.place)
            ddl = ", ".join(f"`{name}` {kind.simpleString()}" for name, kind in dataset.columns)
            self._write(self._spark.createDataFrame([], ddl), dataset, report, anew=True)
        for flow in dataset.flows:
            if isinstance(flow, Changes):
                frame, _ = self._frame_of_changes(dataset, flow, report)
                self._write(frame, dataset, report, anew=True)
                continue
            state = {} if anew else checkpoint.flow(flow.name)
            if flow.once and state.get("once"):
                continue
            new = NewRows(self._spark, self._environment, state)
            frame, evaluation = self._frame(dataset, flow, new, report)
            why = state_kept(frame, evaluation.marks)
            if why:
                raise keeps_state(why, flow.place)
            if flow.once:
                new.state["once"] = True
            log = DeltaLog.of(folder)
            version = -1 if log is None else log.version
            self._write(
                frame,
                dataset,
                report,
                anew=anew,
                before=lambda f=flow, n=new, v=version, a=anew: checkpoint.intend(f.name, n.state, v, a),  # type: ignore[misc]
            )
            log = DeltaLog.of(folder)
            checkpoint.done(log.id if log is not None else "")
            anew = False

    def _frame_of_changes(self, dataset: Dataset, flow: Changes, report: DatasetReport) -> tuple[Any, Evaluation]:
        evaluation = self._evaluation(dataset, flow, Whole(self._spark, self._root))
        evaluation.checked = lambda view, frame: self._view(view, frame, report)
        frame = self._query(dataset, flow, evaluation)
        return as_declared(newest_of_each_key(frame, flow, dataset), dataset), evaluation


def _add(report: DatasetReport, dropped: int, counted: list[Any]) -> None:
    """Add what one flow's rows counted to what those of the others did."""
    report.dropped += dropped
    known = {each.name: each for each in report.expectations}
    for each in counted:
        if each.name in known:
            known[each.name].passed += each.passed
            known[each.name].failed += each.failed
        else:
            report.expectations.append(each)


def _views(planned: Plan) -> list[Name]:
    return [name for name, dataset in planned.datasets.items() if dataset.kind == "temporary view"]


def _report(planned: Plan, name: Name) -> DatasetReport:
    dataset = planned.datasets[name]
    return DatasetReport(
        name=name.table if dataset.kind == "temporary view" else str(name),
        kind=dataset.kind,
        reads=[str(each) for each in planned.reads[name]],
        place=str(dataset.place),
    )


@contextmanager
def _importing(folders: Sequence[Path]) -> Iterator[None]:
    before = list(sys.path)
    sys.path[:0] = [str(folder) for folder in folders]
    try:
        yield
    finally:
        sys.path[:] = before
