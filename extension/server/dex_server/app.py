"""The extension as the Jupyter server loads it."""

from __future__ import annotations

from typing import ClassVar

from jupyter_server.extension.application import ExtensionApp

from dex_server.handlers import HANDLERS


class DexServer(ExtensionApp):  # type: ignore[misc]
    """Adds dex's handlers to a Jupyter server."""

    name = "dex_server"
    description = "The panel's half on the server: the version handshake and the export of notebooks."
    load_other_extensions = True
    app_name: ClassVar[str] = "dex"

    def initialize_handlers(self) -> None:
        """Add every handler of `HANDLERS`."""
        self.handlers.extend(HANDLERS)
