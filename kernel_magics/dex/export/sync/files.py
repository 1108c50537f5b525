"""``dex sync``: the plan of a sync carried out, on all files or on none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from dex_dbutils import ExportError, Where
from dex_dbutils.config import Project
from pydantic import Field

from dex.export.conflicts import refuse_conflicts
from dex.export.exporting import Exporter, module_name, shown_path
from dex.export.formatting import format_python
from dex.export.mapping import cells_that_differ, dump_map, file_digest, map_path, read_maps, read_sides
from dex.export.models import Model
from dex.export.sync.cells import with_texts
from dex.export.sync.merging import Sync, SyncPlan
from dex.files import read_text, same_text, write_all
from dex.notebook import Notebook, parse_notebook, read_notebook

_CONFLICT = re.compile(r"^(<{7} |>{7} |\|{7} )", re.MULTILINE)


class SyncReport(Model):
    """What a sync did, or would do.

    Attributes:
        notebook: its path, relative to the project.
        module: path of the module.
        taken: numbers of the cells that took a change of the module.
        conflicts: numbers of the cells that hold both texts now.
        files: the files that are written.
        checked: nothing was written.
    """

    notebook: str
    module: str
    taken: list[int] = Field(default_factory=list)
    conflicts: list[int] = Field(default_factory=list)
    files: list[str] = Field(default_factory=list)
    checked: bool = False

    @property
    def in_step(self) -> bool:
        """Whether notebook and module said the same."""
        return not self.files

    def to_text(self) -> str:
        """Return the report for logs and terminals."""
        if self.in_step:
            return f"{self.notebook} and {self.module} say the same"
        lines = [f"{self.notebook} <-> {self.module}"]
        lines += [f"  cell {number}: changed as the module was" for number in self.taken]
        lines += [f"  cell {number}: CONFLICT, both texts are in the cell" for number in self.conflicts]
        lines += [f"  {'differs' if self.checked else 'written'}  {path}" for path in self.files]
        if self.conflicts:
            lines.append("Keep one text of each conflict, then sync again.")
        return "\n".join(lines)


def sync_notebook(path: Path, project: Project, *, check: bool = False) -> SyncReport:
    """Bring what was changed in an exported module back to its notebook, and export it again.

    Args:
        path: the notebook, or its module.
        project: the project of both.
        check: write nothing.

    Raises:
        NotebookError: the notebook cannot be read.
        ExportError: DEX-SYNC-01, no export to start from; -02, the module holds conflict markers of git; -03, it is no
            Python; -04, the notebook holds an unresolved conflict; -05 to -09, a change has no place in the notebook;
            or as `export_notebook`. Nothing was written.
        DexError: DEX-FILE-01, a file cannot be written; every file is what it was.
    """
    root = project.root
    path = _notebook_of(path, project)
    shown, name = shown_path(path, project), module_name(path)
    module_path = f"src/{project.package}/{name}.py"
    content = path.read_bytes() if path.is_file() else b""
    notebook = parse_notebook(path, content) if content else read_notebook(path)
    refuse_conflicts(notebook, shown)
    if (root / f"src/{project.package}/{name}.sql").exists() and not (root / module_path).exists():
        raise _of_a_pipeline(f"src/{project.package}/{name}.sql")
    module = _module(root, module_path)
    exporter = Exporter(project)
    draft = exporter.draft(path, notebook=notebook)
    known, theirs = read_sides(root / map_path(name))
    plan = SyncPlan()
    formatted = format_python(module, project.package, sort_imports=False)
    if draft.empty or formatted != draft.generated[module_path]:
        if not known or known.get("notebook") != shown:
            raise ExportError(
                "DEX-SYNC-01",
                f"{module_path} is not what {shown} gives, and no source map tells which of them was changed.",
                Where(map_path(name)),
                "Take the map of the last export from git (git checkout --ours after a merge); else export with --force.",
            )
        if not known["glue"].get("main"):
            raise _of_a_pipeline(module_path)
        unchanged = file_digest(module) == known["files"].get(module_path)
        unsure = cells_that_differ(known, theirs)
        if not unchanged or unsure:
            plan = Sync(
                notebook, known, formatted, lambda n: exporter.draft(path, notebook=n), module_path, unsure
            ).plan()
    new = with_texts(notebook, content, plan.texts, frozenset(plan.conflicts))
    after = parse_notebook(path, new)
    target = path.resolve().relative_to(root.resolve()).as_posix()
    wanted: dict[str, str] = {target: new.decode("utf-8", "surrogateescape")}
    if plan.conflicts:
        wanted[map_path(name)] = _map_with_conflicts(known, plan, notebook, after, module, formatted, module_path)
    else:
        final = exporter.draft(path, notebook=after)
        if final.empty:
            raise ExportError(
                "DEX-SYNC-07",
                "The notebook would hold nothing to export any more.",
                Where(shown),
                "Delete the notebook and the files of its export by hand.",
            )
        merged = [file for file in final.generated if _CONFLICT.search(read_text(root / file) or "")]
        exporter.refuse_hand_edits(final, but=(module_path, *merged))
        wanted.update(exporter.files_of(final))
    changed = {file: text for file, text in wanted.items() if not same_text(read_text(root / file), text)}
    if read_text(root / target) != wanted[target]:  # a notebook's newlines are a person's
        changed[target] = wanted[target]
    if changed and not check:
        write_all(root, changed)
    return SyncReport(
        notebook=shown,
        module=module_path,
        taken=plan.taken,
        conflicts=plan.conflicts,
        files=sorted(changed),
        checked=check,
    )


def _notebook_of(path: Path, project: Project) -> Path:
    """Return the notebook that a module was made from, or the path given where it is no exported module."""
    shown = path.resolve()
    for _, known in read_maps(project.root):
        if (project.root / str(known["module"])).resolve() == shown:
            return project.root / str(known["notebook"])
    return path


def _of_a_pipeline(module_path: str) -> ExportError:
    return ExportError(
        "DEX-SYNC-08",
        f"{module_path} has no main: it is a pipeline's source, which follows from the notebook alone.",
        Where(module_path),
        "Make the change in the notebook, then export.",
    )


def _module(root: Path, module_path: str) -> str:
    text = read_text(root / module_path)
    if text is None:
        raise ExportError(
            "DEX-SYNC-01", f"There is no module {module_path}.", Where(module_path), "Export the notebook first."
        )
    module = text.replace("\r\n", "\n")
    if found := _CONFLICT.search(module):
        raise ExportError(
            "DEX-SYNC-02",
            "The module holds conflict markers of a git merge.",
            Where(module_path, module[: found.start()].count("\n") + 1),
            "Resolve them, keeping what both sides changed, then `dex sync` again; the notebook is not touched before.",
        )
    try:
        ast.parse(module)
    except (SyntaxError, ValueError) as error:
        raise ExportError(
            "DEX-SYNC-03",
            f"The module is no Python: {getattr(error, 'msg', error)}.",
            Where(module_path, getattr(error, "lineno", None)),
            "Correct it first.",
        ) from error
    return module


def _map_with_conflicts(
    known: dict[str, object],
    plan: SyncPlan,
    before: Notebook,
    after: Notebook,
    module: str,
    formatted: str,
    module_path: str,
) -> str:
    """Return the map of a notebook with conflicts: both sides of what was looked at are as they are now."""
    from dex.export.module_parts import parse_module

    content = dict(known)
    touched = {before.cells[number - 1].id: number for number in plan.texts}
    glue = dict(known["glue"])  # type: ignore[call-overload]
    parts = parse_module(formatted, set(glue.get("headings", [])))
    texts = {(b.cell, b.segment): list(b.lines) for b in parts.blocks}
    blocks = []
    for entry in known["blocks"]:  # type: ignore[attr-defined]
        cell = entry["cell"]
        text = texts.get((cell, entry["segment"]), entry["text"]) if cell in touched else entry["text"]
        blocks.append({**entry, "cell": cell, "text": text})
    cells = {
        cell: after.cells[touched[cell] - 1].source.split("\n") if cell in touched else lines
        for cell, lines in known["cells"].items()  # type: ignore[attr-defined]
    }
    files = {**known["files"], module_path: file_digest(module)}  # type: ignore[dict-item]
    return dump_map({**content, "files": files, "cells": cells, "blocks": blocks})
