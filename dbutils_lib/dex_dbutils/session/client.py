"""Import Spark's client, around its traps."""

from __future__ import annotations

import logging
import sys

from dex_dbutils.errors import EngineError, Where


def import_client() -> None:
    """Import the Spark Connect client.

    Raises:
        EngineError: DEX-SESSION-02, it is not installed.
    """
    main = sys.modules.get("__main__")
    # Where `__main__` has neither a spec nor a file, as under `python -c`, the client takes the process for a run of
    # its own doctests, looks for a whole Spark, and ends the process.
    unnamed = main is not None and main.__spec__ is None and not hasattr(main, "__file__")
    if unnamed:
        main.__file__ = "<string>"  # type: ignore[union-attr]
    try:
        import pyspark.sql.connect.session  # noqa: F401
    except ImportError as error:
        raise EngineError(
            "DEX-SESSION-02",
            f"There is no Spark client in this Python: {error}.",
            Where(key="engine.type"),
            "pip install 'dexkit[local]', or pyspark-client==4.2.0 where dexkit is not wanted.",
        ) from error
    finally:
        if unnamed:
            del main.__file__  # type: ignore[union-attr]
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        logging.getLogger(name).disabled = True  # they print every error a second time, as JSON on stderr
