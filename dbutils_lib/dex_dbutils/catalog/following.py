"""Keeps a session and the warehouse in step while people work, in this notebook and in others."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Callable

import grpc

from dex_dbutils.catalog.disk import StoredTable, catalog_folder, stored_schemas, stored_tables, unfinished_tables
from dex_dbutils.catalog.views import FOLDER, StoredView, keep_view, stored_views, view_name
from dex_dbutils.catalog.warehouse import (
    forget_table,
    forget_view,
    give_schema_a_place,
    prepare_warehouse,
    register_schema,
    register_tables,
    register_views,
    schema_places,
    table_names,
)
from dex_dbutils.config import Environment

_SERVICE = "/spark.connect.SparkConnectService/"
#: Plans longer than this hold data, not a definition that somebody wrote.
_LONGEST_DEFINITION = 100_000


class WarehouseFollower(
    grpc.UnaryUnaryClientInterceptor,  # type: ignore[misc]
    grpc.UnaryStreamClientInterceptor,  # type: ignore[misc]
):
    """The innermost interceptor of a channel to an engine of this machine.

    Before a plan leaves, tables that another notebook made since are registered, and those it dropped forgotten: a
    look at the modification times of a few folders. After a statement that may drop something, the folders of what
    is gone move to the warehouse's ``.trash``: the engine leaves them, and the next session would bring them back.

    Args:
        spark: a session of the same server session, whose channel has no interceptors.
        environment: whose warehouse it is.
    """

    def __init__(self, spark: Any, environment: Environment) -> None:
        self._spark = spark
        self._environment = environment
        self._lock = threading.RLock()
        self._known: dict[str, set[str]] = {}
        self._views: dict[tuple[str, str], int] = {}
        self._seen: tuple[object, ...] | None = None
        self._unfinished = False

    def prepare(self) -> None:
        """Register what the warehouse holds; raises as `prepare_warehouse` does."""
        with self._lock:
            tables = prepare_warehouse(self._spark, self._environment)
            for schema in stored_schemas(self._environment):
                self._known.setdefault(schema, set())
            self._remember(tables)
            self._pull_views()
            self._seen = self._signature()

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Bring the session up to date before a question about a plan."""
        if details.method == f"{_SERVICE}AnalyzePlan":
            self._guarded(self._pull)
        return continuation(details, request)

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Bring the session up to date before a plan, and the warehouse after one that defines something."""
        if details.method != f"{_SERVICE}ExecutePlan":
            return continuation(details, request)
        self._guarded(self._pull)
        call = continuation(details, request)
        made = _statement(request.plan)
        if view_name(made) is not None:
            return _Followed(call, lambda: self._guarded(lambda: self._keep_view(made)))
        if _may_define(request.plan):
            return _Followed(call, lambda: self._guarded(self._push))
        # A table that this session just made is known from here on, so that it is forgotten if another drops it.
        return _Followed(call, lambda: self._guarded(self._pull)) if request.plan.HasField("command") else call

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _guarded(self, step: Callable[[], None]) -> None:
        """Do a step; its failure is a warning, because the person asked for something else."""
        try:
            with self._lock:
                step()
        except Exception as error:  # noqa: BLE001
            first_line = (str(error) or type(error).__name__).splitlines()[0]
            warnings.warn(f"DEX-CATALOG-03: the warehouse was not followed: {first_line}", RuntimeWarning, 2)

    def _pull(self) -> None:
        """Register what others made since the last look, forget what they dropped."""
        signature = self._signature()
        if signature == self._seen and not self._unfinished:
            return
        new: list[StoredTable] = []
        schemas = stored_schemas(self._environment)
        for schema in schemas:
            if schema not in self._known:
                register_schema(self._spark, self._environment, schema)
                self._known[schema] = set()
            stored = {table.name: table for table in stored_tables(self._environment, schema)}
            new += [table for name, table in stored.items() if name not in self._known[schema]]
            for name in self._known[schema] - set(stored):
                if not (catalog_folder(self._environment) / schema / name).exists():
                    forget_table(self._spark, self._environment, schema, name)
                    self._known[schema].discard(name)
        self._remember(register_tables(self._spark, self._environment, new))
        self._pull_views()
        self._unfinished = any(unfinished_tables(self._environment, schema) for schema in schemas)
        self._seen = signature

    def _pull_views(self) -> None:
        """Register views that are new or were replaced, forget those that were dropped."""
        stored = {(v.schema, v.name): v for schema in self._known for v in stored_views(self._environment, schema)}
        for schema, name in [key for key in self._views if key not in stored]:
            forget_view(self._spark, self._environment, schema, name)
            del self._views[schema, name]
        new = [view for key, view in stored.items() if self._views.get(key) != view.version]
        self._remember_views(register_views(self._spark, sorted(new, key=lambda view: view.version)))

    def _keep_view(self, statement: str) -> None:
        keep_view(self._spark, self._environment, statement)
        for schema in stored_schemas(self._environment):
            self._known.setdefault(schema, set())
        self._remember_views(v for schema in self._known for v in stored_views(self._environment, schema))
        self._seen = self._signature()

    def _remember_views(self, views: Iterable[StoredView]) -> None:
        self._views.update({(view.schema, view.name): view.version for view in views})

    def _push(self) -> None:
        """Move what this session dropped to the trash; give the schemas it made a place on disk."""
        self._pull()
        places = schema_places(self._spark, self._environment)
        for schema, place in places.items():
            if not place and schema not in self._known:
                give_schema_a_place(self._spark, self._environment, schema)
                self._known[schema] = set()
        for schema in [name for name in self._known if _fold(name) not in {_fold(listed) for listed in places}]:
            self._throw_away(catalog_folder(self._environment) / schema, schema)
            del self._known[schema]
            self._views = {key: version for key, version in self._views.items() if key[0] != schema}
        for schema, known in self._known.items():
            listed = {_fold(name) for name in table_names(self._spark, self._environment, schema)}
            for name in [name for name in known if _fold(name) not in listed]:
                self._throw_away(catalog_folder(self._environment) / schema / name, f"{schema}.{name}")
                known.discard(name)
            for view in [v for v in self._views if v[0] == schema and _fold(v[1]) not in listed]:
                (catalog_folder(self._environment) / schema / FOLDER / f"{view[1]}.sql").unlink(missing_ok=True)
                del self._views[view]
        self._seen = self._signature()

    def _throw_away(self, folder: Path, name: str) -> None:
        if not folder.exists():
            return
        trash = self._environment.warehouse / ".trash" / self._environment.catalog
        trash.mkdir(parents=True, exist_ok=True)
        os.replace(folder, trash / f"{name}.{time.time_ns()}")

    def _remember(self, tables: list[StoredTable]) -> None:
        for table in tables:
            self._known.setdefault(table.schema, set()).add(table.name)

    def _signature(self) -> tuple[object, ...]:
        """Return what changes when a table's or a schema's folder comes or goes."""
        folder = catalog_folder(self._environment)
        schemas = [folder / schema for schema in self._known]
        return tuple(_modified(place) for place in (folder, *schemas, *(schema / FOLDER for schema in schemas)))


class _Followed:
    """The answers of a statement; when the engine says that it is done, ``then`` is called before the person goes on."""

    def __init__(self, call: Any, then: Callable[[], None]) -> None:
        self._call = call
        self._then: Callable[[], None] | None = then

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            answer = next(self._call)
        except StopIteration:
            self._finish()
            raise
        if answer.HasField("result_complete"):  # Spark's client stops here and never asks for the end of the stream
            self._finish()
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    def _finish(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            then()


def _may_define(plan: Any) -> bool:
    """Return whether a plan may drop a table or a schema, or make a schema.

    A look at its words is enough here, because saying yes too often costs milliseconds and changes nothing.
    """
    if plan.ByteSize() > _LONGEST_DEFINITION:
        return False
    if plan.HasField("root") and plan.root.HasField("catalog"):
        kind = plan.root.catalog.WhichOneof("cat_type") or ""
        return kind.startswith(("drop_", "create_database"))
    text = plan.SerializeToString().lower()
    return any(word in text for word in (b"drop", b"schema", b"database"))


def _statement(plan: Any) -> str:
    """Return the SQL statement that a plan is, or nothing."""
    if not plan.HasField("command") or not plan.command.HasField("sql_command"):
        return ""
    command = plan.command.sql_command
    return str(command.input.sql.query or command.sql)


def _modified(folder: Path) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except FileNotFoundError:
        return 0


def _fold(name: str) -> str:
    return name.casefold()
