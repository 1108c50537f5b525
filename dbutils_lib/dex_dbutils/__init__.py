"""What notebooks and deployed jobs import: configuration, sessions, names, profiles.

Importing this package loads no Spark, Arrow or pandas: each name brings its module on first use.

Example:
    >>> from dex_dbutils import get_table_name
    >>> get_table_name("local", "silver", "flights")
    'local.silver.flights'
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dex_dbutils.catalog import get_table_name as get_table_name
    from dex_dbutils.config import Environment as Environment
    from dex_dbutils.config import load_environment as load_environment
    from dex_dbutils.errors import BundleError as BundleError
    from dex_dbutils.errors import ConfigError as ConfigError
    from dex_dbutils.errors import DexError as DexError
    from dex_dbutils.errors import EngineError as EngineError
    from dex_dbutils.errors import ExportError as ExportError
    from dex_dbutils.errors import FrameError as FrameError
    from dex_dbutils.errors import GuardError as GuardError
    from dex_dbutils.errors import JobError as JobError
    from dex_dbutils.errors import LedgerError as LedgerError
    from dex_dbutils.errors import NotebookError as NotebookError
    from dex_dbutils.errors import PipelineError as PipelineError
    from dex_dbutils.errors import PlanError as PlanError
    from dex_dbutils.errors import ProviderError as ProviderError
    from dex_dbutils.errors import UtilitiesError as UtilitiesError
    from dex_dbutils.errors import Where as Where
    from dex_dbutils.errors import WorkspaceError as WorkspaceError
    from dex_dbutils.profile import Profile as Profile
    from dex_dbutils.profile import profile as profile
    from dex_dbutils.session import Session as Session
    from dex_dbutils.session import get_session as get_session
    from dex_dbutils.session import get_spark as get_spark

__version__ = "0.1.0"

#: Public name -> the folder that holds it. One place, so that a test can hold the list.
_HOMES = {
    "get_table_name": "catalog",
    "Environment": "config",
    "load_environment": "config",
    "Profile": "profile",
    "profile": "profile",
    "Session": "session",
    "get_session": "session",
    "get_spark": "session",
    **dict.fromkeys(
        (
            "BundleError",
            "ConfigError",
            "DexError",
            "EngineError",
            "ExportError",
            "FrameError",
            "GuardError",
            "JobError",
            "LedgerError",
            "NotebookError",
            "PipelineError",
            "PlanError",
            "ProviderError",
            "UtilitiesError",
            "Where",
            "WorkspaceError",
        ),
        "errors",
    ),
}

__all__ = ["__version__"]
__all__ += list(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Door(ModuleType):
    """Keeps ``dex_dbutils.profile`` the function.

    The import system binds a folder to its parent's attribute of the same name, so that after
    ``from dex_dbutils.profile import Profile`` the name ``profile`` would be the folder, which nobody can call.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name in _HOMES and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Door
