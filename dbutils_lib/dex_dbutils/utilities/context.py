"""``dbutils.notebook``'s way to the notebook's own path and user, which the platform never made a short one for."""

from __future__ import annotations

import getpass
import json
import os
from pathlib import Path, PurePosixPath
from typing import Callable

from dex_dbutils.config import Environment
from dex_dbutils.utilities.named import Named

#: Whoever runs a notebook says here which file it is; Jupyter does, and dex.
NOTEBOOK_VARIABLE = "JPY_SESSION_NAME"


class Found:
    """A value as the platform wraps it: ``get()`` gives it."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get(self) -> str:
        """Return the value."""
        return self._value


class NotebookContext(Named):
    """What ``getContext()`` returns: the notebook's path and its user; cluster and job are not there."""

    _called = "getContext()"

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def notebookPath(self) -> Found:
        """Return the notebook's path in the project, as the workspace shows it: from ``/`` on, without its ending."""
        told = Path(os.environ.get(NOTEBOOK_VARIABLE, "notebook")).resolve()
        root = self._environment.project.root.resolve()
        inside = told.relative_to(root) if root in told.parents else Path(told.name)
        return Found(str(PurePosixPath("/", *inside.with_suffix("").parts)))

    def userName(self) -> Found:
        """Return the user's name on this machine."""
        try:
            return Found(getpass.getuser())
        except (KeyError, OSError):  # no entry for this user, as in a container
            return Found("user")

    def toJson(self) -> str:
        """Return the same as JSON, where the platform has it."""
        return json.dumps({
            "extraContext": {"notebook_path": self.notebookPath().get()},
            "tags": {"user": self.userName().get()},
        })  # fmt: skip

    safeToJson = toJson


class EntryPoint(Named):
    """``dbutils.notebook.entry_point``: each call on the way to the context is there and gives the next."""

    _called = "dbutils.notebook.entry_point"

    def __init__(self, environment: Environment) -> None:
        self.getDbutils: Callable[[], EntryPoint] = lambda: self
        self.notebook: Callable[[], EntryPoint] = lambda: self
        self.getContext: Callable[[], NotebookContext] = lambda: NotebookContext(environment)
