"""dex in a kernel and on the command line.

``%load_ext dex`` in a notebook, ``dex --help`` in a terminal. Importing this package loads no Spark, Jupyter or
model client: each of them comes with the call that needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from dex.profiles import profile_value as profile

__version__ = "0.1.0"
__all__ = ["__version__", "load_ipython_extension", "profile", "unload_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics, open the bridge to the panel and start the background import."""
    from dex.magics import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics back and close the bridge; the engine goes on for other notebooks."""
    from dex.magics import unload

    unload(shell)


def __getattr__(name: str) -> Any:
    if name == "profile":
        from dex.profiles import profile_value

        return profile_value
    raise AttributeError(f"module 'dex' has no attribute '{name}'")
