"""The extension as the Jupyter server loads it."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from jupyter_server.extension.application import ExtensionApp

from dex_server.events import JobEvents
from dex_server.graphs import Graphs
from dex_server.handlers import HANDLERS
from dex_server.jobs import Jobs
from dex_server.processes import JobProcesses


class DexServer(ExtensionApp):  # type: ignore[misc]
    """Adds dex's handlers to a Jupyter server."""

    name = "dex_server"
    description = "The panel's half on the server: the version handshake, the export of notebooks, runs of jobs."
    load_other_extensions = True
    app_name: ClassVar[str] = "dex"

    def initialize_settings(self) -> None:
        """Share what is known of the runs of jobs with the handlers."""
        self._processes = JobProcesses()
        self._events = JobEvents(self.serverapp.event_logger, self._processes)
        top = getattr(self.serverapp, "root_dir", "")
        self.settings["dex_jobs"] = Jobs(self._processes, self._events, top)
        self.settings["dex_graphs"] = Graphs(self._events, top)

    async def stop_extension(self) -> None:
        """End the runs of jobs that were started from here."""
        await self._events.stop()
        await asyncio.get_running_loop().run_in_executor(None, self._processes.close)

    def initialize_handlers(self) -> None:
        """Add every handler of `HANDLERS`."""
        self.handlers.extend(HANDLERS)
