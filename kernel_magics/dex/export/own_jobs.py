"""The job of one module: one task that runs it, with what the configuration says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from dex_dbutils.config import Project

from dex.bundle import ROOT_FILE, BundleFiles, read_bundle, reference_to
from dex.bundle.files import root_file
from dex.bundle.targets import bundle_text
from dex.export.parameters import Parameters, default_text
from dex.job_files import (
    ConfiguredJob,
    JobFiles,
    MadeTask,
    Parts,
    check_jobs,
    files_of,
    read_configured_jobs,
    refuse_unsound,
    targets_file,
)


def job_parts(project: Project, module: str, parameters: Parameters, requirements: list[str]) -> Parts:
    """Return what a notebook gives to its own job: one task that runs the wheel with the job's parameters.

    Args:
        project: whose wheel it is.
        module: the notebook's module, whose name is also that of its entry point.
        parameters: the notebook's parameters.
        requirements: packages that it installs.
    """
    given = [("env", "${bundle.target}"), *((p.job_key, default_text(p)) for p in parameters.ordered())]
    words = {p.job_key: p.word[2:] for p in parameters.ordered()}
    wheel = {
        "package_name": project.package,
        "entry_point": module,
        "named_parameters": {words.get(key, key): reference_to("job", "parameters", key) for key, _ in given},
    }
    task = MadeTask(module, {"python_wheel_task": wheel}, dependencies=["../dist/*.whl", *requirements])
    return Parts([task], [{"name": key, "default": default} for key, default in given])


class JobConfiguration:
    """What a project's configuration says of jobs, beside the bundle that they go into.

    Args:
        project: the project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def jobs(self) -> dict[str, ConfiguredJob]:
        """The jobs by key."""
        return read_configured_jobs(self._project)

    @cached_property
    def of_several(self) -> set[str]:
        """Keys of the jobs that say themselves which notebooks they have, and so are no module's own."""
        return {key for key, job in self.jobs.items() if job.notebooks}

    @cached_property
    def targets(self) -> list[str]:
        """Names of the bundle's targets, as its own files have them."""
        return [name for name, _ in self._bundle.targets()]

    @cached_property
    def pipelines(self) -> frozenset[str]:
        """Keys of the bundle's pipelines."""
        return frozenset(key for key, _ in self._bundle.resources("pipelines"))

    @cached_property
    def _bundle(self) -> BundleFiles:
        generated: dict[str, str | None] = {targets_file(key): None for key in self.jobs}
        return read_bundle(self._project.root, {**generated, **self.main})

    @cached_property
    def main(self) -> dict[str, str]:
        """The text of ``databricks.yml`` by its path, where the project has none yet."""
        there = root_file(self._project.root)
        return {} if there is not None else {ROOT_FILE: bundle_text(self._project)}

    def own(self, name: str, shown: str, parts: Parts) -> JobFiles:
        """Return what the files of a module's own job are generated as.

        Args:
            name: the module, which is the job's key.
            shown: its notebook, below the project.
            parts: what the notebook gives.

        Raises:
            JobNotSound: DEX-EXPORT-33, what the configuration says of the job is wrong.
        """
        said = self.jobs.get(name)
        if said is not None:
            parts = Parts(parts.tasks, parts.parameters, said.compute or "serverless", self.pipelines)
        head = f"# Made from {shown} by `dex export`: change the notebook and export again."
        targets = self.targets if said is not None else []
        files = files_of(self._project, name, parts, said, head=head, by="dex export", targets=targets)
        refuse_unsound([files])
        return files

    def check(self, jobs: Iterable[JobFiles], texts: Mapping[str, str | None]) -> None:
        """Check those of some jobs of which the configuration speaks.

        Raises:
            JobNotSound: DEX-EXPORT-33, what it says of one is wrong.
        """
        spoken = [job for job in jobs if job.key in self.jobs]
        if spoken:
            check_jobs(self._project.root, spoken, {**self.main, **texts}, [job.key for job in spoken])
