"""``dex job graph``: what depends on what among notebooks."""

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
        typer.Argument(metavar="[NOTEBOOK|FOLDER]...", help="Notebooks, or folders of them; `notebooks` if not given."),
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
    from dex.graph import infer_graph

    root = find_project(project or (paths[0].resolve() if paths else None))
    found = infer_graph(root, paths or [root.root / "notebooks"], sections=sections, progress=progress)
    width = shutil.get_terminal_size((100, 24)).columns
    emit(found, as_json, found.to_mermaid if mermaid else lambda: found.to_text(width))
    if found.is_cyclic or (check and found.questions):
        raise typer.Exit(1)
