"""Make a session know the schemas and tables of a local warehouse.

The catalogs of a local engine live in the memory of one session. Their contents are on disk, under names that are
paths; so a session learns them again when it opens, and two notebooks see the same tables.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from dex_dbutils.catalog.disk import (
    StoredTable,
    catalog_folder,
    schema_location,
    stored_schemas,
    stored_tables,
    table_location,
)
from dex_dbutils.catalog.views import StoredView
from dex_dbutils.config import Environment, quoted
from dex_dbutils.errors import DexError, Where

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Statements that are under way at once. Eight bring 200 tables in below a second.
AT_ONCE = 8
#: The schema that every catalog has; it too must have its place on disk.
DEFAULT_SCHEMA = "default"


def prepare_warehouse(spark: SparkSession, environment: Environment, *, only: str | None = None) -> list[StoredTable]:
    """Make the environment's catalog the current one and register its schemas and the tables on disk.

    Returns the tables that are registered now. Running it again registers what is new.

    Args:
        spark: a session on an engine of this machine.
        environment: whose warehouse it is.
        only: name of the tables to register; all if nothing is said.

    Raises:
        DexError: DEX-CATALOG-01, the engine has no catalog of that name; DEX-CATALOG-02, the warehouse cannot be
            written.
    """
    schemas = prepare_schemas(spark, environment)
    stored = [table for schema in schemas for table in stored_tables(environment, schema)]
    return register_tables(spark, environment, [t for t in stored if only is None or t.name.lower() == only.lower()])


def prepare_schemas(spark: SparkSession, environment: Environment) -> list[str]:
    """Make the environment's catalog the current one, register its schemas and return them.

    Raises:
        DexError: as `prepare_warehouse` does.
    """
    wanted = [DEFAULT_SCHEMA, *(environment.schema_of(layer) for layer in environment.schemas)]
    schemas = list(dict.fromkeys([*wanted, *stored_schemas(environment)]))
    _make_folders(environment, schemas)
    if not _places(spark, environment).get(DEFAULT_SCHEMA):
        give_schema_a_place(spark, environment, DEFAULT_SCHEMA)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="dex-warehouse") as pool:
        list(pool.map(lambda schema: register_schema(spark, environment, schema), schemas))
    spark.catalog.setCurrentCatalog(environment.catalog)
    return schemas


def register_schema(spark: SparkSession, environment: Environment, schema: str) -> None:
    """Register a schema at its place on disk, unless the session has it."""
    place = _text(schema_location(environment, schema))
    _run(spark, f"CREATE SCHEMA IF NOT EXISTS {_schema(environment, schema)} LOCATION {place}")


def register_tables(spark: SparkSession, environment: Environment, tables: Iterable[StoredTable]) -> list[StoredTable]:
    """Register tables that lie on disk; return those that could be. The others are named in a warning."""

    def register(table: StoredTable) -> str | None:
        # Without columns: a list of them is refused where the partition columns are not the last ones.
        name = f"{_schema(environment, table.schema)}.{quoted(table.name)}"
        place = _text(table_location(environment, table))
        try:
            _run(spark, f"CREATE TABLE IF NOT EXISTS {name} USING {table.format} LOCATION {place}")
        except Exception as error:  # noqa: BLE001  one table that cannot be read must not take the others away
            return (str(error) or type(error).__name__).splitlines()[0]
        return None

    todo = list(tables)
    if not todo:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(todo)), thread_name_prefix="dex-warehouse") as pool:
        troubles = list(pool.map(register, todo))
    for table, trouble in zip(todo, troubles):
        if trouble is not None:
            warnings.warn(
                f"DEX-CATALOG-03: the table in {table.path} cannot be registered: {trouble}", RuntimeWarning, 3
            )
    return [table for table, trouble in zip(todo, troubles) if trouble is None]


def schema_places(spark: SparkSession, environment: Environment) -> dict[str, str | None]:
    """Return the schemas that a session has in the environment's catalog, with the folder of each if it has one."""
    rows = spark.sql(f"SHOW DATABASES IN {quoted(environment.catalog)}").collect()
    return {_unquoted(row[0]): row.asDict().get("locationUri") for row in rows}


def table_names(spark: SparkSession, environment: Environment, schema: str) -> list[str]:
    """Return the tables and views that a session has in a schema of the environment's catalog."""
    rows = spark.sql(f"SHOW TABLES IN {_schema(environment, schema)}").collect()
    return [row["tableName"] for row in rows if not row["isTemporary"]]


def give_schema_a_place(spark: SparkSession, environment: Environment, schema: str) -> None:
    """Make an empty schema anew, with a folder: without one, its tables could not be found again."""
    _run(spark, f"DROP SCHEMA IF EXISTS {_schema(environment, schema)}")
    _make_folders(environment, [schema])
    register_schema(spark, environment, schema)


def forget_table(spark: SparkSession, environment: Environment, schema: str, table: str) -> None:
    """Take a table out of the session's catalog; its files, if there are any, stay."""
    _run(spark, f"DROP TABLE IF EXISTS {_schema(environment, schema)}.{quoted(table)}")


def register_views(spark: SparkSession, views: Iterable[StoredView]) -> list[StoredView]:
    """Run the statements of views in their order; return those that could be made. The others are named in a warning."""
    made = []
    for view in views:
        try:
            _run(spark, view.statement)
        except Exception as error:  # noqa: BLE001  one view that lacks its table must not take the others away
            first_line = (str(error) or type(error).__name__).splitlines()[0]
            message = f"DEX-CATALOG-03: the view of {view.path} cannot be registered: {first_line}"
            warnings.warn(message, RuntimeWarning, 3)
        else:
            made.append(view)
    return made


def forget_view(spark: SparkSession, environment: Environment, schema: str, view: str) -> None:
    """Take a view out of the session's catalog."""
    _run(spark, f"DROP VIEW IF EXISTS {_schema(environment, schema)}.{quoted(view)}")


def _make_folders(environment: Environment, schemas: Iterable[str]) -> None:
    try:
        for schema in schemas:
            (catalog_folder(environment) / schema).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DexError(
            "DEX-CATALOG-02",
            f"The warehouse of environment '{environment.name}' cannot be written: {error.strerror or error}.",
            Where(file=str(environment.warehouse)),
            "Free some space or make the folder writable, then bind the environment again.",
        ) from error


def _places(spark: SparkSession, environment: Environment) -> dict[str, str | None]:
    try:
        return schema_places(spark, environment)
    except Exception as error:
        first_line = (str(error) or type(error).__name__).splitlines()[0]
        raise DexError(
            "DEX-CATALOG-01",
            f"The engine has no catalog '{environment.catalog}': {first_line}",
            Where(key="catalog"),
            "Restart it, so that it takes up the environments of the project: dex engine restart",
        ) from error


def _unquoted(name: str) -> str:
    """Return a name that a statement lists, which is quoted where it has to be."""
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def _run(spark: SparkSession, statement: str) -> None:
    spark.sql(statement)  # a definition runs at once; there is no answer to collect


def _schema(environment: Environment, schema: str) -> str:
    return f"{quoted(environment.catalog)}.{quoted(schema)}"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
