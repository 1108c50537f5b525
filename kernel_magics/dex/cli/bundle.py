"""``dex bundle``: the bundle's files checked here, and deployed through the person's own tool."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from dex_dbutils.config import find_project

from dex.cli.output import JsonOption, ProjectOption, emit, examples, pairs, progress, table

if TYPE_CHECKING:
    from dex.bundle.deploying import Deployed, Deployment

app = typer.Typer(help="The project's bundle: check, plan, deploy, run.", no_args_is_help=True)

TargetOption = Annotated[str | None, typer.Option("--target", "-t", help="Target; the default one if not given.")]
VariablesOption = Annotated[
    list[str] | None, typer.Option("--var", help="NAME=VALUE of a bundle variable; repeat for more.")
]
ConfirmOption = Annotated[
    str | None, typer.Option("--confirm", metavar="TARGET", help="Name of the target, said again.")
]


def _folder(project: Path | None) -> Path:
    """Return the folder of the bundle, which need not be one that dex made: nothing but its root file has to be there.

    Args:
        project: what ``--project`` gave; else DEX_PROJECT, else the nearest folder with a bundle upward from here.
    """
    from dex.bundle.files import bundle_folder

    named = project or os.environ.get("DEX_PROJECT")
    return Path(named) if named else bundle_folder(Path.cwd()) or find_project().root


@app.command(epilog=examples("dex bundle validate --json"))
def validate(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Check the bundle's files without a workspace; exit 1 if there is an error."""
    from dex.bundle import validate_bundle

    findings = validate_bundle(_folder(project))
    ok = not any(f.severity == "error" for f in findings)
    emit(
        {"ok": ok, "findings": [f.model_dump(mode="json") for f in findings]},
        as_json,
        lambda: "\n".join([*map(str, findings), "ok" if ok else "not ok"]),
    )
    if not ok:
        raise typer.Exit(1)


@app.command("emit", epilog=examples("dex bundle emit daily notebooks", "dex bundle emit --check"))
def emit_(
    job: Annotated[
        str | None,
        typer.Argument(
            metavar="KEY",
            help="Key of the job or pipeline; if not given, every job of the configuration and every emitted pipeline.",
        ),
    ] = None,
    notebooks: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="NOTEBOOK",
            help="Notebooks, folders of them, plain files of Python and SQL; those of `jobs.JOB.notebooks` in the "
            "configuration, else those of last time, if not given.",
        ),
    ] = None,
    compute: Annotated[
        str | None,
        typer.Option(help="serverless or job_cluster; as `jobs.JOB.compute` says or as last time, else serverless."),
    ] = None,
    pipeline: Annotated[
        bool, typer.Option("--pipeline", help="Make one declarative pipeline of the notebooks instead of a job.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a file differs.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what was changed by hand.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make one job of notebooks, in the order that their tables ask for, or one declarative pipeline of their tables.

    What config/base.yaml says under `jobs.JOB`, in the words of the Jobs API, is part of resources/JOB.job.yml: schedule
    or trigger, notifications, run_as, permissions, tags, health, queue, parameters, clusters, settings of tasks, and tasks
    that are no notebooks. What config/ENV.yaml changes of it goes to resources/JOB.targets.yml. All of it is checked
    before anything is written, and what you changed in these files stays.

    With --pipeline the notebooks become sources of resources/KEY.pipeline.yml; from then on KEY says so by itself.
    """
    from dex.export import EmittedPipeline, read_emitted
    from dex.export.declarative import PipelineReport, emit_pipeline
    from dex.jobs import EmitReport, emit_job, emit_jobs

    if compute not in (None, "serverless", "job_cluster"):
        raise typer.BadParameter("It is serverless or job_cluster.")
    found = find_project()
    known = read_emitted(found, EmittedPipeline)
    reports: list[EmitReport | PipelineReport] = []
    if job is None:
        if compute is not None:
            raise typer.BadParameter("--compute needs a KEY.")
        if pipeline:
            raise typer.BadParameter("--pipeline needs a KEY.")
        reports += emit_jobs(found, check=check, force=force, progress=progress)
        reports += [emit_pipeline(found, key, check=check, force=force, progress=progress) for key in known]
        none = "There is no job: say what one is made of under `jobs` in config/base.yaml, or name its notebooks."
        emit(reports, as_json, lambda: "\n".join(report.to_text() for report in reports) or none)
    elif pipeline or job in known:
        if compute is not None:
            raise typer.BadParameter("A pipeline is serverless; --compute is for jobs.")
        made = emit_pipeline(found, job, notebooks or (), check=check, force=force, progress=progress)
        reports = [made]
        emit(made, as_json, made.to_text)
    else:
        report = emit_job(
            found,
            job,
            notebooks or (),
            compute=compute,  # type: ignore[arg-type]  # checked above
            check=check,
            force=force,
            progress=progress,
        )
        reports = [report]
        emit(report, as_json, report.to_text)
    if any(report.status == "differs" for report in reports):
        raise typer.Exit(1)


@app.command()
def targets(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if the file differs.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what was changed by hand.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give the bundle a target for each environment in a workspace; what you wrote in databricks.yml stays."""
    from dex.bundle.targets import write_targets

    report = write_targets(find_project(), check=check, force=force)
    emit(report, as_json, report.to_text)
    if report.status == "differs":
        raise typer.Exit(1)


@app.command()
def resources(
    notebooks: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="NOTEBOOK", help="Notebooks and folders that name volumes; those of last time, else notebooks/."
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a file differs.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite what was changed by hand, and files that dex did not make.")
    ] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the schemas of each environment, and the volumes that notebooks and parameters name, as resources."""
    from dex.bundle.resources import named_before, write_resources
    from dex.export import shown_path
    from dex.graph import volume_paths

    found = find_project()
    last = [found.root / name for name in named_before(found) or ()]
    default = [found.root / "notebooks"] if (found.root / "notebooks").is_dir() else []
    paths = notebooks or [path for path in last if path.exists()] or default
    volumes, unknown = volume_paths(found, paths, progress)
    made_of = [shown_path(path, found) for path in notebooks or last]
    report = write_resources(found, volumes, unknown, made_of=made_of, check=check, force=force)
    emit(report, as_json, report.to_text)
    if any(file.status == "differs" for file in report.files):
        raise typer.Exit(1)


@app.command(epilog=examples("dex bundle ci github"))
def ci(
    platform: Annotated[str, typer.Argument(metavar="PLATFORM", help="github, azure or gitlab.")],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if the file differs.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite what was changed by hand, and a file that dex did not make.")
    ] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the file of a CI platform: checks for every pull request, deployments from main and from tags."""
    from dex.bundle.ci import PLATFORMS, write_ci

    if platform not in PLATFORMS:
        raise typer.BadParameter("It is github, azure or gitlab.")
    report = write_ci(find_project(), platform, check=check, force=force)
    emit(report, as_json, report.to_text)
    if report.status == "differs":
        raise typer.Exit(1)


@app.command()
def library(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Put the wheel of dex-dbutils into `dist`, beside the project's own: `plan` and `deploy` do it by themselves."""
    from dex.bundle.library import FOLDER, build_library

    wheel = build_library(_folder(project) / FOLDER)
    emit({"wheel": str(wheel)}, as_json, lambda: str(wheel))


def _deployment(project: Path | None, target: str | None, var: list[str] | None) -> Deployment:
    from dex.bundle.deploying import Deployment

    return Deployment(_folder(project), target, pairs(var))


@app.command()
def plan(
    target: TargetOption = None, var: VariablesOption = None, project: ProjectOption = None, as_json: JsonOption = False
) -> None:
    """Show what a deployment would do; nothing changes in the workspace."""
    found = _deployment(project, target, var).plan()
    emit(found, as_json, found.to_text)


@app.command(epilog=examples("dex bundle deploy --target dev"))
def deploy(
    target: TargetOption = None,
    var: VariablesOption = None,
    confirm: ConfirmOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the plan, then deploy; production, and what deletes schemas or volumes, has to be confirmed by its name."""
    deployment = _deployment(project, target, var)
    planned = deployment.plan()
    typer.echo(planned.to_text(), err=True)
    progress("deploying")
    made = deployment.deploy(confirm, planned)
    emit(made, as_json, lambda: _table(made))


@app.command()
def summary(
    target: TargetOption = None, var: VariablesOption = None, project: ProjectOption = None, as_json: JsonOption = False
) -> None:
    """List the bundle's resources, with id and address of those that are deployed."""
    found = _deployment(project, target, var).summary()
    emit(found, as_json, lambda: _table(found))


@app.command(epilog=examples("dex bundle run daily --target dev"))
def run(
    job: Annotated[str, typer.Argument(metavar="JOB", help="Key of a deployed job.")],
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="KEY=VALUE of a job parameter; repeat for more.")
    ] = None,
    target: TargetOption = None,
    var: VariablesOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a deployed job to its end, and show what each task came to; exit 1 if it failed."""
    ended = _deployment(project, target, var).run(job, pairs(parameter))
    emit(ended, as_json, ended.to_text)
    if ended.result != "SUCCESS":
        raise typer.Exit(1)


@app.command()
def destroy(
    target: TargetOption = None,
    var: VariablesOption = None,
    confirm: ConfirmOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take away everything that was deployed; has to be confirmed by the target's name."""
    gone = _deployment(project, target, var).destroy(confirm)
    emit(gone, as_json, lambda: _table(gone))


def _table(resources: list[Deployed]) -> str:
    rows = [(each.resource, each.name or "", each.id or "not deployed", each.url or "") for each in resources]
    return table(["resource", "name", "id", "address"], rows)
