"""An update of a pipeline on this machine: its sources run, its datasets ordered, each written when its turn comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from dex_dbutils import DexError, Environment, PipelineError, get_session

from dex.pipelines.decorators import needs_workspace, pipeline_modules
from dex.pipelines.elements import Dataset, Flow, Name, Names, Registry
from dex.pipelines.filling import Filler
from dex.pipelines.making import Maker
from dex.pipelines.models import DatasetReport, Pipeline, Update
from dex.pipelines.planning import Plan, Planner
from dex.pipelines.reading import reads_followed
from dex.pipelines.sources import Sources
from dex.pipelines.surroundings import SessionSettings, importing, make_schema, one_at_a_time

#: Datasets that are made at a time.
AT_ONCE = 4
#: The schema of datasets where neither they nor the pipeline names one.
DEFAULT_SCHEMA = "default"
_SAID = {"warn": "", "drop": ", dropped", "fail": ", not allowed"}


def run_pipeline(
    pipeline: Pipeline,
    environment: Environment,
    *,
    full_refresh: bool = False,
    refresh: Sequence[str] = (),
    full_refresh_of: Sequence[str] = (),
    parameters: dict[str, str] | None = None,
    dry_run: bool = False,
    log: Callable[[str], None] = print,
) -> Update:
    """Run an update of a pipeline and return what it came to; where a dataset fails, those that read it are skipped.

    Args:
        pipeline: the pipeline.
        environment: where its tables are; its engine runs on this machine.
        full_refresh: make every streaming table anew.
        refresh: tables to bring up to date; all if neither this nor `full_refresh_of` is given.
        full_refresh_of: tables to make anew.
        parameters: values of the pipeline's parameters for this update, instead of their defaults.
        dry_run: only find out what the datasets are and what they read; nothing is written.
        log: takes what happens, line by line.

    Raises:
        PipelineError: the sources cannot be run, or their datasets cannot be ordered; nothing was written.
        EngineError: the environment's engine cannot be had.
    """
    if environment.kind != "local":
        raise needs_workspace(f"The pipeline '{pipeline.key}' in the environment '{environment.name}'", None)
    if pipeline.settings.continuous:
        raise needs_workspace(f"The continuous pipeline '{pipeline.key}'", None)
    update = _Update(pipeline, environment, parameters or {}, log)
    with update.prepared(writes=not dry_run):
        return update.run(full_refresh, refresh, full_refresh_of, dry_run)


class _Update:
    def __init__(
        self, pipeline: Pipeline, environment: Environment, parameters: dict[str, str], log: Callable[[str], None]
    ) -> None:
        settings = pipeline.settings
        schema = (settings.schema_name or settings.target or DEFAULT_SCHEMA).lower()
        self._pipeline, self._environment, self._log = pipeline, environment, log
        self._names = Names(environment.catalog, (settings.catalog or "").lower(), schema)
        self._folder = environment.project.dex_dir / "pipelines" / environment.name / pipeline.key
        self._registry = Registry(self._names)
        session = get_session(environment)
        self._spark = session.spark
        self._settings = SessionSettings(self._spark, dict(settings.configuration))
        self._sources = Sources(
            pipeline.root,
            self._registry,
            {"spark": self._spark, "dbutils": session.dbutils},
            lambda text: self._spark.sql(text),
            self._settings,
            {**settings.parameters, **parameters},
        )

    @contextmanager
    def prepared(self, writes: bool) -> Iterator[None]:
        """Make session and modules those of the pipeline, for an update that writes or for a plan."""
        with (
            one_at_a_time(self._folder, self._pipeline.key),
            self._settings.kept(self._names.catalog, self._names.schema, writes),
            reads_followed(),
            pipeline_modules(self._registry, self._sources.here, self._read),
            importing(self._pipeline.imports),
        ):
            yield

    def _read(self, name: str, streaming: bool) -> Any:
        return self._spark.readStream.table(name) if streaming else self._spark.read.table(name)

    def run(self, full_refresh: bool, refresh: Sequence[str], full_refresh_of: Sequence[str], dry_run: bool) -> Update:
        """Run the update."""
        began = time.monotonic()
        self._sources.run(self._pipeline.sources)
        datasets = self._registry.finished()
        if not any(dataset.kind != "temporary view" for dataset in datasets.values()):
            raise PipelineError(
                "DEX-PIPELINE-02",
                f"The sources of the pipeline '{self._pipeline.key}' define no table.",
                self._pipeline.root,
                "Define tables with pyspark.pipelines, or with CREATE OR REFRESH in SQL.",
            )
        maker = Maker(self._spark, self._environment, self._names, datasets, self._settings.values, self._sources)
        tables = [name for name, dataset in datasets.items() if dataset.kind != "temporary view"]
        anew = {self._chosen(text, tables) for text in full_refresh_of}
        chosen = anew | {self._chosen(text, tables) for text in refresh}
        planned = Planner(maker, chosen).plan()
        maker.datasets = planned.datasets
        filler = Filler(maker, self._settings, self._folder, self._log)
        update = Update(pipeline=self._pipeline.key, environment=self._environment.name, full_refresh=full_refresh)
        views = [name for name in planned.reads if name not in planned.order]
        left_out = [name for name in tables if name not in planned.order]
        update.datasets = [_report(planned, name) for name in (*views, *planned.order, *left_out)]
        if not dry_run:
            reports = {report.name: report for report in update.datasets}
            for name in left_out:
                reports[str(name)].state = "EXCLUDED"
            self._log(f"{self._pipeline.key}: {len(planned.order)} of {len(tables)} tables")
            self._make(planned, set(planned.order) if full_refresh else anew, reports, filler)
            failed = any(report.state in ("FAILED", "SKIPPED") for report in update.datasets)
            update.state = "FAILED" if failed else "COMPLETED"
        update.seconds = round(time.monotonic() - began, 3)
        return update

    def _chosen(self, text: str, tables: Sequence[Name]) -> Name:
        name = self._names.find(text)
        if name is None or name not in tables:
            raise PipelineError(
                "DEX-PIPELINE-13",
                f"The pipeline '{self._pipeline.key}' has no table '{text}'.",
                self._pipeline.root,
                f"It has: {', '.join(map(str, tables))}.",
            )
        return name

    def _make(self, planned: Plan, anew: set[Name], reports: dict[str, DatasetReport], filler: Filler) -> None:
        """Make the tables, some at a time, each behind those that it reads."""
        for schema in sorted({name.schema for name in planned.order}):
            make_schema(self._spark, self._names.catalog, schema)
        sorter = planned.waits()
        sorter.prepare()
        going: dict[Future[None], Name] = {}
        lost: set[Name] = set()
        alone = any(isinstance(f, Flow) and f.settings for each in planned.datasets.values() for f in each.flows)
        pool = ThreadPoolExecutor(1 if alone else AT_ONCE, thread_name_prefix="dex-pipeline")
        try:
            while sorter.is_active():
                for name in sorter.get_ready():
                    missing = next((each for each in planned.reads[name] if each in lost), None)
                    if missing is None:
                        dataset = planned.datasets[name]
                        task = pool.submit(self._one, dataset, name in anew, reports[str(name)], filler)
                        going[task] = name
                    else:
                        self._skip(reports[str(name)], missing)
                        lost.add(name)
                        sorter.done(name)
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

    def _skip(self, report: DatasetReport, missing: Name) -> None:
        report.state, report.error = "SKIPPED", f"{missing} was not made."
        self._log(f"{report.name} ({report.kind}): SKIPPED, {missing} was not made")

    def _one(self, dataset: Dataset, anew: bool, report: DatasetReport, filler: Filler) -> None:
        """Make one table, and note how that went."""
        began = time.monotonic()
        get_session(self._environment)  # Spark's active session is one of each thread
        try:
            filler.fill(dataset, anew, report)
        except DexError as error:
            report.state, report.error = "FAILED", str(error)
        else:
            report.state = "COMPLETED"
        report.seconds = round(time.monotonic() - began, 3)
        self._log("\n".join(_lines(report)))


def _lines(report: DatasetReport) -> Iterator[str]:
    """Yield what a log says of a dataset that was made, or was not."""
    if report.state == "FAILED":
        yield f"{report.name} ({report.kind}): FAILED"
        yield report.error or ""
    else:
        rows = "" if report.rows is None else f"{report.rows} row{'' if report.rows == 1 else 's'}, "
        yield f"{report.name} ({report.kind}): {rows}{report.seconds:.1f} s"
    for each in report.expectations:
        said = _SAID[each.action] if each.failed else ""
        yield f"  {each.name}: {each.passed} passed, {each.failed} failed{said}"


def _report(planned: Plan, name: Name) -> DatasetReport:
    dataset = planned.datasets[name]
    return DatasetReport(
        name=name.table if dataset.kind == "temporary view" else str(name),
        kind=dataset.kind,
        reads=[str(each) for each in planned.reads.get(name, ())],
        place=str(dataset.place),
    )
