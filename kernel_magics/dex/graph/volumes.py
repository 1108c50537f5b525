"""The volumes that notebooks name by their paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from dex_dbutils.config import Project

from dex.bundle.resources import VolumePath, volume_path
from dex.graph.infer import found_notebooks
from dex.graph.notebooks import facts_of, shown_below
from dex.graph.values import has_hole
from dex.notebook import read_notebook


def volume_paths(
    project: Project, notebooks: Sequence[Path], progress: Callable[[str], None] | None = None
) -> tuple[list[VolumePath], list[str]]:
    """Return the volumes that notebooks read and write, each once, and what cannot be told of others.

    A catalog that only the run knows, or that a widget's default says, is taken to be the environment's.

    Args:
        project: where they are.
        notebooks: files, and folders of them.
        progress: told of every notebook before it is read.

    Raises:
        DexError: DEX-GRAPH-01, a path is neither file nor folder.
        NotebookError: DEX-NOTEBOOK-01 to -04, a file given is no notebook.
    """
    found: dict[tuple[str | None, str, str], VolumePath] = {}
    open_: dict[str, None] = {}
    for path in found_notebooks(notebooks):
        shown = shown_below(path, project.root)
        if progress is not None:
            progress(f"reading {shown}")
        for use in facts_of(read_notebook(path), project.root).uses:
            named = volume_path(use.name.table, str(use.place)) if use.name.kind == "path" else None
            if named is None:
                continue
            if _only_known_by_the_run(named.schema, named.volume):
                open_[f"a volume has a name that only the run knows ({use.place})"] = None
                continue
            elsewhere = use.assumed or _only_known_by_the_run(named.catalog or "")
            each = replace(named, catalog=None) if elsewhere else named
            found.setdefault((each.catalog, each.schema, each.volume), each)
    return list(found.values()), list(open_)


def _only_known_by_the_run(*parts: str) -> bool:
    """Return whether a part of a path is a value of the run, or has a parameter in braces."""
    return any(has_hole(part) or "{" in part for part in parts)
