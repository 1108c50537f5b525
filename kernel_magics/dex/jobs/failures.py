"""Where in a notebook a task failed: for whoever wants to look at the cell."""

from __future__ import annotations

import re
from pathlib import Path

from dex_dbutils import ExportError
from dex_dbutils.config import Project
from pydantic import BaseModel, ConfigDict

from dex.jobs.records import TaskRun

#: As an error of a notebook says where: see `dex_dbutils.Where`.
_WHERE = re.compile(r"^\s*where: (?P<file>.+?), cell (?P<cell>\d+)(?:, line (?P<line>\d+))?", re.MULTILINE)


class FailedAt(BaseModel):
    """A place in a notebook that a failure came from.

    Attributes:
        notebook: the notebook's file.
        cell: its number, counted from 1 over all cells.
        line: line in the cell, counted from 1.
    """

    model_config = ConfigDict(frozen=True)

    notebook: Path
    cell: int
    line: int | None = None


def failed_at(project: Project, task: TaskRun, log: str) -> list[FailedAt]:
    """Return the places in notebooks that a failed task leads to, the innermost first.

    A notebook task names its own cell; frames of exported modules lead to the cells that they were exported from.

    Args:
        project: whose run it is.
        task: the task.
        log: what it printed.
    """
    if task.error is None:
        return []
    from dex.export import trace

    found: list[FailedAt] = []
    if match := _WHERE.search(task.error):
        path = project.root / match["file"]
        found.append(FailedAt(notebook=path, cell=int(match["cell"]), line=int(match["line"] or 0) or None))
    try:
        frames = trace(log, project).frames
    except ExportError:  # nothing was exported, or no frame is in a module that was
        frames = []
    for place in (frame.place for frame in reversed(frames)):
        if place.cell is not None:
            found.append(FailedAt(notebook=project.root / place.notebook, cell=place.cell, line=place.line))
    return list(dict.fromkeys(found))
