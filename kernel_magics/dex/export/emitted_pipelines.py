"""Pipelines of several notebooks: which notebooks they were made of, and which files, as `dex bundle emit` was told."""

from __future__ import annotations

from dex_dbutils.config import Project
from pydantic import BaseModel, ConfigDict, ValidationError

FOLDER = ".dex/map/pipelines"


class EmittedPipeline(BaseModel):
    """A pipeline that was made of several notebooks.

    Attributes:
        key: its key in the bundle.
        notebooks: notebooks and folders that it was made of, below the project.
        files: digests of its sources as they were made last, by path below the project.
        generated: lines of its resource's file as they were made last.
    """

    model_config = ConfigDict(extra="ignore")

    key: str
    notebooks: list[str]
    files: dict[str, str] = {}
    generated: list[str] = []


def read_pipelines(project: Project) -> list[EmittedPipeline]:
    """Return the pipelines of several notebooks that a project has."""
    found = []
    for path in sorted((project.root / FOLDER).glob("*.json")):
        try:
            found.append(EmittedPipeline.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            continue  # not ours, or torn by a merge: the next `dex bundle emit` makes it anew
    return found


def pipeline_path(key: str) -> str:
    """Return where it is kept what a pipeline was made of, below the project."""
    return f"{FOLDER}/{key}.json"
