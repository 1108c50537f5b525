"""``dex run`` and ``dex export``: a notebook as a task, and as a module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from dex_dbutils.config import find_project
from pydantic import BaseModel

from dex.cli.output import EnvOption, JsonOption, ProjectOption, emit, progress, say

NotebookArgument = Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="An .ipynb or a Databricks source file.")]


def run(
    notebook: NotebookArgument,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="KEY=VALUE; repeat for more.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the executed notebook here.")] = None,
    env: EnvOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a notebook in a kernel of its own; it ends with the first cell that fails."""
    from dex.notebook import parameter_texts, parse_parameters, run_notebook

    try:
        report = run_notebook(
            notebook,
            parameters=parse_parameters(parameter or []),
            texts=parameter_texts(parameter or []),
            out=out,
            environment=env,
            progress=progress if as_json else say,
        )
    except KeyboardInterrupt:
        say(f"{notebook}: interrupted{f'; what ran is in {out}' if out else ''}")
        raise
    ended = f"{report.notebook}: {report.outcome}, {report.cells} cells in {report.seconds:.1f} s"
    emit(report, as_json, lambda: ended if report.value is None else f"{ended}\nexited with: {report.value}")


class Converted(BaseModel):
    """What `dex convert` wrote.

    Attributes:
        notebook: what was read.
        out: what was written.
        notes: what the notebook holds and the other format cannot.
    """

    notebook: str
    out: str
    notes: list[str] = []


def convert(
    notebook: NotebookArgument,
    out: Annotated[Path | None, typer.Option(help="Write it here; beside the notebook if not given.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Turn a Databricks source file into an .ipynb, or an .ipynb into a source file."""
    from dex_dbutils import NotebookError

    from dex.files import write_atomically
    from dex.notebook import convert as converted
    from dex.notebook import left_behind, read_notebook

    read = read_notebook(notebook)
    content, ending = converted(read)
    target = out or notebook.with_suffix(ending)
    if out is None and target.exists():
        raise NotebookError("DEX-NOTEBOOK-12", f"{target} is there already.", target, "Say where to write: --out FILE.")
    write_atomically(target, content)
    notes = left_behind(read)
    emit(
        Converted(notebook=str(notebook), out=str(target), notes=notes),
        as_json,
        lambda: "\n".join([f"{notebook} -> {target}", *(f"note: {note}" for note in notes)]),
    )


def export(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="NOTEBOOK",
            help="An .ipynb or a Databricks source file; several, or folders; with --check, else all exported ones.",
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if the files differ.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite generated files that were edited by hand.")] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Run it once and make tests from what its functions were given and gave.")
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="Leave a stub that raises where this cannot be carried over: scala, r, run, ...; repeat."),
    ] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Show which regions could be functions, as a diff; write nothing.")
    ] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="With --suggest: mark this one in the notebook, or `all`; repeat."),
    ] = None,
    env: EnvOption = None,
    survey: Annotated[
        Path | None,
        typer.Option(help="Export every notebook below this folder into --out, and count what became of them."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of a survey's project; nothing goes elsewhere.")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Turn notebooks into modules, their tests and bundle jobs; or judge every notebook below a folder.

    Of several notebooks, each is exported or refused for itself; exit 1 if any was refused.
    """
    if survey is not None:
        _survey(survey, out, as_json, alone=not (paths or check or force or record or allow or suggest))
        return
    every = not paths
    if every and not check:
        raise typer.BadParameter("Missing argument 'NOTEBOOK'.")
    if out is not None:
        raise typer.BadParameter("--out goes with --survey; a notebook's files go into its project.")
    if record and check:
        raise typer.BadParameter("--record writes files and --check writes none: give one of them.")
    from dex.export import cores, export_notebook, export_notebooks, exported_in, suggest_regions

    if accept and not suggest:
        raise typer.BadParameter("--accept goes with --suggest.")
    root = find_project(project or (paths[0].resolve().parent if paths else None))
    paths = paths or exported_in(root)
    if suggest and (len(paths) > 1 or check or force or record or allow):
        raise typer.BadParameter("--suggest takes one notebook, and --accept at most.")
    if suggest:
        suggestions = suggest_regions(paths[0], root, accept=accept or ())
        emit(suggestions, as_json, suggestions.to_text)
        return
    if every or len(paths) > 1 or paths[0].is_dir():
        if record:
            raise typer.BadParameter("--record takes one notebook at a time.")
        batch = export_notebooks(
            paths, root, check=check, force=force, allow=allow or (), progress=progress, processes=cores()
        )
        emit(batch, as_json, batch.to_text)
        if batch.refused or batch.drift:
            raise typer.Exit(1)
        return
    report = export_notebook(
        paths[0], root, check=check, force=force, record=record, environment=env, allow=allow or ()
    )
    emit(report, as_json, report.to_text)
    if check and report.drift:
        raise typer.Exit(1)


def mutate(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="An exported notebook.")],
    count: Annotated[int, typer.Option("--mutants", "-n", min=1, help="Most mutants to try.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed and module give the same mutants.")] = 1,
    least: Annotated[int, typer.Option(min=0, max=100, help="Exit 1 if fewer percent are killed.")] = 0,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how many seeded mistakes in a notebook's exported functions its tests find."""
    from dex.export import module_name, try_mutants

    root = find_project(project or notebook.resolve().parent)
    report = try_mutants(root, module_name(notebook), count=count, seed=seed, progress=progress)
    emit(report, as_json, report.to_text)
    if report.share * 100 < least:
        raise typer.Exit(1)


def _survey(folder: Path, out: Path | None, as_json: bool, *, alone: bool) -> None:
    """Judge the notebooks below a folder; exit 1 where the export itself failed."""
    from dex.export import survey

    if out is None or not alone:
        raise typer.BadParameter("--survey DIR goes with --out OUT and --json, and nothing else.")
    report = survey(folder, out, progress=progress)
    emit(report, as_json, report.to_text)
    if report.crashed:
        raise typer.Exit(1)


def sync(
    notebook: Annotated[
        Path, typer.Argument(metavar="NOTEBOOK", help="A notebook, or the module that was exported from it.")
    ],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if there is something to do.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring what was changed in an exported module back to its notebook; exit 1 where a conflict is left."""
    from dex.export import sync_notebook

    report = sync_notebook(notebook, find_project(project or notebook.resolve().parent), check=check)
    emit(report, as_json, report.to_text)
    if report.conflicts or (check and not report.in_step):
        raise typer.Exit(1)
