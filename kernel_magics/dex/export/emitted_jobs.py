"""Jobs that `dex bundle emit` made: which notebooks are tasks of which, and their files as they were made last."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from dex_dbutils.config import Project
from pydantic import BaseModel, ConfigDict, ValidationError

from dex.job_files import job_file, targets_file

FOLDER = ".dex/map/jobs"


class EmittedJob(BaseModel):
    """A job that `dex bundle emit` made.

    Attributes:
        key: its key in the bundle.
        notebooks: notebooks and folders that it was made of, below the project.
        modules: modules that are tasks of it, and so have no job of their own.
        compute: what its tasks run on.
        configured: the configuration said what it is made of; where it does no more, the job goes.
        generated: lines of its file as they were made last.
        targets: lines of the file with what targets change of it; none where there is none.
    """

    model_config = ConfigDict(extra="ignore")

    key: str
    notebooks: list[str]
    modules: list[str]
    compute: Literal["serverless", "job_cluster"] = "serverless"
    configured: bool = False
    generated: list[str] = []
    targets: list[str] = []

    def texts(self) -> dict[str, str]:
        """Return the texts of its files as they were made last, by path below the project."""
        lines = {job_file(self.key): self.generated, targets_file(self.key): self.targets}
        return {file: "\n".join(text) for file, text in lines.items() if text}


def read_jobs(project: Project) -> list[EmittedJob]:
    """Return the jobs of several notebooks that a project has."""
    found = []
    for path in sorted((project.root / FOLDER).glob("*.json")):
        try:
            found.append(EmittedJob.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            continue  # not ours, or torn by a merge: the next `dex bundle emit` makes it anew
    return found


def job_path(project: Project, key: str) -> Path:
    """Return where it is kept what a job was made of."""
    return project.root / FOLDER / f"{key}.json"
