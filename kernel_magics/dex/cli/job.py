"""``dex job``: the jobs of the bundle on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from dex_dbutils.config import find_project

from dex.cli.output import EnvOption, JsonOption, ProjectOption, emit, examples, pairs, progress, say, table

if TYPE_CHECKING:
    from dex.jobs import JobRun, LiveRuns

app = typer.Typer(help="The jobs of the bundle, run on this machine.", no_args_is_help=True)

ParallelOption = Annotated[
    int | None, typer.Option("--max-parallel", min=1, help="Tasks at a time; the number of processors if not given.")
]
StdinOption = Annotated[
    bool, typer.Option("--while-stdin", hidden=True, help="End as by an interrupt when standard input ends.")
]
RunArgument = Annotated[int, typer.Argument(metavar="RUN", help="Number of the run; `dex job runs` lists them.")]


@app.command(
    epilog=examples(
        "dex job run daily --parameter day=2013-01-01",
        "dex job run daily hourly --max-parallel 4",
        "dex job run daily --only +clean",
    )
)
def run(
    jobs: Annotated[
        list[str] | None, typer.Argument(metavar="JOB", help="Keys of jobs under `resources.jobs`; all at once.")
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="KEY=VALUE of a job parameter; repeat for more.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Run this task; `+TASK`, `TASK+`: with all before, after it.")
    ] = None,
    start_from: Annotated[
        list[str] | None, typer.Option("--from", help="Run this task and all that wait for it; repeat for more.")
    ] = None,
    max_parallel: ParallelOption = None,
    target: Annotated[str | None, typer.Option("--target", "-t", help="Target of the bundle.")] = None,
    env: EnvOption = None,
    number: Annotated[
        int | None, typer.Option("--number", hidden=True, help="Number of the first job's run, to follow it by.")
    ] = None,
    while_stdin: StdinOption = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run jobs with the platform's rules, each task in a process of its own; exit 1 if one does not end well."""
    from dex.bundle import read_bundle
    from dex.jobs import end_with_stdin, run_jobs

    if not jobs:
        known = ", ".join(key for key, _ in read_bundle(find_project().root).resources("jobs")) or "none"
        raise typer.BadParameter(f"Missing argument 'JOB...'. The bundle's jobs: {known}.")
    if while_stdin:
        end_with_stdin()

    with _watching(as_json) as watch:
        runs = run_jobs(
            find_project(),
            jobs,
            environment=env,
            target=target,
            parameters=pairs(parameter),
            only=only or (),
            start_from=start_from or (),
            processes=max_parallel,
            watch=watch,
            progress=progress,
            number=number,
        )
    _show(runs, as_json)
    _exit_unless_good(runs)


@app.command(epilog=examples("dex job repair 4711", "dex job repair 4711 --task clean --dependents"))
def repair(
    number: RunArgument,
    task: Annotated[
        list[str] | None,
        typer.Option("--task", help="Run this task again, also if it ended well; repeat for more."),
    ] = None,
    dependents: Annotated[
        bool, typer.Option("--dependents", help="With them all that wait for them, also what ended well.")
    ] = False,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="KEY=VALUE of a job parameter, for this repair.")
    ] = None,
    max_parallel: ParallelOption = None,
    while_stdin: StdinOption = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run again what a run did not finish, as the bundle has it now; what ended well is not repeated."""
    from dex.jobs import end_with_stdin, repair_run

    if while_stdin:
        end_with_stdin()

    with _watching(as_json) as watch:
        ended = repair_run(
            find_project(),
            number,
            tasks=task or (),
            dependents=dependents,
            parameters=pairs(parameter),
            processes=max_parallel,
            watch=watch,
        )
    _show([ended], as_json)
    _exit_unless_good([ended])


@app.command()
def stop(number: RunArgument, project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """End a run, wherever on this machine it was started; its tasks end, and it can be repaired."""
    from dex.jobs import stop_run

    _show([stop_run(find_project(), number)], as_json)


@app.command()
def runs(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """List the runs of jobs on this machine, the latest first."""
    from dex.jobs import records

    found = [(record.run, record.alive) for record in records(find_project())]
    rows = [
        (
            run.id,
            run.key,
            run.result or ("RUNNING" if alive else "unfinished"),
            run.environment,
            f"{run.started:%Y-%m-%d %H:%M:%S}",
        )
        for run, alive in found
    ]
    emit(
        [run for run, _ in found],
        as_json,
        lambda: table(["run", "job", "result", "environment", "started (UTC)"], rows),
    )


@app.command()
def show(number: RunArgument, project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Show a run with its tasks."""
    from dex.jobs import read_record

    _show([read_record(find_project(), number).run], as_json)


@app.command(epilog=examples("dex job logs 4711 clean"))
def logs(
    number: RunArgument,
    task: Annotated[
        str, typer.Argument(metavar="TASK", help="Key of the task; `loop[3]` for an item of a for-each task.")
    ],
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what the last attempt of a task printed, with the notebook's cell beside frames of exported modules."""
    from dex.export import NotebookPlaces, with_places
    from dex.jobs import read_log, without_output

    root = find_project()
    found, text = read_log(root, number, task)
    if not text and not as_json:
        say(without_output(found))
        return
    emit({"task": task, "log": text}, as_json, lambda: with_places(text, NotebookPlaces(root)).rstrip("\n"))


@contextlib.contextmanager
def _watching(as_json: bool) -> Iterator[LiveRuns]:
    """Show runs while they go on; interrupted, also what became of them."""
    from dex.jobs import LiveRuns

    live = LiveRuns()
    try:
        with live:
            yield live
    except KeyboardInterrupt:
        if not as_json and live.asked:
            _show(live.asked, as_json)
        raise


def _show(runs: list[JobRun], as_json: bool) -> None:
    from dex.jobs import print_runs

    if as_json:
        emit(runs if len(runs) > 1 else runs[0], as_json, str)
    else:
        print_runs(runs)


def _exit_unless_good(runs: list[JobRun]) -> None:
    if any(run.result not in ("SUCCESS", "SUCCESS_WITH_FAILURES") for run in runs):
        raise typer.Exit(1)
