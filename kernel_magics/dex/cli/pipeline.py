"""``dex pipeline``: the declarative pipelines of the bundle on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from dex_dbutils.config import find_project

from dex.cli.output import EnvOption, JsonOption, ProjectOption, emit, examples, progress, say, table

if TYPE_CHECKING:
    from dex.pipelines import Update

app = typer.Typer(help="The declarative pipelines of the bundle, run on this machine.", no_args_is_help=True)


@app.callback()
def _verbs() -> None:
    """Keep ``run`` a verb of its own."""


@app.command(epilog=examples("dex pipeline run layers --select silver.orders"))
def run(
    pipeline: Annotated[str, typer.Argument(metavar="PIPELINE", help="Key of a pipeline under `resources.pipelines`.")],
    select: Annotated[
        list[str] | None, typer.Option("--select", help="Make this table alone; repeat for more.")
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Make streaming tables anew: those selected, or all.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the datasets and what they read; make none.")
    ] = False,
    target: Annotated[str | None, typer.Option("--target", "-t", help="Target of the bundle.")] = None,
    env: EnvOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run an update of a pipeline: its datasets are made in the order of what they read; exit 1 if one is not."""
    from dex.pipelines import update_pipeline

    update = update_pipeline(
        find_project(),
        pipeline,
        environment=env,
        target=target,
        full_refresh=full_refresh,
        select=select or (),
        dry_run=dry_run,
        log=(lambda line: None) if as_json else say,
        progress=progress,
    )
    emit(update, as_json, lambda: _text(update))
    if update.state == "FAILED":
        raise typer.Exit(1)


def _text(update: Update) -> str:
    if update.state is not None:
        made = sum(each.state == "COMPLETED" for each in update.datasets)
        asked = sum(each.state not in (None, "EXCLUDED") for each in update.datasets)
        return f"{update.pipeline}: {update.state}, {made} of {asked} tables made in {update.seconds:.1f} s"
    rows = [(each.name, each.kind, ", ".join(each.reads), each.place) for each in update.datasets]
    return table(["dataset", "kind", "reads", "defined in"], rows)
