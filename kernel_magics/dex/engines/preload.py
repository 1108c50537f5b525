"""Import Spark's client while the person still types."""

from __future__ import annotations

import sys
import threading
from importlib import import_module

#: What a first cell needs beside the client, in the order of need.
MODULES = (
    "pyspark.sql.functions",
    "pyspark.sql.connect.catalog",
    "dex_dbutils.session.connect",
    "dex_dbutils.session.watch",
    "dex_dbutils.catalog.following",
    "dex_dbutils.utilities",
    "dex.engines.sail",
    "dex.guard",
    "dex.guard.tap",
)

_thread: threading.Thread | None = None


def pre_import() -> None:
    """Start to import Spark's client in the background, once; a cell that needs it earlier waits for the rest."""
    global _thread
    if _thread is None and "pyspark.sql.connect.session" not in sys.modules:
        _thread = threading.Thread(target=_import_all, name="dex-pre-import", daemon=True)
        _thread.start()


def _import_all() -> None:
    from dex_dbutils import DexError, load_environment
    from dex_dbutils.session import import_client

    try:
        import_client()
        for name in MODULES:
            import_module(name)
        from dex_dbutils.session.lookup import registered_engine

        registered_engine("sail")
        from dex.engines.doors import engine_for

        engine_for(load_environment()).status()  # gRPC's own first call is slow; an engine that runs wakes up
        from dex.guard import classify_sql

        classify_sql("SELECT 1")  # the guard's parser takes a while to get going
    except (DexError, ImportError):  # what is missing or wrong here is told by the cell that needs it
        return
