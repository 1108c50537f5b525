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
    prepare_schemas,
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
#: Plans longer than this are not searched for names: whatever waits is registered.
_LONGEST_NAMING = 1_000_000
#: Words of statements that list tables, or make their names while they run.
_LISTING = (b"show", b"tables", b"views", b"schema", b"database", b"namespace", b"identifier")
#: How a plan that the client has compressed begins (RFC 8878, 3.1.1).
_ZSTD = b"\x28\xb5\x2f\xfd"


class WarehouseFollower(
    grpc.UnaryUnaryClientInterceptor,  # type: ignore[misc]
    grpc.UnaryStreamClientInterceptor,  # type: ignore[misc]
):
    """The innermost interceptor of a channel to an engine of this machine.

    A table or view is registered when a plan first names it, and all of them when a plan may list them: a session that
    opens beside thousands of tables costs nothing for those that it never reads. Sail 0.7.2 keeps about 60 KB of memory
    for every statement that it parses, also once the session is released (measured: 2,000 times ``SELECT 1``).

    Before a plan leaves, tables that another notebook dropped are forgotten, and those it made can be named: a
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
        self._known: dict[str, dict[str, Path]] = {}
        self._views: dict[tuple[str, str], int] = {}
        self._waiting: list[StoredTable] = []
        self._waiting_views: list[StoredView] = []
        self._broken: dict[StoredTable, int] = {}
        self._seen: tuple[object, ...] | None = None
        self._unfinished = False

    def prepare(self) -> None:
        """Register the warehouse's schemas; raises as `prepare_schemas` does."""
        with self._lock:
            for schema in prepare_schemas(self._spark, self._environment):
                self._known.setdefault(schema, {})
            self._look()

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Bring the session up to date before a question about a plan."""
        if details.method == f"{_SERVICE}AnalyzePlan":
            self._guarded(lambda: self._pull(request))
        return continuation(details, request)

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Bring the session up to date before a plan, and the warehouse after one that defines something."""
        if details.method != f"{_SERVICE}ExecutePlan":
            return continuation(details, request)
        self._guarded(lambda: self._pull(request.plan))
        call = continuation(details, request)
        if view_name(_statement(request.plan)) is not None:
            return _Followed(call, lambda: self._guarded(lambda: self._keep_view(request.plan)))
        if _may_define(request.plan):
            return _Followed(call, lambda: self._guarded(lambda: self._push(request.plan)))
        # A table that this session just made is known from here on, so that it is forgotten if another drops it.
        return (
            _Followed(call, lambda: self._guarded(lambda: self._pull(request.plan)))
            if request.plan.HasField("command")
            else call
        )

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _guarded(self, step: Callable[[], None]) -> None:
        """Do a step; its failure is a warning, because the person asked for something else."""
        try:
            with self._lock:
                step()
        except Exception as error:  # noqa: BLE001
            first_line = (str(error) or type(error).__name__).splitlines()[0]
            warnings.warn(f"DEX-CATALOG-03: the warehouse was not followed: {first_line}", RuntimeWarning, 2)

    def _pull(self, plan: Any) -> None:
        """Forget what others dropped since the last look, register what a plan may mean."""
        if self._unfinished or self._signature() != self._seen:
            self._look()
        if self._waiting or self._waiting_views:
            self._register(_words(plan))

    def _look(self) -> None:
        """Look through the folders: what is there and not registered waits until a plan names it."""
        signature = self._signature()
        waiting: list[StoredTable] = []
        schemas = stored_schemas(self._environment)
        for schema in schemas:
            if schema not in self._known:
                register_schema(self._spark, self._environment, schema)
                self._known[schema] = {}
            stored = {table.name: table for table in stored_tables(self._environment, schema)}
            new = [table for name, table in stored.items() if name not in self._known[schema]]
            waiting += [table for table in new if self._broken.get(table) != _changed(table)]
            gone = [(name, path) for name, path in self._known[schema].items() if name not in stored]
            for name, path in gone:
                if not path.exists():
                    forget_table(self._spark, self._environment, schema, name)
                    del self._known[schema][name]
        self._waiting = waiting
        self._look_at_views()
        self._unfinished = any(unfinished_tables(self._environment, schema) for schema in schemas)
        self._seen = signature

    def _look_at_views(self) -> None:
        """Forget views that were dropped, register those that were replaced; new ones wait."""
        stored = {(v.schema, v.name): v for schema in self._known for v in stored_views(self._environment, schema)}
        for schema, name in [key for key in self._views if key not in stored]:
            forget_view(self._spark, self._environment, schema, name)
            del self._views[schema, name]
        self._waiting_views = [view for key, view in stored.items() if key not in self._views]
        replaced = [view for key, view in stored.items() if self._views.get(key, view.version) != view.version]
        for view in sorted(replaced, key=lambda view: view.version):
            self._register(view.statement.encode().lower())
            self._remember_views(register_views(self._spark, [view]))

    def _register(self, words: bytes | None) -> None:
        """Register the tables and views that are waiting and named in some words; all of them without words."""
        views: list[StoredView] = []
        while True:
            named = [view for view in self._waiting_views if view not in views and _is_named(view.name, words)]
            if not named:
                break
            views += named
            if words is not None:  # what the views stand on is meant too
                words += b" ".join(view.statement.encode().lower() for view in named)
        tables = [table for table in self._waiting if _is_named(table.name, words)]
        self._waiting = [table for table in self._waiting if table not in tables]
        self._waiting_views = [view for view in self._waiting_views if view not in views]
        made = register_tables(self._spark, self._environment, tables)
        self._remember(made)
        self._broken.update({table: _changed(table) for table in tables if table not in made})
        self._remember_views(register_views(self._spark, sorted(views, key=lambda view: view.version)))

    def _keep_view(self, plan: Any) -> None:
        keep_view(self._spark, self._environment, _statement(plan))
        self._pull(plan)

    def _remember_views(self, views: Iterable[StoredView]) -> None:
        self._views.update({(view.schema, view.name): view.version for view in views})

    def _push(self, plan: Any) -> None:
        """Move what this session dropped to the trash; give the schemas it made a place on disk."""
        self._pull(plan)
        places = schema_places(self._spark, self._environment)
        for schema, place in places.items():
            if not place and schema not in self._known:
                give_schema_a_place(self._spark, self._environment, schema)
                self._known[schema] = {}
        for schema in [name for name in self._known if _fold(name) not in {_fold(listed) for listed in places}]:
            self._throw_away(catalog_folder(self._environment) / schema, schema)
            del self._known[schema]
            self._views = {key: version for key, version in self._views.items() if key[0] != schema}
        for schema, known in self._known.items():
            listed = {_fold(name) for name in table_names(self._spark, self._environment, schema)}
            for name in [name for name in known if _fold(name) not in listed]:
                path = known.pop(name)
                self._throw_away(path, f"{schema}.{path.name}")
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
            self._known.setdefault(table.schema, {})[table.name] = table.path

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


def _words(plan: Any) -> bytes | None:
    """Return a plan's words in lower case, to look names up in; nothing where it may mean tables that it does not name.

    Saying nothing too often costs milliseconds and changes nothing.
    """
    if plan.ByteSize() > _LONGEST_NAMING:
        return None
    words: bytes = plan.SerializeToString().lower()
    return None if any(word in words for word in (*_LISTING, _ZSTD)) or _lists(plan) else words


def _lists(plan: Any) -> bool:
    root = getattr(plan, "root", None)
    return (
        root is not None
        and root.HasField("catalog")
        and (root.catalog.WhichOneof("cat_type") or "").startswith("list_")
    )


def _is_named(name: str, words: bytes | None) -> bool:
    return words is None or not name.isascii() or name.lower().encode() in words


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
    return any(word in text for word in (b"drop", b"schema", b"database", b"namespace"))


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


def _changed(table: StoredTable) -> int:
    """Return when a table that cannot be read was written last: only then is it tried again."""
    return max(_modified(table.path), _modified(table.path / "_delta_log"))


def _fold(name: str) -> str:
    return name.casefold()
