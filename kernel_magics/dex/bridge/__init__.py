"""The bridge: one state per kernel, told to every page that listens.

Importing this package loads no pydantic: `%load_ext dex` opens the bridge, and the first snapshot brings the models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex.bridge.hub import PROTOCOL, Bridge

if TYPE_CHECKING:
    from dex.bridge.jobs import (
        JobParameterView,
        JobReply,
        JobRequest,
        JobRunRequest,
        JobRunView,
        JobsReply,
        JobsRequest,
        JobStarted,
        JobStartRequest,
        JobTaskView,
        JobView,
        TaskLog,
        TaskLogRequest,
        TaskPlace,
        TaskRunView,
    )
    from dex.bridge.models import (
        Activity,
        CellsReply,
        CellsRequest,
        CellStateView,
        CheckView,
        ColumnView,
        EngineView,
        EnvironmentView,
        ErrorReply,
        ExportedFile,
        ExportReply,
        ExportRequest,
        FrameView,
        GuardView,
        LayerView,
        PlaceView,
        ProblemView,
        ProfileView,
        ProposalView,
        RunView,
        ServerVersion,
        SessionView,
        Snapshot,
        SuiteReply,
        SuiteRequest,
        SyncReply,
        SyncRequest,
        TableView,
    )

__all__ = [
    "PROTOCOL",
    "Activity",
    "Bridge",
    "CellStateView",
    "CellsReply",
    "CellsRequest",
    "CheckView",
    "ColumnView",
    "EngineView",
    "EnvironmentView",
    "ErrorReply",
    "ExportReply",
    "ExportRequest",
    "ExportedFile",
    "FrameView",
    "GuardView",
    "JobParameterView",
    "JobReply",
    "JobRequest",
    "JobRunRequest",
    "JobRunView",
    "JobStartRequest",
    "JobStarted",
    "JobTaskView",
    "JobView",
    "JobsReply",
    "JobsRequest",
    "LayerView",
    "PlaceView",
    "ProblemView",
    "ProfileView",
    "ProposalView",
    "RunView",
    "ServerVersion",
    "SessionView",
    "Snapshot",
    "SuiteReply",
    "SuiteRequest",
    "SyncReply",
    "SyncRequest",
    "TableView",
    "TaskLog",
    "TaskLogRequest",
    "TaskPlace",
    "TaskRunView",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from dex.bridge import jobs, models

        return getattr(jobs if hasattr(jobs, name) else models, name)
    raise AttributeError(f"module 'dex.bridge' has no attribute '{name}'")
