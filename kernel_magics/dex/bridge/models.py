"""The messages between kernel, server and page; JSON Schema and TypeScript are generated from these models.

Nothing here may hold a secret: what is in a message is in the browser.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dex.bridge.hub import PROTOCOL

SessionStateName = Literal["none", "starting", "ready", "failed", "lost"]
CheckStatus = Literal["passed", "failed", "not run"]


class Model(BaseModel):
    """Base of every message: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


class EnvironmentView(Model):
    """An environment of the project, as the switch shows it.

    Attributes:
        name: what `%dex_env` takes.
        kind: local, development or production; None where its files cannot be used.
        engine: type of the engine.
        catalog: catalog of its tables.
        writes: what the guard does with writes.
        problem: why it cannot be bound, in one line.
    """

    name: str
    kind: str | None = None
    engine: str | None = None
    catalog: str | None = None
    writes: str | None = None
    problem: str | None = None


class SessionView(Model):
    """How far the binding of the kernel is; lost: bound, and its engine was stopped since."""

    state: SessionStateName = "none"
    message: str = ""


class EngineView(Model):
    """The engine of the bound environment; the address carries no token."""

    type: str
    state: str
    version: str | None = None
    address: str | None = None
    log: str | None = None


class GuardView(Model):
    """What the guard does with writes in the bound environment, and where they may go."""

    writes: str
    confirmed: bool = False
    catalogs: list[str] = []


class TableView(Model):
    """A table, by its plain name and by the one SQL takes."""

    name: str
    full_name: str


class LayerView(Model):
    """A layer and its tables.

    Attributes:
        name: bronze, silver, gold or the project's own.
        schema_name: ``catalog.schema``.
        tables: in the order of their names.
        listed: False where listing would wake compute that costs money, so nobody looked.
    """

    name: str
    schema_name: str
    tables: list[TableView] = []
    listed: bool = True


class RunView(Model):
    """One line of the ledger."""

    id: str
    kind: str
    role: str | None = None
    environment: str | None = None
    status: str
    started: str
    summary: str = ""


class FrameView(Model):
    """A Spark frame that the notebook has a name for."""

    name: str


class ColumnView(Model):
    """What the last profile says of a column; figures as text, ready to show."""

    name: str
    type: str
    nulls: int | None = None
    distinct: str | None = None
    minimum: str | None = None
    maximum: str | None = None


class ProfileView(Model):
    """The last profile of the kernel.

    Attributes:
        name: the expression or table that was profiled.
        rows: rows of the frame.
        columns: the first columns, at most as many as a panel can show.
        more_columns: how many were left out.
    """

    name: str | None = None
    rows: int
    columns: list[ColumnView] = []
    more_columns: int = 0


class CheckView(Model):
    """One check of a verdict."""

    name: str
    status: CheckStatus
    detail: str = ""


class ProposalView(Model):
    """The last proposal of the kernel, ready to be inserted; nobody has run it on full data.

    Attributes:
        run_id: the run it came from.
        cell_id: the notebook cell that asked for it, where the editor told.
        role: who proposed it.
        into: name that the code binds.
        code: the transformation.
        assertions: statements that hold for its result, for a cell of their own.
        status: passed, failed or incomplete; None where nothing was verified.
        checks: every check with what was seen.
        not_followed: phrases of the request that were not followed.
    """

    run_id: str
    cell_id: str | None = None
    role: str
    into: str
    code: str
    assertions: str = ""
    status: str | None = None
    checks: list[CheckView] = []
    not_followed: list[str] = []


class Activity(Model):
    """What an agent is doing right now: everything so far, not what is new.

    Attributes:
        run_id: the run.
        stage: what is going on.
        note: the last sentence for people.
        text: what the model has written so far, its end if it is long.
    """

    run_id: str
    stage: str
    note: str = ""
    text: str = ""


class ProblemView(Model):
    """A part of the snapshot that could not be had."""

    part: str
    code: str | None = None
    message: str


class Snapshot(Model):
    """Everything the panel shows of a kernel."""

    version: str
    project: str | None = None
    environments: list[EnvironmentView] = []
    environment: EnvironmentView | None = None
    session: SessionView = SessionView()
    engine: EngineView | None = None
    guard: GuardView | None = None
    catalog: list[LayerView] = []
    roles: list[str] = []
    runs: list[RunView] = []
    profile: ProfileView | None = None
    frames: list[FrameView] = []
    proposal: ProposalView | None = None
    problems: list[ProblemView] = []


class Opened(Model):
    """Kernel to page, with the comm's opening: say hello."""

    type: Literal["opened"] = "opened"
    protocol: int = PROTOCOL
    version: str


class SnapshotMessage(Model):
    """Kernel to page: the whole state; the page is right after any one of these."""

    type: Literal["snapshot"] = "snapshot"
    protocol: int = PROTOCOL
    snapshot: Snapshot
    activity: Activity | None = None


class ActivityMessage(Model):
    """Kernel to page: what an agent is doing, or None when it has ended."""

    type: Literal["activity"] = "activity"
    activity: Activity | None = None


class PageMessage(Model):
    """Page to kernel: ``hello`` asks for the state as it is known, ``refresh`` to look again."""

    type: Literal["hello", "refresh"]
    protocol: int = PROTOCOL


class ServerVersion(Model):
    """Server to page: its half of the handshake."""

    version: str
    protocol: int = PROTOCOL


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


class PlaceView(Model):
    """Something a person should know, and the place in the notebook that it is about.

    Attributes:
        text: in one line.
        cell: number of the cell, counted from 1 over all cells; None where it is about the whole notebook.
        line: line in that cell, counted from 1.
    """

    text: str
    cell: int | None = None
    line: int | None = None


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


class ErrorReply(Model):
    """Server to page: why something was not done.

    Attributes:
        code: stable code of the error.
        message: what happened.
        where: the place, as text.
        remedy: what to do next.
        places: every place in the notebook that stands in the way.
    """

    code: str
    message: str
    where: str | None = None
    remedy: str | None = None
    places: list[PlaceView] = []


#: What is generated, with the direction it is read in: pages get every field of what is sent to them.
SENT: tuple[type[Model], ...] = (
    Opened,
    SnapshotMessage,
    ActivityMessage,
    ServerVersion,
    ExportReply,
    CellsReply,
    SuiteReply,
    SyncReply,
    ErrorReply,
)
RECEIVED: tuple[type[Model], ...] = (PageMessage, ExportRequest, CellsRequest, SuiteRequest, SyncRequest)


def schema_of(model: type[BaseModel], received: bool) -> dict[str, Any]:
    """Return the JSON Schema of a message."""
    return model.model_json_schema(mode="validation" if received else "serialization")
