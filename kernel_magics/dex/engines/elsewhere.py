"""Engines that dex attaches to and does not run: a Spark Connect server, Databricks, the runtime of this process."""

from __future__ import annotations

import os
from collections.abc import Callable

from dex_dbutils import EngineError, Environment, Where
from dex_dbutils.session import is_listening

from dex.engines.model import EngineStatus


class EngineElsewhere:
    """An engine that somebody else runs.

    Args:
        environment: the environment that names it.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    @property
    def url(self) -> str | None:
        """Its address, for a Spark Connect server."""
        return self.environment.engine.url

    def start(self, progress: Callable[[str], None] | None = None) -> None:
        """Find it running.

        Raises:
            EngineError: DEX-ENGINE-06, nothing answers at its address.
        """
        url = self.environment.engine.url
        if self.environment.engine.type == "connect" and url and not is_listening(url):
            raise EngineError(
                "DEX-ENGINE-06", f"Nothing answers at {url}.", Where(key="engine.url"), "Start that server first."
            )

    def stop(self) -> None:
        """Refuse.

        Raises:
            EngineError: DEX-ENGINE-10, dex did not start it.
        """
        raise EngineError(
            "DEX-ENGINE-10",
            f"dex did not start the {self.environment.engine.type} engine of environment "
            f"'{self.environment.name}', so it does not end it.",
            Where(key="engine.type"),
            "End it where it was started.",
        )

    def restart(self, progress: Callable[[str], None] | None = None) -> None:
        """Refuse, as `stop`."""
        self.stop()

    def status(self) -> EngineStatus:
        """Return what is known without starting anything."""
        engine = self.environment.engine
        if engine.type == "connect":
            state = "running" if is_listening(engine.url or "") else "not answering"
            return EngineStatus(type="connect", state=state, url=engine.url)
        inside = engine.type == "runtime" and bool(os.environ.get("DATABRICKS_RUNTIME_VERSION"))
        return EngineStatus(type=engine.type, state="running" if inside else "not checked", url=engine.host)
