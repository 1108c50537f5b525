"""Who answers Spark for an environment: the running platform, an address, or an engine that somebody registered."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any, Callable, Literal
from urllib.parse import urlsplit

from dex_dbutils.config import Environment
from dex_dbutils.errors import EngineError, Where

#: Packages name themselves here: name = engine type, value = ``attach(environment) -> sc:// address``.
ENTRY_POINTS = "dex_dbutils.engines"

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Way:
    """How to come to a Spark session.

    Args:
        kind: connect (an address), databricks (the vendor's client), or runtime (the session of this process).
        attach: returns the address, starting an engine if need be; only for connect.
        local: the engine runs on this machine and keeps its tables in the environment's warehouse.
    """

    kind: Literal["connect", "databricks", "runtime"]
    attach: Callable[[], str] | None = None
    local: bool = False


def way_to(environment: Environment) -> Way:
    """Return how to come to a session of an environment.

    Inside a Databricks runtime the runtime's own session answers, whatever the file says: what is deployed needs no
    other configuration. For an engine on this machine: the package that registered its type; without one the address
    in SPARK_REMOTE; without that the classic session that this process has already.

    Raises:
        EngineError: DEX-SESSION-01, nobody on this machine can answer.
    """
    engine = environment.engine
    if os.environ.get("DATABRICKS_RUNTIME_VERSION") or engine.type == "runtime":
        return Way("runtime")
    if engine.type == "databricks":
        return Way("databricks")
    if engine.type == "connect":
        url = engine.url or ""
        return Way("connect", lambda: url)
    attach = registered_engine(engine.type)
    if attach is not None:
        return Way("connect", lambda: str(attach(environment)), local=True)
    remote = os.environ.get("SPARK_REMOTE", "")
    if remote.startswith("sc://") and environment.kind == "local":
        return Way("connect", lambda: remote, local=urlsplit(remote).hostname in _LOOPBACK)
    if _has_classic_session():
        return Way("runtime")
    raise EngineError(
        "DEX-SESSION-01",
        f"Nothing on this machine answers for an engine of type '{engine.type}'.",
        Where(key="engine.type"),
        _how_to_get_one(engine.type),
    )


def _how_to_get_one(engine_type: str) -> str:
    if engine_type == "sail":
        return "Install `dexkit[local]`, which starts one; or set SPARK_REMOTE to the address of one that runs."
    return (
        f"dex does not start an engine of type '{engine_type}': start a Spark Connect server yourself and set "
        "`engine: {type: connect, url: sc://localhost:15002}`, or use 'sail'."
    )


@cache
def registered_engine(engine_type: str) -> Callable[[Environment], str] | None:
    """Return the ``attach`` of the package that registered an engine type, or None."""
    from importlib.metadata import entry_points

    found: Any = entry_points()
    # Python 3.9 returns a dictionary of groups, later ones a collection that selects.
    group = found.select(group=ENTRY_POINTS) if hasattr(found, "select") else found.get(ENTRY_POINTS, ())
    for point in group:
        if point.name == engine_type:
            attach: Callable[[Environment], str] = point.load()
            return attach
    return None


def is_loopback(url: str) -> bool:
    """Return whether an ``sc://`` address is on this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def is_listening(url: str, seconds: float = 2.0) -> bool:
    """Return whether something takes connections at an ``sc://`` address."""
    import socket

    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "localhost", parts.port or 15002), timeout=seconds):
            return True
    except OSError:
        return False


def _has_classic_session() -> bool:
    module: Any = sys.modules.get("pyspark.sql")
    classic: Any = getattr(module, "SparkSession", None)
    active = getattr(classic, "getActiveSession", None)
    try:
        session = active() if active is not None else None
        # a Connect session that is active belongs to another environment
        return session is not None and not type(session).__module__.startswith("pyspark.sql.connect.")
    except Exception:  # noqa: BLE001  Spark 4 raises where there is no JVM to ask
        return False
