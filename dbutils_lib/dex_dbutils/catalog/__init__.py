"""Names of tables per environment and layer, and the local warehouse that keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex_dbutils.catalog.aliases import engine_path
from dex_dbutils.catalog.disk import StoredTable, stored_table, table_location
from dex_dbutils.catalog.names import TableRef, get_table_name, list_tables
from dex_dbutils.catalog.warehouse import prepare_warehouse

if TYPE_CHECKING:
    from dex_dbutils.catalog.following import WarehouseFollower
    from dex_dbutils.config import Environment

__all__ = [
    "StoredTable",
    "TableRef",
    "engine_path",
    "follow_warehouse",
    "get_table_name",
    "list_tables",
    "prepare_warehouse",
    "stored_table",
    "table_location",
]


def follow_warehouse(spark: Any, environment: Environment) -> WarehouseFollower:
    """Return the interceptor that keeps a session and the environment's warehouse in step.

    Args:
        spark: a session of the same server session, whose channel has no interceptors.
        environment: whose warehouse it is.
    """
    from dex_dbutils.catalog.following import WarehouseFollower

    return WarehouseFollower(spark, environment)
