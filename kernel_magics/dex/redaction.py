"""Keep the project's secrets out of what a command, a magic or the server shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dex_dbutils import DexError
from dex_dbutils.config import Project, find_project

if TYPE_CHECKING:
    from dex_agents.redaction import Redaction


def redaction_here(start: Path | None = None) -> Redaction:
    """Return what blots out the secrets of the project that holds here, however broken its files are.

    Args:
        start: a folder of the project; the current one if not given.
    """
    from dex_agents.redaction import redaction_for

    try:
        project = find_project(start)
    except (DexError, OSError):  # the secrets of variables are known without a project
        project = Project(name="", package="", root=start or Path(), exists=False)
    return redaction_for(project)
