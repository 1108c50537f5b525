"""What the configuration says of the bundle's jobs: ``jobs`` of ``config/base.yaml``, and what environments change of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from dex_dbutils.config import Project, environment_names, load_environment, read_document, refuse_unknown_keys

from dex.bundle import At, tree_of


@dataclass(frozen=True)
class ConfiguredJob:
    """A job as the configuration has it; every value knows its file, line and column.

    Attributes:
        key: its key in the bundle.
        at: what base.yaml says; a mapping.
        changes: what an environment's file says, by environment.
        local: those of them that are local, and so have no target.
    """

    key: str
    at: At
    changes: dict[str, At] = field(default_factory=dict)
    local: frozenset[str] = frozenset()

    @property
    def notebooks(self) -> list[str]:
        """Notebooks, files and folders that are tasks of it, from the project's folder."""
        return [item.value for item in self.at.items("notebooks") if isinstance(item.value, str)]

    @property
    def compute(self) -> Literal["serverless", "job_cluster"] | None:
        """What its tasks run on; None where it does not say."""
        said = self.at.text("compute")
        return "job_cluster" if said == "job_cluster" else "serverless" if said == "serverless" else None

    def tasks(self) -> Iterator[tuple[str, At]]:
        """Yield key and settings of every task that base.yaml speaks of."""
        tasks = self.at.get("tasks")
        yield from tasks.entries() if tasks is not None else ()


def read_configured_jobs(project: Project) -> dict[str, ConfiguredJob]:
    """Return the jobs that a project's configuration describes, by key.

    Raises:
        ConfigError: a file of the configuration cannot be used.
    """
    if not project.exists:
        return {}
    base = _jobs(project, "base")
    jobs = {key: ConfiguredJob(key, _mapping(at)) for key, at in base.entries()} if base is not None else {}
    for name in environment_names(project):
        said = _jobs(project, name) if (project.config_folder / f"{name}.yaml").is_file() else None
        if said is None or not isinstance(said.value, dict) or not said.value:
            continue
        is_local = load_environment(name, start=project.root).kind == "local"
        for key, at in said.entries():
            job = jobs.get(key) or ConfiguredJob(key, replace(at, value={}))
            local = job.local | {name} if is_local else job.local
            jobs[key] = replace(job, changes={**job.changes, name: _mapping(at)}, local=local)
    return jobs


def _jobs(project: Project, name: str) -> At | None:
    document = read_document(project.config_folder / f"{name}.yaml")
    refuse_unknown_keys(document)  # `job:` would be a job without its settings
    if "jobs" not in document.values:
        return None
    folder = project.config_folder.relative_to(project.root).as_posix()
    return tree_of(document, f"{folder}/{name}.yaml").get("jobs")


def _mapping(at: At) -> At:
    """Return a job's entry; one without a value says that there is such a job, and nothing more."""
    return replace(at, value={}) if at.value is None else at
