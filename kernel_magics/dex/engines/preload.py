"""Import Spark's client while the person still types."""

from __future__ import annotations

import sys
import threading
from importlib import import_module

#: What a first cell needs beside the client, in the order of need.
MODULES = (
    "pyspark.sql.functions",
    "dex_dbutils.session.connect",
    "dex_dbutils.session.watch",
    "dex_dbutils.catalog",
    "dex.engines.sail",
)

_thread: threading.Thread | None = None


def pre_import() -> None:
    """Start to import Spark's client in the background, once; a cell that needs it earlier waits for the rest."""
    global _thread
    if _thread is None and "pyspark.sql.connect.session" not in sys.modules:
        _thread = threading.Thread(target=_import_all, name="dex-pre-import", daemon=True)
        _thread.start()


def _import_all() -> None:
    from dex_dbutils import EngineError
    from dex_dbutils.session import import_client

    try:
        import_client()
        for name in MODULES:
            import_module(name)
    except (EngineError, ImportError):  # not installed here: the cell that needs it says so, with what to do
        return
    from dex_dbutils.session.lookup import registered_engine

    registered_engine("sail")
