"""The Jupyter server extension: thin handlers over dex.

Importing this package loads neither Jupyter nor tornado; the server asks for the application when it wants it.
"""

from __future__ import annotations

from typing import Any

from dex import __version__

__all__ = ["__version__", "_jupyter_server_extension_points"]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Return where the Jupyter server finds the extension."""
    from dex_server.app import DexServer

    return [{"module": "dex_server", "app": DexServer}]
