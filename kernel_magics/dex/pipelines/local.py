"""The pipelines of a project's bundle, run on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from dex_agents.redaction import redaction_for
from dex_dbutils.config import Project, load_environment

from dex.bundle import bundle_here
from dex.engines import engine_for
from dex.guard import install_tap
from dex.ledger import record
from dex.pipelines.libraries import pipeline_of
from dex.pipelines.models import Pipeline, Update
from dex.pipelines.running import run_pipeline


def bundle_pipeline(
    project: Project, key: str, *, environment: str | None = None, target: str | None = None
) -> Pipeline:
    """Return a pipeline of the project's bundle, with its sources.

    Args:
        project: whose ``databricks.yml`` has the pipeline.
        key: its key or its name.
        environment: environment that it would work in; the project's default if not given.
        target: target of the bundle; that of the environment's name if there is one, else the default one.

    Raises:
        BundleError: there is no bundle, no such pipeline or no such target.
        PipelineError: its settings are not sound, or a source is not there.
    """
    bundle = bundle_here(project.root, load_environment(environment, start=project.root).name, target)
    settings = bundle.pipeline(key)
    keys = [name for name, each in bundle.resources("pipelines") if key in (name, each.text("name"))]
    root = bundle.root

    def find(name: str, endings: tuple[str, ...]) -> Path | None:
        beside = (root / f"{name}{ending}" for ending in ("", *endings))
        return next((path for path in beside if path.is_file()), None)

    imports = tuple(path for path in (root / "src", root) if path.is_dir())
    return pipeline_of(keys[0], settings, root, find, lambda name: root / name, imports)


def update_pipeline(
    project: Project,
    key: str,
    *,
    environment: str | None = None,
    target: str | None = None,
    full_refresh: bool = False,
    select: Sequence[str] = (),
    dry_run: bool = False,
    log: Callable[[str], None] = print,
    progress: Callable[[str], None] | None = None,
) -> Update:
    """Run an update of a pipeline of the bundle on this machine, note it in the ledger, and return what it came to.

    Args:
        project: whose ``databricks.yml`` has the pipeline.
        key: its key or its name.
        environment: environment that it works in, as for `bundle_pipeline`.
        target: target of the bundle, as for `bundle_pipeline`.
        full_refresh: make streaming tables anew: those that are chosen, or all.
        select: tables to make; all if empty.
        dry_run: only find out what the datasets are and what they read.
        log: takes what happens, line by line.
        progress: told of what happens before the sources are run.

    Raises:
        BundleError: as `bundle_pipeline`.
        PipelineError: as `run_pipeline`.
        EngineError: the environment's engine cannot be had.
    """
    pipeline = bundle_pipeline(project, key, environment=environment, target=target)
    env = load_environment(environment, start=project.root)
    if env.kind == "local":
        engine_for(env).start(progress)
    install_tap()
    hidden = redaction_for(project, env)
    update = Update(pipeline=pipeline.key, environment=env.name)
    try:
        update = run_pipeline(
            pipeline,
            env,
            full_refresh=full_refresh and not select,
            refresh=() if full_refresh else select,
            full_refresh_of=select if full_refresh else (),
            dry_run=dry_run,
            log=lambda line: log(hidden(line)),
        )
        update = hidden.model(update)
    finally:
        if not dry_run:
            _tell_ledger(project, update)
    return update


def _tell_ledger(project: Project, update: Update) -> None:
    made = [each for each in update.datasets if each.state == "COMPLETED"]
    asked = [each for each in update.datasets if each.state not in (None, "EXCLUDED")]
    record(
        project,
        kind="pipeline",
        environment=update.environment,
        status=(update.state or "unfinished").lower(),
        summary=f"{update.pipeline}: {len(made)} of {len(asked)} tables made",
        details={each.name: each.state for each in asked},
        seconds=update.seconds,
    )
