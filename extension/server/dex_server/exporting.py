"""From a path of the file browser to an exported notebook."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dex.bridge import (
    CellsReply,
    CellsRequest,
    CellStateView,
    ExportedFile,
    ExportReply,
    ExportRequest,
    PlaceView,
    SuiteReply,
    SuiteRequest,
    SyncReply,
    SyncRequest,
)
from dex_dbutils import DexError
from dex_dbutils.config import find_project
from jupyter_core.utils import ensure_async

if TYPE_CHECKING:
    from dex.export import CaseOutcome, ReportLine

#: Seconds after which a run of tests is ended: nobody waits longer before a page.
TEST_SECONDS = 900


async def notebook_path(contents: Any, path: str) -> Path:
    """Return the file behind a path of the file browser.

    Args:
        contents: the server's contents manager, whose rules on hidden files hold.
        path: path below its root, with forward slashes.

    Raises:
        DexError: DEX-SERVER-02, the server keeps no files on disk; DEX-SERVER-03, there is no such notebook.
    """
    root = getattr(contents, "root_dir", None)
    if not root:
        raise DexError(
            "DEX-SERVER-02",
            "This server does not keep its notebooks as files.",
            remedy="Run %dex_export in a kernel that sees the notebook's file.",
        )
    top = os.path.abspath(root)
    found = os.path.abspath(os.path.join(top, path.lstrip("/")))
    inside = found.startswith(top.rstrip(os.sep) + os.sep)
    if (
        not inside
        or "\0" in path
        or not os.path.isfile(found)
        or (not contents.allow_hidden and await ensure_async(contents.is_hidden(path)))
    ):
        raise DexError("DEX-SERVER-03", "There is no such notebook on this server.", path, "Save the notebook first.")
    return Path(found)


def export(path: Path, request: ExportRequest) -> ExportReply:
    """Export a notebook into its project and return what was written.

    Raises:
        ExportError: it cannot be exported, or generated files were edited by hand; nothing was written.
        NotebookError: the file is no notebook.
    """
    from dex.export import export_notebook

    project = find_project(path.parent)
    report = export_notebook(path, project, check=request.check, force=request.force)
    return ExportReply(
        notebook=report.notebook,
        checked=request.check,
        drift=report.drift,
        files=[ExportedFile(path=file.path, status=file.status, diff=file.diff) for file in report.files],
        notes=_places(report.notes),
        left_out=_places(report.dropped),
        not_derived=_places(report.not_derived),
        text=report.to_text(),
    )


def _places(lines: Iterable[ReportLine]) -> list[PlaceView]:
    return [PlaceView(text=line.text, cell=line.cell, line=line.line) for line in lines]


def places_of(error: DexError) -> list[PlaceView]:
    """Return every place in the notebook that an error is about."""
    from dex.export import ExportRefused

    if isinstance(error, ExportRefused):
        return [PlaceView(text=f"{r.message} {r.remedy}", cell=r.cell, line=r.line) for r in error.refusals]
    if error.where is None or error.where.cell is None:
        return []
    return [PlaceView(text=error.what, cell=error.where.cell, line=error.where.line)]


def cells(path: Path, _: CellsRequest) -> CellsReply:
    """Return how the cells of a notebook stand to its exported module.

    Raises:
        NotebookError: the file is no notebook.
        ExportError: DEX-EXPORT-01, there is no project around it.
    """
    from dex.export import cell_states

    states = cell_states(path, find_project(path.parent))
    return CellsReply(
        module=states.module,
        cells=[
            CellStateView(cell_id=each.cell_id, cell=each.cell, state=each.state, functions=list(each.functions))
            for each in states.cells
        ],
    )


def sync(path: Path, request: SyncRequest) -> SyncReply:
    """Bring what was changed in the exported module back to its notebook and return what was written.

    Raises:
        ExportError: a change has no place in the notebook, or one of them cannot be read; nothing was written.
        NotebookError: the file is no notebook.
    """
    from dex.export import sync_notebook

    report = sync_notebook(path, find_project(path.parent), check=request.check)
    return SyncReply(
        notebook=report.notebook,
        module=report.module,
        checked=report.checked,
        taken=[PlaceView(text="changed as the module was", cell=number) for number in report.taken],
        conflicts=[PlaceView(text="holds both texts: keep one, then sync again", cell=n) for n in report.conflicts],
        files=list(report.files),
    )


def test(path: Path, _: SuiteRequest) -> SuiteReply:
    """Run the tests of the module that a notebook was exported to and return what became of each.

    Raises:
        ExportError: it has not been exported, or the tests cannot be run.
    """
    from dex.export import run_tests

    report = run_tests(path, find_project(path.parent), seconds=TEST_SECONDS)
    return SuiteReply(
        notebook=report.notebook,
        tests=report.tests,
        passed=len(report.with_outcome("passed")),
        failed=[_case(case, report.notebook) for case in report.with_outcome("failed")],
        skipped=[_case(case, report.notebook) for case in report.with_outcome("skipped")],
        seconds=report.seconds,
    )


def _case(case: CaseOutcome, notebook: str) -> PlaceView:
    """Return an outcome with a link to its cell, or with words where it lies outside of the notebook."""
    if case.place is None or case.place.notebook != notebook or case.place.cell is None:
        return PlaceView(text=str(case))
    told = ": ".join(part for part in (case.name, case.message) if part)
    return PlaceView(text=told, cell=case.place.cell, line=case.place.line)
