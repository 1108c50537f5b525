"""The messages about the module of a notebook between server and page: export, sync, tests."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dex.bridge.message import Model
from dex.bridge.server import PlaceView


class ExportRequest(Model):
    """Page to server: export a notebook that is saved.

    Attributes:
        path: path below the server's root, as the file browser shows it.
        check: write nothing; say whether the files differ.
        force: overwrite generated files that were edited by hand.
    """

    path: str = Field(min_length=1)
    check: bool = False
    force: bool = False


class ExportedFile(Model):
    """A file of an export and what became of it.

    Attributes:
        path: below the project.
        status: written, unchanged, kept or differs.
        diff: where it differs, what would change as a unified diff.
    """

    path: str
    status: str
    diff: str = ""


class ExportReply(Model):
    """Server to page: what an export wrote or, in a check, would write; the report as `%dex_export` shows it.

    Attributes:
        notebook: its path below the project.
        checked: nothing was written.
        drift: a check found that the files are not what the notebook says now.
        files: every file of the export.
        notes: what a person should look at.
        left_out: what a job does not need.
        not_derived: checks that no test was made of.
        text: the whole report.
    """

    notebook: str
    checked: bool = False
    drift: bool
    files: list[ExportedFile] = []
    notes: list[PlaceView] = []
    left_out: list[PlaceView] = []
    not_derived: list[PlaceView] = []
    text: str = ""


class CellsRequest(Model):
    """Page to server: how do the cells of a saved notebook stand to its exported module?

    Attributes:
        path: path below the server's root, as the file browser shows it.
    """

    path: str = Field(min_length=1)


class CellStateView(Model):
    """How a cell stands to the exported module.

    Attributes:
        cell_id: id of the cell.
        cell: its number, counted from 1 over all cells.
        state: ``exported`` as it stands, ``changed`` since the export, or ``refused``: it cannot be exported.
        functions: functions of the module that come from the cell.
    """

    cell_id: str
    cell: int
    state: Literal["exported", "changed", "refused"]
    functions: list[str] = []


class CellsReply(Model):
    """Server to page: the cells of a notebook that have a place in its exported module.

    Attributes:
        module: path of the module below the project; None where the notebook was never exported.
        cells: in order; cells without code for a job are left out.
    """

    module: str | None
    cells: list[CellStateView] = []


class SyncRequest(Model):
    """Page to server: bring what was changed in the exported module back to a saved notebook.

    Attributes:
        path: path below the server's root, as the file browser shows it.
        check: write nothing.
    """

    path: str = Field(min_length=1)
    check: bool = False


class SyncReply(Model):
    """Server to page: what a sync wrote or, in a check, would write.

    Attributes:
        notebook: its path below the project.
        module: path of the module.
        checked: nothing was written.
        taken: the cells that took a change of the module.
        conflicts: the cells that hold both texts now.
        files: the files that are written; none where notebook and module said the same.
    """

    notebook: str
    module: str
    checked: bool = False
    taken: list[PlaceView] = []
    conflicts: list[PlaceView] = []
    files: list[str] = []


class SuiteRequest(Model):
    """Page to server: run the tests of the module that a notebook was exported to.

    Attributes:
        path: path below the server's root, as the file browser shows it.
    """

    path: str = Field(min_length=1)


class SuiteReply(Model):
    """Server to page: what became of the tests of a notebook's module.

    Attributes:
        notebook: its path below the project.
        tests: path of the test file below the project.
        passed: how many passed.
        failed: the tests that failed, each with the cell where it went wrong.
        skipped: the tests that were skipped, each with the cell that it comes from.
        seconds: how long the run took.
    """

    notebook: str
    tests: str
    passed: int
    failed: list[PlaceView] = []
    skipped: list[PlaceView] = []
    seconds: float


SENT: tuple[type[Model], ...] = (ExportReply, CellsReply, SuiteReply, SyncReply)
RECEIVED: tuple[type[Model], ...] = (ExportRequest, CellsRequest, SuiteRequest, SyncRequest)
