"""``dbutils.library``: the Python that a notebook runs in."""

from __future__ import annotations

from dex_dbutils.utilities.named import Named


class LibraryUtilities(Named):
    """``dbutils.library``."""

    _called = "dbutils.library"

    def restartPython(self) -> None:
        """Say that Python is not restarted here; names and the session stay."""
        print("Python is not restarted here: a package that was imported before keeps its version.")
