"""Names of tables, and which of them there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dex_dbutils.catalog.disk import stored_tables
from dex_dbutils.config import Environment, load_environment

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Engines whose tables lie in the environment's warehouse.
LOCAL_ENGINES = ("sail", "spark")


@dataclass(frozen=True)
class TableRef:
    """A table of an environment.

    Attributes:
        layer: the layer whose schema holds it, such as ``silver``.
        name: the table's own name.
        catalog: its catalog.
        schema: its schema, prefix included.
    """

    layer: str
    name: str
    catalog: str
    schema: str


def get_table_name(env: str | Environment | None, layer: str, table: str) -> str:
    """Return ``catalog.schema.table`` of a table in a layer of an environment; needs no session.

    Args:
        env: name of an environment, an environment, or nothing for the project's default.
        layer: such as ``silver``.
        table: the table's own name.

    Raises:
        ConfigError: there is no such environment or layer, or the name is not one of a table.

    Example:
        >>> get_table_name("local", "silver", "flights")
        'local.silver.flights'
    """
    environment = env if isinstance(env, Environment) else load_environment(env)
    return environment.table_name(layer, table)


def list_tables(environment: Environment, spark: SparkSession | None = None) -> list[TableRef]:
    """Return the tables in the layers of an environment, layer by layer, by name.

    Tables of a local engine are found on disk, whether it runs or not. For other engines the session is asked.

    Args:
        environment: the environment.
        spark: the session to ask where the tables are not on disk; by default the environment's own.

    Raises:
        EngineError: the session cannot be had.
    """
    schemas = {layer: environment.schema_of(layer) for layer in environment.schemas}
    if environment.engine.type in LOCAL_ENGINES:
        found = {schema: [t.name for t in stored_tables(environment, schema)] for schema in schemas.values()}
    else:
        if spark is None:
            from dex_dbutils.session import get_spark

            spark = get_spark(environment)
        found = {schema: _listed(spark, environment, layer) for layer, schema in schemas.items()}
    return [
        TableRef(layer, name, environment.catalog, schema)
        for layer, schema in schemas.items()
        for name in sorted(found[schema])
    ]


def _listed(spark: SparkSession, environment: Environment, layer: str) -> list[str]:
    full = environment.schema_name(layer)
    known = spark.sql(f"SHOW SCHEMAS IN {full.rpartition('.')[0]}").collect()
    if environment.schema_of(layer) not in {row[0] for row in known}:
        return []
    return [row["tableName"] for row in spark.sql(f"SHOW TABLES IN {full}").collect() if not row["isTemporary"]]
