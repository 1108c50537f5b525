"""What a project says around its notebooks: layers, jobs written by hand, jobs of the configuration; each read once."""

from __future__ import annotations

from functools import cached_property

from dex_dbutils.config import Project

from dex.bundle import At, read_bundle
from dex.graph.names import Layers
from dex.job_files import ConfiguredJob, read_configured_jobs

#: First line of resource files that dex wrote: what stands there was inferred, not said.
_GENERATED = "# Made from "


class Surroundings:
    """Reads what graphs of a project have in common.

    Args:
        project: the project.
    """

    def __init__(self, project: Project) -> None:
        self.project = project

    @cached_property
    def layers(self) -> Layers:
        """Which schema is which layer."""
        return Layers(self.project)

    @cached_property
    def configured(self) -> dict[str, ConfiguredJob]:
        """The jobs of the configuration, by key."""
        return read_configured_jobs(self.project)

    @cached_property
    def written(self) -> list[At]:
        """The jobs of the bundle that a person wrote."""
        jobs = [job for _, job in read_bundle(self.project.root).resources("jobs")]
        generated = {file: self._is_generated(file) for file in {job.file for job in jobs}}
        return [job for job in jobs if not generated[job.file]]

    def _is_generated(self, file: str) -> bool:
        with (self.project.root / file).open("rb") as opened:
            return opened.read(len(_GENERATED)) == _GENERATED.encode()
