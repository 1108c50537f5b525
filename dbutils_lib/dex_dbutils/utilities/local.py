"""``dbutils`` of this machine."""

from __future__ import annotations

from typing import Any

from dex_dbutils.config import Environment
from dex_dbutils.utilities.data import DataUtilities
from dex_dbutils.utilities.files import LocalFiles
from dex_dbutils.utilities.library import LibraryUtilities
from dex_dbutils.utilities.named import Named
from dex_dbutils.utilities.notebook import NotebookUtilities
from dex_dbutils.utilities.secrets import LocalSecrets
from dex_dbutils.utilities.tasks import JobsUtilities
from dex_dbutils.utilities.widgets import WidgetUtilities


class Utilities(Named):
    """``dbutils`` outside of Databricks, with the platform's names.

    Attributes:
        fs: files: ``dbfs:/``, ``/Volumes`` and absolute paths lie under ``.dex`` of the project, other paths in it;
            the workspace's own where the engine is of type ``databricks``.
        secrets: from ``DEX_SECRET_<SCOPE>_<KEY>`` or ``.dex/secrets.yaml``; or the workspace's own.
        widgets: values of parameters, with the defaults that a notebook declares.
        notebook: run another notebook, leave this one.
        jobs: values that tasks hand to each other.
        data: ``summarize``.
        library: ``restartPython``, which says that nothing is restarted.
    """

    def __init__(self, environment: Environment) -> None:
        self.fs: Any
        self.secrets: Any
        if environment.engine.type == "databricks":
            from dex_dbutils.utilities.workspace import WorkspaceFiles, WorkspaceSecrets

            self.fs, self.secrets = WorkspaceFiles(environment), WorkspaceSecrets(environment)
        else:
            self.fs, self.secrets = LocalFiles(environment), LocalSecrets(environment.project)
        self.widgets = WidgetUtilities(environment)
        self.notebook = NotebookUtilities(environment)
        self.jobs = JobsUtilities(environment.project)
        self.data = DataUtilities()
        self.library = LibraryUtilities()
