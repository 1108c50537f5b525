"""The messages between kernel and page: the state of one kernel, whole in every message."""

from __future__ import annotations

from typing import Literal

from dex.bridge.hub import PROTOCOL
from dex.bridge.message import Model

SessionStateName = Literal["none", "starting", "ready", "failed", "lost"]
CheckStatus = Literal["passed", "failed", "not run"]


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


SENT: tuple[type[Model], ...] = (Opened, SnapshotMessage, ActivityMessage)
RECEIVED: tuple[type[Model], ...] = (PageMessage,)
