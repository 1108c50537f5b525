"""The platform's own ``dbutils``, inside of a Databricks runtime."""

from __future__ import annotations

import sys
from typing import Any

from dex_dbutils.errors import UtilitiesError


def platform_dbutils(spark: Any) -> Any:
    """Return the ``dbutils`` that the running platform offers.

    Raises:
        UtilitiesError: DEX-UTIL-11, it offers none.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    found = shell.user_ns.get("dbutils") if shell is not None else None
    if found is not None and not type(found).__module__.startswith("dex_dbutils"):
        return found
    try:
        from pyspark.dbutils import DBUtils
    except ImportError as error:
        raise UtilitiesError(
            "DEX-UTIL-11",
            f"DATABRICKS_RUNTIME_VERSION is set, and this Python has no platform utilities: {error}.",
            remedy="Unset DATABRICKS_RUNTIME_VERSION outside of Databricks.",
        ) from error
    return DBUtils(spark)
