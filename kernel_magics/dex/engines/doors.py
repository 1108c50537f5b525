"""The doors of this folder: the engine of an environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from dex_dbutils import Environment

from dex.engines.model import EngineStatus

Progress = Callable[[str], None]


class Engine(Protocol):
    """What answers Spark for an environment."""

    def start(self, progress: Progress | None = None) -> None:
        """Start it, or find it running. Raises `EngineError` where it cannot be had."""

    def stop(self) -> None:
        """End it; tables stay, temporary views go. Nothing happens if it does not run."""

    def restart(self, progress: Progress | None = None) -> None:
        """End it and start it again."""

    def status(self) -> EngineStatus:
        """Return what is known of it; asks it, with a deadline."""


def engine_for(environment: Environment) -> Engine:
    """Return the engine of an environment."""
    kind = environment.engine.type
    if kind == "sail":
        from dex.engines.sail import SailEngine

        return SailEngine(environment)
    from dex.engines.elsewhere import EngineElsewhere

    return EngineElsewhere(environment)


def attach_url(environment: Environment) -> str:
    """Return the address of the environment's engine, started if it does not run.

    Raises:
        EngineError: it cannot be installed, started or reached.
    """
    engine = engine_for(environment)
    engine.start()
    url = engine.status().url if not hasattr(engine, "url") else engine.url
    assert url is not None
    return str(url)


def install(progress: Progress | None = None) -> Path:
    """Install the default engine for this Python into the user cache and return its folder.

    Raises:
        EngineError: DEX-ENGINE-01 to -03, it cannot be installed.
    """
    from dex.engines.sail import install_sail

    return install_sail(progress)
