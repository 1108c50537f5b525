"""The guard: one interceptor that every Spark Connect request passes, and the policy of the bound environment.

Nothing heavy is loaded here: the tap comes with the first channel, the SQL parser with the first SQL text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex_dbutils.config import Environment

from dex.guard.confirmation import GuardStatus, confirm_writes, guard_status
from dex.guard.effects import split_name
from dex.guard.paths import at_home

if TYPE_CHECKING:
    from dex.guard.effects import Effect

__all__ = [
    "GuardStatus",
    "at_home",
    "check_path",
    "classify_sql",
    "confirm_writes",
    "guard_status",
    "install_tap",
    "make_tap",
    "split_name",
]


def make_tap(environment: Environment) -> Any:
    """Return the gRPC client interceptor that guards one environment's channel."""
    from dex.guard.tap import Tap

    return Tap(environment)


def install_tap() -> None:
    """Guard every Spark Connect channel that this process opens from now on, and what ``dbutils.fs`` changes.

    More calls change nothing.
    """
    from dex_dbutils.session import add_interceptor
    from dex_dbutils.utilities import add_write_check

    add_interceptor(make_tap)
    add_write_check(check_path)


def check_path(environment: Environment, operation: str, path: str) -> None:
    """Let a change of files pass, or raise.

    Args:
        environment: the bound environment.
        operation: what a person calls it, such as ``dbutils.fs.put``.
        path: what is written, moved or deleted.

    Raises:
        GuardError: the guard of the environment refuses it.
    """
    from dex.guard.effects import Write
    from dex.guard.policy import check

    check([Write(operation, "path", (path,))], environment, None)


def classify_sql(text: str, arguments: dict[str, str] | None = None) -> tuple[Effect, ...]:
    """Return what a SQL text would change, and which files it would read; empty for reading tables.

    Args:
        text: one or more statements in the dialect of Databricks.
        arguments: text arguments by name, for ``IDENTIFIER(:name)``.
    """
    from dex.guard.statements import effects_of_sql

    return effects_of_sql(text, tuple(sorted((arguments or {}).items())))
