"""What a flow reads while its query is made: names become tables, views and streams of the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from dex_dbutils import PipelineError, Where

from dex.pipelines.decorators import needs_workspace
from dex.pipelines.elements import Dataset, Flow, Name, Names, ticked
from dex.pipelines.parameters import with_configuration
from dex.pipelines.plans import inner, is_relation, root_of
from dex.pipelines.queries import Source, joins, replaced, sources_of

_evaluating: ContextVar[Evaluation | None] = ContextVar("dex_pipeline_flow", default=None)


@dataclass(frozen=True)
class FileSource:
    """Files that are read as a stream or, by ``read_files``, at once."""

    format: str
    path: str
    options: Mapping[str, str]
    schema: Any = None


class Streams(Protocol):
    """Gives what a flow reads as a stream."""

    def table(self, name: Name, options: Mapping[str, str], place: Where) -> Any:
        """Return the rows of a table that the flow has not seen."""

    def files(self, source: FileSource, place: Where) -> Any:
        """Return the rows of files that the flow has not seen."""


@dataclass
class Evaluation:
    """One making of one flow's query.

    Attributes:
        spark: the session.
        root: the project's folder.
        names: how names are read.
        datasets: those of the pipeline.
        configuration: values of ``${key}`` in SQL.
        streams: gives what is read as a stream.
        place: where the flow is defined.
        actual: returns the name of a table as the engine has it, which minds its case.
        checked: takes the frame of a view with expectations, and returns it as its readers get it.
        stand_in: returns a frame that stands for a table; None where the table itself is read.
        texts: the SQL that was made.
        tables: tables that were read, and whether as a stream.
        views: views of the pipeline that were read.
        marks: numbers of the plans that are streams.
    """

    spark: Any
    root: Path
    names: Names
    datasets: Mapping[Name, Dataset]
    configuration: Mapping[str, str]
    streams: Streams
    place: Where
    actual: Callable[[Name], Name] = lambda name: name
    checked: Callable[[Dataset, Any], Any] = lambda dataset, frame: frame
    stand_in: Callable[[Name], Any] = lambda name: None
    texts: list[str] = field(default_factory=list)
    tables: dict[Name, bool] = field(default_factory=dict)
    views: dict[Name, Any] = field(default_factory=dict)
    marks: set[int] = field(default_factory=set)
    _going: list[Name] = field(default_factory=list)

    @contextmanager
    def going(self) -> Iterator[None]:
        """Make this the evaluation that reads in this thread belong to."""
        token = _evaluating.set(self)
        try:
            yield
        finally:
            _evaluating.reset(token)

    # -- tables and views ----------------------------------------------------------------------------------------------

    def table(self, text: str, plain: Callable[[str], Any], streaming: bool, options: Mapping[str, str]) -> Any:
        """Return the frame of a table that is read by its name.

        Args:
            text: the name as written.
            plain: reads a table of this full name at once.
            streaming: it is read as a stream.
            options: of the reader.
        """
        name = self.names.find(text)
        if name is None:
            return plain(text)
        if self._is_view(name):
            return self.view(name)
        self.tables[name] = self.tables.get(name, False) or streaming
        frame = self.stand_in(name)
        if frame is not None:
            return self.marked(frame) if streaming else frame
        name = self.actual(name)
        return self.marked(self.streams.table(name, options, self.place)) if streaming else plain(name.sql)

    def view(self, name: Name) -> Any:
        """Return the frame of a view of the pipeline: its query is made as part of this flow's.

        Raises:
            PipelineError: DEX-PIPELINE-07, the view reads itself.
        """
        if name in self.views:
            return self.views[name]
        dataset = self.datasets[name]
        if dataset.refused is not None:
            raise dataset.refused
        if name in self._going:
            way = " -> ".join(each.table for each in (*self._going, name))
            raise PipelineError(
                "DEX-PIPELINE-07", f"Datasets read each other in a circle: {way}.", dataset.place, "Take one read away."
            )
        self._going.append(name)
        try:
            flow = dataset.flows[0]
            assert isinstance(flow, Flow)
            frame = self.checked(dataset, framed(flow.query(), dataset))
        finally:
            self._going.pop()
        self.views[name] = frame
        return frame

    def _is_view(self, name: Name) -> bool:
        return name in self.datasets and self.datasets[name].kind == "temporary view"

    def files(self, source: FileSource) -> Any:
        """Return the frame of files that are read as a stream."""
        return self.marked(self.streams.files(source, self.place))

    def marked(self, frame: Any) -> Any:
        """Return a frame, known as a stream from now on."""
        self.marks.add(frame._plan._plan_id)
        return frame

    # -- SQL -----------------------------------------------------------------------------------------------------------

    def sql(
        self, text: str, plain: Callable[[str], Any], args: Any = None, frames: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the frame of a SQL query, not run yet; another statement is run at once.

        Args:
            text: the query.
            plain: runs a text as it is.
            args: values of markers, as ``spark.sql`` takes them.
            frames: frames that stand in for ``{name}``.

        Raises:
            PipelineError: DEX-PIPELINE-04, the query cannot be read; -08, it needs rows of a stream that came earlier.
        """
        from pyspark.sql.connect.dataframe import DataFrame
        from pyspark.sql.connect.plan import SQL, SubqueryAlias

        text = with_configuration(text, self.configuration)
        self.texts.append(text)
        references: list[Any] = []
        given: dict[str, Any] = {}
        if frames:
            from pyspark.sql.connect.sql_formatter import SQLStringFormatter

            formatter = SQLStringFormatter(self.spark)
            text = formatter.format(text, **frames)
            given = {name: frame for frame, name in formatter._temp_views}
            references = [SubqueryAlias(frame._plan, name) for name, frame in given.items()]
        try:
            sources = sources_of(text)
        except ValueError as error:
            raise PipelineError(
                "DEX-PIPELINE-04", f"The query cannot be read: {error}.", self.place, "Mend the SQL."
            ) from error
        if sources is None:
            return plain(text)
        changes: list[tuple[Source, str]] = []
        streaming = [
            source
            for source in sources
            if (
                streams_in(given[source.name], self.marks)
                if source.name in given
                else self._in_sql(source, changes, references)
            )
        ]
        self._check_state(text, streaming)
        from pyspark.sql import functions as F

        listed = [F.lit(value) for value in args] if isinstance(args, list) else []
        named = {key: F.lit(value) for key, value in args.items()} if isinstance(args, dict) else {}
        plan = SQL(replaced(text, changes), listed, named, references)
        frame = DataFrame(plan, self.spark)
        return self.marked(frame) if streaming else frame

    def _in_sql(self, source: Source, changes: list[tuple[Source, str]], references: list[Any]) -> bool:
        """Put what one source of a query reads in its place; return whether it is a stream."""
        from pyspark.sql.connect.plan import SubqueryAlias

        if source.path:
            frame = self._read_files(source)
        else:
            name = self.names.find(source.name)
            if name is None:
                return False
            if self._is_view(name):
                frame = self.view(name)
            else:
                frame = self.table(source.name, lambda _: None, source.streaming, {})
                if frame is None:
                    changes.append((source, self._as_table(source, self.actual(name))))
                    return False
        label = f"__dex_{len(references) + 1}"
        own = source.name.split(".")[-1].strip() or source.path.rstrip("/").rpartition("/")[2]
        references.append(SubqueryAlias(frame._plan, label))
        changes.append((source, label if source.aliased else f"{label} AS {ticked(own.strip('`'))}"))
        return frame._plan._plan_id in self.marks or streams_in(frame, self.marks)

    @staticmethod
    def _as_table(source: Source, name: Name) -> str:
        """Return what stands for a table in a query; columns behind its name as it was written are found."""
        written = source.name.split(".")[-1].strip().strip("`")
        same = source.aliased or written == name.table
        return name.sql if same else f"{name.sql} AS {ticked(written)}"

    def _read_files(self, source: Source) -> Any:
        options = dict(source.options)
        kind = options.pop("format", "") or options.pop("cloudFiles.format", "")
        if not kind:
            raise needs_workspace(f"read_files('{source.path}') without a format", self.place)
        files = FileSource(
            kind.lower(), source.path, {"inferColumnTypes": "true", **options}, options.pop("schema", None)
        )
        if source.streaming:
            return self.files(files)
        from dex.pipelines.files import read_files

        return read_files(self.spark, files, None, self.place, self.root)

    def _check_state(self, text: str, streaming: list[Source]) -> None:
        why = next((source.keeps_state for source in streaming if source.keeps_state), "")
        if len(streaming) > 1 and joins(text):
            why = why or "a JOIN of two streams"
        if why:
            raise keeps_state(why, self.place)


def keeps_state(why: str, place: Where) -> PipelineError:
    """Return the refusal of a query that needs rows of a stream that came earlier."""
    return PipelineError(
        "DEX-PIPELINE-08",
        f"The query reads a stream below {why}: it needs rows that came earlier, which this machine's engine does not keep.",
        place,
        "Make the table a materialized view of the whole source, or run the pipeline in a workspace: dex bundle run.",
    )


def framed(value: Any, dataset: Dataset) -> Any:
    """Return what a query function gave, which has to be a frame.

    Raises:
        PipelineError: DEX-PIPELINE-14, it is something else.
    """
    if hasattr(value, "_plan"):
        return value
    given = "nothing" if value is None else f"a {type(value).__name__}"
    raise PipelineError(
        "DEX-PIPELINE-14",
        f"The query of {dataset.name} returns {given}, not a DataFrame.",
        dataset.place,
        "Return the frame that the dataset is to hold.",
    )


def streams_in(frame: Any, marks: set[int]) -> bool:
    """Return whether a frame reads a stream."""
    stack = [root_of(frame)]
    while stack:
        message = stack.pop()
        if is_relation(message) and message.common.plan_id in marks:
            return True
        stack.extend(inner(message))
    return False


# -- the session's methods ---------------------------------------------------------------------------------------------


@contextmanager
def reads_followed() -> Iterator[None]:
    """Let reads of a session's methods belong to the flow whose query is being made in the thread."""
    from pyspark.sql.connect import dataframe, readwriter, session
    from pyspark.sql.connect.streaming import readwriter as streaming

    table, sql = readwriter.DataFrameReader.table, session.SparkSession.sql
    stream_table, stream_load = streaming.DataStreamReader.table, streaming.DataStreamReader.load
    watermark = dataframe.DataFrame.withWatermark

    def read_table(reader: Any, tableName: str) -> Any:
        going = _evaluating.get()
        if going is None:
            return table(reader, tableName)
        return going.table(tableName, lambda name: table(reader, name), False, reader._options)

    def run_sql(spark: Any, sqlQuery: str, args: Any = None, **kwargs: Any) -> Any:
        going = _evaluating.get()
        if going is None:
            return sql(spark, sqlQuery, args, **kwargs)
        return going.sql(sqlQuery, lambda text: sql(spark, text, args, **kwargs), args, kwargs)

    def read_stream(reader: Any, tableName: str) -> Any:
        going = _evaluating.get()
        if going is None:
            return stream_table(reader, tableName)
        return going.table(tableName, lambda name: stream_table(reader, name), True, reader._options)

    def load_stream(
        reader: Any, path: str | None = None, format: str | None = None, schema: Any = None, **options: Any
    ) -> Any:
        going = _evaluating.get()
        if going is None:
            return stream_load(reader, path, format, schema, **options)
        given = {**reader._options, **{key: str(value) for key, value in options.items()}}
        kind = format or reader._format or "delta"
        return going.files(
            FileSource(kind.lower(), path or given.pop("path", ""), given, schema or reader._schema or None)
        )

    def with_watermark(frame: Any, eventTime: str, delayThreshold: str) -> Any:
        # it tells when old state may go; queries that keep state are refused, and others have none
        return frame if _evaluating.get() is not None else watermark(frame, eventTime, delayThreshold)

    readwriter.DataFrameReader.table, session.SparkSession.sql = read_table, run_sql
    streaming.DataStreamReader.table, streaming.DataStreamReader.load = read_stream, load_stream
    dataframe.DataFrame.withWatermark = with_watermark
    try:
        yield
    finally:
        readwriter.DataFrameReader.table, session.SparkSession.sql = table, sql
        streaming.DataStreamReader.table, streaming.DataStreamReader.load = stream_table, stream_load
        dataframe.DataFrame.withWatermark = watermark
