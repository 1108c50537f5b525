"""A Spark session bound to an environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dex_dbutils.config import Environment

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass
class Session:
    """A live Spark session and the environment it belongs to.

    Notebooks find it under the name ``session``; an exported module makes its own from the ``spark`` it is given.

    Args:
        spark: the Spark session, classic or Connect.
        environment: the environment whose names, parameters and secrets hold.
        dbutils: the platform's utilities, or their local stand-in.
        engine: what is known of the engine, for people: type, address, process.
    """

    spark: SparkSession
    environment: Environment
    dbutils: Any = None
    engine: dict[str, Any] = field(default_factory=dict)

    def table(self, layer: str, table: str) -> str:
        """Return the ``catalog.schema.table`` name of a table in a layer of the bound environment.

        Raises:
            ConfigError: DEX-CONFIG-06, there is no such layer.
        """
        return self.environment.table_name(layer, table)

    def read(self, layer: str, table: str) -> DataFrame:
        """Return the frame of a table in a layer."""
        return self.spark.table(self.table(layer, table))

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the bound environment."""
        return self.environment.parameters
