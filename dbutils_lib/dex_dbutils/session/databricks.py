"""A session on a Databricks workspace, through the vendor's own client, which the person installs."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from dex_dbutils.config import Environment
from dex_dbutils.errors import EngineError, Where
from dex_dbutils.session.interceptors import interceptors_for
from dex_dbutils.session.interrupt import call_within
from dex_dbutils.session.opened import Opened

#: Seconds for a session that exists to say which Spark it speaks, before a new one is made.
PROBE_SECONDS = 20.0
#: Seconds for a workspace to take a connection.
REACH_SECONDS = 10.0
_lock = threading.Lock()


def open_databricks(environment: Environment) -> Opened:
    """Return a session on the workspace that an environment's engine names.

    Raises:
        EngineError: DEX-SESSION-03, the client is not installed; DEX-SESSION-04, the workspace refuses, or the
            session would pass by the guard.
    """
    try:
        from databricks.connect import DatabricksSession
    except ImportError as error:
        raise EngineError(
            "DEX-SESSION-03",
            f"Environment '{environment.name}' is on Databricks, and its client is not installed here.",
            Where(key="engine.type"),
            "In an environment of its own: pip install 'dexkit[databricks]'. It cannot share one with `dexkit[local]`.",
        ) from error
    from dex_dbutils.session.lookup import is_listening
    from dex_dbutils.session.watch import EngineWatch

    engine = environment.engine
    address = _address(engine.host)
    if address and not is_listening(address, REACH_SECONDS):  # the client itself would try for minutes
        raise EngineError(
            "DEX-SESSION-04",
            f"No session on Databricks for environment '{environment.name}': nothing answers at {engine.host}",
            Where(key="engine.host"),
            "Check engine.host, the network and its proxy.",
        )
    builder = DatabricksSession.builder
    if engine.profile:
        builder = builder.profile(engine.profile)
    if engine.host:
        builder = builder.host(engine.host)
    if engine.serverless:
        builder = builder.serverless(True)
    elif engine.cluster_id:
        builder = builder.clusterId(engine.cluster_id)
    watch = EngineWatch(environment, address or "sc://workspace")
    try:
        with _channels_get([watch, *interceptors_for(environment)]) as guarded, _no_notebook():
            spark = builder.create()
        if not guarded:
            raise RuntimeError("the client used a connection of its own; unset SPARK_REMOTE")
        for key, value in engine.conf.items():
            spark.conf.set(key, value)
        version = spark.version
    except Exception as error:
        first_line = (str(error) or type(error).__name__).splitlines()[0]
        raise EngineError(
            "DEX-SESSION-04",
            f"No session on Databricks for environment '{environment.name}': {first_line}",
            Where(key="engine"),
            "Check engine.profile, engine.host and engine.cluster_id or serverless, and that you are logged in.",
        ) from error
    watch.help_with(spark, marked=False)

    def is_alive() -> bool:
        try:
            return bool(call_within(PROBE_SECONDS, lambda: spark.version))
        except Exception:  # noqa: BLE001  whatever it is, this session is of no use any more
            return False

    known = {"type": "databricks", "version": version, "profile": engine.profile, "host": engine.host}
    return Opened(spark, known, is_alive, spark.stop)


def _address(host: str | None) -> str:
    """Return the address of a workspace that is reached without a proxy; empty where that cannot be told."""
    if not host or os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return ""
    parts = urlsplit(host if "://" in host else f"https://{host}")
    return f"sc://{parts.hostname}:{parts.port or 443}"


@contextmanager
def _no_notebook() -> Iterator[None]:
    """Hide ``sc`` from the vendor's builder within the block.

    Where a notebook has ``spark`` and ``sc`` it takes itself for one inside of Databricks: it warns, and without an
    explicit host or profile makes no session at all. Outside, ``sc`` is what `%dex_databricks on` has put there.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    names: dict[str, Any] = getattr(shell, "user_ns", {})
    hidden = {"sc": names.pop("sc")} if "sc" in names else {}
    try:
        yield
    finally:
        for name, value in hidden.items():
            names.setdefault(name, value)


@contextmanager
def _channels_get(interceptors: list[object]) -> Iterator[list[bool]]:
    """Give the interceptors to the channel that the vendor's builder makes within the block.

    It makes its channel builder itself and hands it to Spark's ``channelBuilder``, the one public place on the way;
    the list yielded is empty if it went another way.
    """
    from pyspark.sql.connect.session import SparkSession

    builder: Any = SparkSession.Builder
    with _lock:
        hand_over = builder.channelBuilder
        given: list[bool] = []

        def with_interceptors(self: Any, channels: Any) -> Any:
            for interceptor in interceptors:
                channels.add_interceptor(interceptor)
            given.append(True)
            return hand_over(self, channels)

        builder.channelBuilder = with_interceptors
        try:
            yield given
        finally:
            builder.channelBuilder = hand_over
