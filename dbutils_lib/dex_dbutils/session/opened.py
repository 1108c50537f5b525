"""Open a Spark session in one of the ways there are: an address, the running platform, the vendor's client."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable

from dex_dbutils.config import Environment
from dex_dbutils.errors import EngineError
from dex_dbutils.session.lookup import way_to

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass
class Opened:
    """An open Spark session and how to care for it.

    Args:
        spark: the session.
        engine: what is known of its engine, for people.
        is_alive: returns whether the engine still answers for it; takes milliseconds, two seconds at most.
        close: ends it.
    """

    spark: SparkSession
    engine: dict[str, Any] = field(default_factory=dict)
    is_alive: Callable[[], bool] = lambda: True
    close: Callable[[], None] = lambda: None

    def activate(self) -> None:
        """Make the session the one that Spark's own functions find, in this thread and as the default."""
        connect = sys.modules.get("pyspark.sql.connect.session")
        if connect is not None and isinstance(self.spark, connect.SparkSession):
            # Spark's own setter fills only empty places, and leaves a session whose engine is gone where it is.
            with connect.SparkSession._lock:
                connect.SparkSession._default_session = self.spark
                connect.SparkSession._active_session.session = self.spark

    def is_active(self) -> bool:
        """Return whether the session is the one that Spark's own functions find."""
        connect = sys.modules.get("pyspark.sql.connect.session")
        return connect is not None and connect.SparkSession._default_session is self.spark


def open_session(environment: Environment) -> Opened:
    """Return a new session of an environment.

    Raises:
        EngineError: nothing answers for its engine, or what is needed to talk to it is not installed.
    """
    way = way_to(environment)
    if way.kind == "runtime":
        return _runtime(environment)
    if way.kind == "databricks":
        from dex_dbutils.session.databricks import open_databricks

        return open_databricks(environment)
    from dex_dbutils.session.connect import open_connect

    assert way.attach is not None
    return open_connect(environment, way.attach, local=way.local)


def _runtime(environment: Environment) -> Opened:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise EngineError(
            "DEX-SESSION-02",
            f"There is no Spark in this Python: {error}.",
            remedy="Run this inside Databricks or where pyspark is installed, or choose another engine.",
        ) from error
    active = getattr(SparkSession, "getActiveSession", lambda: None)()
    spark = active if active is not None else SparkSession.builder.getOrCreate()
    for key, value in environment.engine.conf.items():
        spark.conf.set(key, value)
    return Opened(spark, {"type": "runtime", "version": spark.version})
