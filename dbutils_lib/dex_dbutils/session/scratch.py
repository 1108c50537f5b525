"""Sessions on tables of their own, for tests and recordings: whatever runs there harms nobody's tables."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from typing import TYPE_CHECKING

from dex_dbutils.config import Environment
from dex_dbutils.session.factory import close_session, get_session, holds
from dex_dbutils.session.lookup import way_to
from dex_dbutils.session.model import Session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def scratch_session(
    base: Environment,
    name: str,
    prefix: str,
    *,
    spark: SparkSession | None = None,
    writes: Iterable[tuple[str, str]] = (),
) -> Session:
    """Return a session on schemas of its own: those of an environment, with a prefix in front of their names.

    The schemas are made where they are not there, and hold none of the tables that are going to be written.

    Args:
        base: the environment; not a production one, if its engine is no local one.
        name: what the session's environment is called, behind the name of `base`.
        prefix: what stands in front of the schemas' names, behind the prefix that `base` has.
        spark: session of any engine, classic or Connect, to work on; without it, or where it is the one that
            `get_session(base)` gives, a new session on the engine of `base`.
        writes: layer and name of the tables that are going to be written: what an earlier run left is dropped.
    """
    own = base.model_copy(update={"name": f"{base.name}_{name}", "schema_prefix": f"{base.schema_prefix}{prefix}"})
    if spark is None or holds(base, spark) or holds(own, spark):
        session = get_session(own)
        local = way_to(own).local
    else:
        from dex_dbutils.utilities import get_dbutils

        own = own.model_copy(update={"catalog": _current_catalog(spark)})
        session = Session(spark, own, get_dbutils(spark, own))
        local = False
    if not local:  # a warehouse on this machine makes the schemas itself
        for layer in own.schemas:
            session.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {own.schema_name(layer)}")
    for layer, table in writes:
        session.spark.sql(f"DROP TABLE IF EXISTS {session.table(layer, table)}")
    if local:
        shutil.rmtree(own.warehouse / ".trash", ignore_errors=True)
    return session


def copy_table(base: Environment, session: Session, layer: str, table: str) -> bool:
    """Copy a table of an environment to a session's own; return False where there is none.

    Args:
        base: where the table is.
        session: as `scratch_session` made it.
        layer: the table's layer.
        table: its name.
    """
    if way_to(session.environment).local and holds(session.environment, session.spark):
        from dex_dbutils.catalog import prepare_warehouse

        prepare_warehouse(session.spark, base, only=table)
    theirs = base.table_name(layer, table)
    if not session.spark.catalog.tableExists(theirs):
        return False
    session.spark.table(theirs).write.mode("overwrite").saveAsTable(session.table(layer, table))
    return True


def keeps_apart(base: Environment, spark: SparkSession) -> bool:
    """Return whether `scratch_warehouse` can give a session: `spark` is that of an environment of a local engine.

    Args:
        base: the environment.
        spark: the session that tests work on.
    """
    return way_to(base).local and holds(base, spark)


def scratch_warehouse(base: Environment, name: str, *, tables: Iterable[str] = ()) -> tuple[Session, list[str]]:
    """Return a session on an empty warehouse of its own, and which of some tables are not there to be copied into it.

    For code that names its tables itself: `gold.orders` is then a table of this warehouse. Views are
    not copied.

    Args:
        base: an environment of a local engine.
        name: what the session's environment is called, behind the name of `base`.
        tables: tables of `base` to copy: ``schema.table`` or ``catalog.schema.table``.

    Raises:
        OSError: a table cannot be copied.
    """
    own = base.model_copy(update={"name": f"{base.name}_{name}"})
    close_session(own)
    shutil.rmtree(own.warehouse, ignore_errors=True)
    missing = copy_folders(base, own, tables)
    return get_session(own), missing


def copy_folders(base: Environment, own: Environment, tables: Iterable[str]) -> list[str]:
    """Copy tables from one warehouse of a local engine into another, and return those that are not there.

    Args:
        base: whose tables they are.
        own: the other environment, before its session begins.
        tables: ``schema.table`` or ``catalog.schema.table``.

    Raises:
        OSError: a table cannot be copied.
    """
    from dex_dbutils.catalog.disk import catalog_folder, table_format

    missing: list[str] = []
    for wanted in tables:
        *catalog, schema, table = wanted.replace("`", "").split(".")
        place = catalog_folder(base) / schema / table
        if catalog not in ([], [base.catalog]) or table_format(place) is None:
            missing.append(wanted)
        else:
            shutil.copytree(place, catalog_folder(own) / schema / table)
    return missing


def _current_catalog(spark: SparkSession) -> str:
    """Return the catalog of a session; Spark 3.3 cannot be asked."""
    ask = getattr(spark.catalog, "currentCatalog", None)
    return str(ask()) if ask is not None else "spark_catalog"
