"""Jobs and pipelines that `dex bundle emit` made: of which notebooks, and their files as they were made last."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeVar

from dex_dbutils.config import Project
from pydantic import BaseModel, ConfigDict, ValidationError

from dex.bundle.made import FOLDER
from dex.job_files import job_file, targets_file


class Emitted(BaseModel):
    """A resource of several notebooks.

    Attributes:
        key: its key in the bundle.
        notebooks: notebooks and folders that it was made of, below the project.
    """

    model_config = ConfigDict(extra="ignore")
    folder: ClassVar[str]

    key: str
    notebooks: list[str]

    @classmethod
    def record(cls, key: str) -> str:
        """Return where it is kept what one was made of, below the project."""
        return f"{cls.folder}/{key}.json"

    def kept(self) -> dict[str, str]:
        """Return the text that is kept of it, by its path below the project."""
        return {self.record(self.key): self.model_dump_json(indent=1) + "\n"}


class EmittedJob(Emitted):
    """A job of several notebooks, or one that the configuration describes.

    Attributes:
        modules: modules that are tasks of it, and so have no job of their own.
        compute: what its tasks run on.
        configured: the configuration said what it is made of; where it does no more, the job goes.
        generated: lines of its file as they were made last.
        targets: lines of the file with what targets change of it; none where there is none.
    """

    folder: ClassVar[str] = f"{FOLDER}/jobs"

    modules: list[str]
    compute: Literal["serverless", "job_cluster"] = "serverless"
    configured: bool = False
    generated: list[str] = []
    targets: list[str] = []

    def texts(self) -> dict[str, str]:
        """Return the texts of its files as they were made last, by path below the project."""
        lines = {job_file(self.key): self.generated, targets_file(self.key): self.targets}
        return {file: "\n".join(text) for file, text in lines.items() if text}


class EmittedPipeline(Emitted):
    """A pipeline of several notebooks.

    Attributes:
        files: digests of its sources as they were made last, by path below the project.
        generated: lines of its resource's file as they were made last.
    """

    folder: ClassVar[str] = f"{FOLDER}/pipelines"

    files: dict[str, str] = {}
    generated: list[str] = []


OneEmitted = TypeVar("OneEmitted", bound=Emitted)


def read_emitted(project: Project, kind: type[OneEmitted]) -> dict[str, OneEmitted]:
    """Return the jobs or the pipelines of several notebooks that a project has, by key."""
    found: dict[str, OneEmitted] = {}
    for path in sorted((project.root / kind.folder).glob("*.json")):
        try:
            one = kind.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            continue  # not ours, or torn by a merge: the next `dex bundle emit` makes it anew
        found[one.key] = one
    return found
