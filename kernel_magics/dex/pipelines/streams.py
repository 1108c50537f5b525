"""Streams on an engine that has none: what is new since the last update, and where that is kept.

A flow's checkpoint says how far it has read: the version of a Delta table, the names of files. It is noted as intended
before the rows are written and as done afterwards; where an update was ended in between, the version of the table that
was written tells which of the two holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dex_dbutils import Environment, PipelineError, Where
from dex_dbutils.catalog import stored_table, table_location

from dex.files import write_atomically
from dex.pipelines.decorators import needs_workspace
from dex.pipelines.delta_log import Added, ChangedSource, DeltaLog, LostHistory
from dex.pipelines.elements import Name
from dex.pipelines.files import list_files, read_files
from dex.pipelines.reading import FileSource

_KNOWN_OPTIONS = frozenset({"skipchangecommits", "ignoredeletes", "maxfilespertrigger", "maxbytespertrigger"})
State = dict[str, Any]


def table_frame(spark: Any, name: Name) -> Any:
    """Return the frame of a table, without a look at the flow that reads it."""
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.plan import Read

    return DataFrame(Read(name.sql, {}), spark)


def delta_log(environment: Environment, name: Name) -> DeltaLog | None:
    """Return the log of a Delta table of the environment's warehouse; None where there is none."""
    if name.catalog != environment.catalog.lower():
        return None
    stored = stored_table(environment, name.schema, name.table)
    return (
        None
        if stored is None or stored.format != "delta"
        else DeltaLog.of(stored.path, table_location(environment, stored))
    )


class Whole:
    """Gives everything that a source has."""

    def __init__(self, spark: Any, root: Path) -> None:
        self._spark, self._root = spark, root

    def table(self, name: Name, options: Mapping[str, str], place: Where) -> Any:
        """Return all rows of a table."""
        return table_frame(self._spark, name)

    def files(self, source: FileSource, place: Where) -> Any:
        """Return all rows of files."""
        return read_files(self._spark, source, None, place, self._root)


class NewRows:
    """Gives what a flow has not seen.

    Args:
        spark: the session.
        environment: whose warehouse holds the tables.
        before: how far the flow has read.

    Attributes:
        state: how far it will have read.
    """

    def __init__(self, spark: Any, environment: Environment, before: State) -> None:
        self._spark, self._environment = spark, environment
        self._before = before
        self.state: State = {}

    def table(self, name: Name, options: Mapping[str, str], place: Where) -> Any:
        """Return the rows that were added to a table.

        Raises:
            PipelineError: DEX-PIPELINE-09, rows were changed or taken away; -08, what is new cannot be told.
        """
        unknown = [key for key in options if key.lower() not in _KNOWN_OPTIONS]
        if unknown:
            raise needs_workspace(f"Reading {name} as a stream with the option {unknown[0]}", place)
        log = delta_log(self._environment, name)
        if log is None:
            raise needs_workspace(
                f"Reading {name}, which is no Delta table of this machine's warehouse, as a stream", place
            )
        key = f"table:{name}"
        before = self._before.get(key)
        version = self.state[key]["version"] if key in self.state else log.version  # one flow, one moment
        self.state[key] = {"id": log.id, "version": version}
        everything = self._spark.read.format("delta").option("versionAsOf", version).load(log.location)
        if before is None:
            return everything.alias(name.table)
        if before["id"] != log.id or before["version"] > version:
            raise self._changed(f"{name} is another table than the one that was read before", place)
        try:
            files = log.added(before["version"], version, options)
        except ChangedSource as error:
            raise self._changed(f"{name} has changed otherwise than by new rows: {error}", place) from error
        except LostHistory as error:
            raise self._changed(f"What is new in {name} cannot be told: {error}", place) from error
        return _rows(self._spark, files, everything).alias(name.table)

    def files(self, source: FileSource, place: Where) -> Any:
        """Return the rows of files that are new; a file that was read is not read again, as with Auto Loader."""
        key = f"files:{source.path}"
        everything = list_files(self._environment.project.root, source, place)
        seen = set(self._before.get(key, []))
        self.state[key] = sorted({*seen, *everything, *self.state.get(key, [])})  # a flow may read a folder twice
        new = [each for each in everything if each not in seen]
        return read_files(self._spark, source, new, place, self._environment.project.root)

    @staticmethod
    def _changed(what: str, place: Where) -> PipelineError:
        return PipelineError(
            "DEX-PIPELINE-09",
            f"{what}. A stream takes only what is added.",
            place,
            "Make the table anew with --full-refresh, or read with the option skipChangeCommits.",
        )


def _rows(spark: Any, files: list[Added], like: Any) -> Any:
    """Return the rows of files, with the columns of a table."""
    from pyspark.sql import functions as F
    from pyspark.sql.types import StructType

    if not files:
        return like.where("false")
    schema = like.schema
    groups: dict[tuple[tuple[str, str | None], ...], list[str]] = {}
    for each in files:
        groups.setdefault(each.partition, []).append(str(each.path))
    frames = []
    for partition, paths in groups.items():
        values = dict(partition)
        inside = StructType([field for field in schema.fields if field.name not in values])
        rows = spark.read.schema(inside).parquet(*paths)
        columns = [
            F.lit(values[field.name]).cast(field.dataType).alias(field.name)
            if field.name in values
            else F.col(f"`{field.name}`")
            for field in schema.fields
        ]
        frames.append(rows.select(*columns))
    whole = frames[0]
    for more in frames[1:]:
        whole = whole.unionAll(more)
    return whole


class Checkpoint:
    """How far the flows into a streaming table have read.

    Args:
        path: its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._told: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            self._told = {}

    def settle(self, log: DeltaLog | None) -> bool:
        """Find out what holds, and return whether the table begins anew: it is not there, or it is another one."""
        pending = self._told.pop("pending", None)
        if log is None:
            self._told = {}
            return True
        if pending is not None and log.version > pending["version"]:
            self._told = {"id": log.id, "flows": pending["flows"]}
        if self._told.get("id") != log.id:
            self._told = {}
            return True
        self._write()
        return False

    def flow(self, name: str) -> State:
        """Return how far a flow has read; nothing for one that has not begun."""
        found: State = self._told.get("flows", {}).get(name, {})
        return found

    def intend(self, flow: str, state: State, version: int, anew: bool) -> None:
        """Note how far a flow will have read once its rows are written.

        Args:
            flow: its name.
            state: how far it will have read.
            version: of the table before; -1 where there is none.
            anew: the table begins anew with these rows.
        """
        flows = {} if anew else dict(self._told.get("flows", {}))
        self._told["pending"] = {"version": version, "flows": {**flows, flow: state}}
        self._write()

    def done(self, table: str) -> None:
        """Note that the rows are written.

        Args:
            table: the table's id.
        """
        self._told = {"id": table, "flows": self._told["pending"]["flows"]}
        self._write()

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path, json.dumps(self._told, indent=1))
