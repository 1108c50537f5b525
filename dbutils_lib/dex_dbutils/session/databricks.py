"""A session on a Databricks workspace, through the vendor's own client, which the person installs."""

from __future__ import annotations

from dex_dbutils.config import Environment
from dex_dbutils.errors import EngineError, Where
from dex_dbutils.session.opened import Opened


def open_databricks(environment: Environment) -> Opened:
    """Return a session on the workspace that an environment's engine names.

    Raises:
        EngineError: DEX-SESSION-03, the client is not installed; DEX-SESSION-04, the workspace refuses.
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
    engine = environment.engine
    builder = DatabricksSession.builder
    if engine.profile:
        builder = builder.profile(engine.profile)
    if engine.host:
        builder = builder.host(engine.host)
    if engine.serverless:
        builder = builder.serverless(True)
    elif engine.cluster_id:
        builder = builder.clusterId(engine.cluster_id)
    try:
        spark = builder.getOrCreate()
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
    known = {"type": "databricks", "version": version, "profile": engine.profile, "host": engine.host}
    return Opened(spark, known, close=spark.stop)
