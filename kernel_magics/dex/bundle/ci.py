"""The pipeline file of a CI platform: made from the bundle, and made anew beside what a person has changed in it."""

from __future__ import annotations

from typing import Literal

from dex_dbutils.config import Project
from pydantic import BaseModel, ConfigDict, Field

from dex.bundle.ci_azure import pipelines_file
from dex.bundle.ci_github import with_tags, workflow
from dex.bundle.ci_gitlab import pipeline_file
from dex.bundle.ci_lines import Pipeline, Platform, pipeline_of
from dex.bundle.effective import load_bundle
from dex.bundle.made import FOLDER as MADE
from dex.bundle.made import make_anew
from dex.bundle.yaml_text import to_yaml

FOLDER = f"{MADE}/ci"
PLATFORMS: tuple[Platform, ...] = ("github", "azure", "gitlab")


class CiReport(BaseModel):
    """What became of a pipeline file.

    Attributes:
        platform: the platform.
        path: the file, below the project.
        status: written, unchanged, or differs where nothing was to be written.
        dev: target that the main branch is deployed to.
        prod: target that a tag is deployed to.
        kept: values that a person changed in the file.
        notes: what stands in the way of a deployment.
        diff: what differs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    platform: Platform
    path: str
    status: Literal["written", "unchanged", "differs"]
    dev: str | None = None
    prod: str | None = None
    kept: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    diff: str = ""

    def to_text(self) -> str:
        """Return it for logs and terminals."""
        lines = [f"{self.path}: {self.status}"]
        lines.append(f"  main is deployed to {self.dev or 'nothing: there is no development target'}")
        lines.append(f"  a tag is deployed to {self.prod or 'nothing: there is no production target'}")
        lines += [f"  `{path}` stays as it was changed there" for path in self.kept]
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join([*lines, *([self.diff] if self.diff else [])])


def ci_path(platform: Platform, pipeline: Pipeline) -> str:
    """Return where a platform looks for its file, below the project."""
    own = {"azure": "azure-pipelines.yml", "gitlab": ".gitlab-ci.yml"}
    return own.get(platform, f".github/workflows/{pipeline.project}.yml")


def ci_text(platform: Platform, pipeline: Pipeline) -> str:
    """Return the text of a platform's file."""
    head = f"# Made by `dex bundle ci {platform}`; what you change stays when it is made anew.\n"
    if platform == "github":
        return head + with_tags(to_yaml(workflow(pipeline)))
    return head + to_yaml(pipelines_file(pipeline) if platform == "azure" else pipeline_file(pipeline))


def write_ci(project: Project, platform: Platform, *, check: bool = False, force: bool = False) -> CiReport:
    """Write the pipeline file of a platform; what a person changed in it stays.

    Args:
        project: the project; its bundle says which targets there are.
        platform: whose file.
        check: write nothing; the report says whether the file differs.
        force: write over what a person changed, and over a file that dex did not make.

    Raises:
        BundleError: DEX-BUNDLE-01, there is no bundle; -50, the file is not YAML; -51, dex did not make the file.
        FileError: DEX-FILE-01, the disk refuses.
    """
    pipeline = pipeline_of(project, load_bundle(project.root).files)
    path = ci_path(platform, pipeline)
    made = make_anew(project.root, path, f"{FOLDER}/{platform}.json", ci_text(platform, pipeline), force=force)
    status, diff = made.carry_out(project.root, check=check)
    return CiReport(
        platform=platform,
        path=path,
        status=status,
        dev=pipeline.dev,
        prod=pipeline.prod,
        kept=made.kept,
        notes=pipeline.notes,
        diff=diff,
    )
