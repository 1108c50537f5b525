"""``dbutils`` wherever the code runs: the platform's own, a workspace's, or files and variables of this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dex_dbutils.config import Environment
from dex_dbutils.utilities.checks import add_write_check
from dex_dbutils.utilities.files import platform_place
from dex_dbutils.utilities.notebook import NotebookExit
from dex_dbutils.utilities.secrets import Secret, variable_of
from dex_dbutils.utilities.tasks import read_task_values

if TYPE_CHECKING:
    from dex_dbutils.utilities.local import Utilities

__all__ = [
    "NotebookExit",
    "Secret",
    "Utilities",
    "add_write_check",
    "get_dbutils",
    "platform_place",
    "read_task_values",
    "variable_of",
]


def get_dbutils(spark: Any, environment: Environment) -> Any:
    """Return the ``dbutils`` of an environment.

    Inside Databricks it is the platform's own. For an engine of type ``databricks`` files and secrets are those of its
    workspace, asked when they are used. Everywhere else they are files under the project's ``.dex`` folder and
    environment variables; see `Utilities`.

    Args:
        spark: the session that ``data.summarize`` and the platform's own use.
        environment: whose project, parameters, secrets and workspace hold.
    """
    if os.environ.get("DATABRICKS_RUNTIME_VERSION"):
        from dex_dbutils.utilities.platform import platform_dbutils

        return platform_dbutils(spark)
    from dex_dbutils.utilities.local import Utilities

    return Utilities(environment)


def __getattr__(name: str) -> Any:
    if name == "Utilities":
        from dex_dbutils.utilities.local import Utilities

        return Utilities
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
