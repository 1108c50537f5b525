"""``dex job graph``: what depends on what among notebooks, or among the tasks of a job."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from dex_dbutils.config import find_project

from dex.cli.output import JsonOption, ProjectOption, emit, progress


def graph(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="NOTEBOOK|FOLDER",
            help="Notebooks, or folders of them; `notebooks`, and what jobs of the configuration name, if not given.",
        ),
    ] = None,
    job: Annotated[
        str | None, typer.Option("--job", metavar="JOB", help="A job of the bundle, as its settings say it, instead.")
    ] = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")] = False,
    sections: Annotated[
        bool, typer.Option(help="Let sections of a notebook that exchange tables only be tasks of their own.")
    ] = True,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 if there is a question.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what depends on what among notebooks, by the tables they write and read; exit 1 if they go in a circle."""
    if mermaid and as_json:
        raise typer.BadParameter("--mermaid and --json print different things: give one of them.")
    width = shutil.get_terminal_size((100, 24)).columns
    if job is not None:
        _of_job(job, paths, mermaid, as_json, width)
        return
    from dex.graph import infer_graph, usual_paths

    root = find_project(project or (paths[0].resolve() if paths else None))
    found = infer_graph(root, paths or usual_paths(root), sections=sections, progress=progress)
    emit(found, as_json, found.to_mermaid if mermaid else lambda: found.to_text(width))
    if found.is_cyclic or (check and found.questions):
        raise typer.Exit(1)


def _of_job(job: str, paths: list[Path] | None, mermaid: bool, as_json: bool, width: int) -> None:
    if paths:
        raise typer.BadParameter("Notebooks and --job ask for different graphs: give one of them.")
    from dex.jobs import bundle_job, graph_mermaid, graph_text

    settings = bundle_job(find_project(), job)
    emit(settings.tasks, as_json, lambda: graph_mermaid(settings) if mermaid else graph_text(settings, width))
