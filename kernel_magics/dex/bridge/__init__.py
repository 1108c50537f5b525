"""The bridge: one state per kernel, told to every page that listens.

Importing this package loads no pydantic: `%load_ext dex` opens the bridge, and the first snapshot brings the models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex.bridge.hub import PROTOCOL, Bridge

if TYPE_CHECKING:
    from dex.bridge.exports import (
        CellsReply,
        CellsRequest,
        CellStateView,
        ExportedFile,
        ExportReply,
        ExportRequest,
        SuiteReply,
        SuiteRequest,
        SyncReply,
        SyncRequest,
    )
    from dex.bridge.graphs import (
        PROGRESS_EVENT,
        EdgeView,
        EmitReply,
        EmitRequest,
        GraphReply,
        GraphRequest,
        GraphTaskView,
        InputView,
        Progress,
        QuestionView,
        ReasonView,
    )
    from dex.bridge.jobs import (
        JOBS_EVENT,
        JobParameterView,
        JobReply,
        JobRequest,
        JobRunRequest,
        JobRunView,
        JobsChanged,
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
    from dex.bridge.kernel import (
        Activity,
        CheckView,
        ColumnView,
        EngineView,
        EnvironmentView,
        FrameView,
        GuardView,
        LayerView,
        ProblemView,
        ProfileView,
        ProposalView,
        RunView,
        SessionView,
        Snapshot,
        TableView,
    )
    from dex.bridge.server import (
        ErrorReply,
        PlaceView,
        ServerVersion,
    )

__all__ = [
    "JOBS_EVENT",
    "PROGRESS_EVENT",
    "PROTOCOL",
    "Activity",
    "Bridge",
    "CellStateView",
    "CellsReply",
    "CellsRequest",
    "CheckView",
    "ColumnView",
    "EdgeView",
    "EmitReply",
    "EmitRequest",
    "EngineView",
    "EnvironmentView",
    "ErrorReply",
    "ExportReply",
    "ExportRequest",
    "ExportedFile",
    "FrameView",
    "GraphReply",
    "GraphRequest",
    "GraphTaskView",
    "GuardView",
    "InputView",
    "JobParameterView",
    "JobReply",
    "JobRequest",
    "JobRunRequest",
    "JobRunView",
    "JobStartRequest",
    "JobStarted",
    "JobTaskView",
    "JobView",
    "JobsChanged",
    "JobsReply",
    "JobsRequest",
    "LayerView",
    "PlaceView",
    "ProblemView",
    "ProfileView",
    "Progress",
    "ProposalView",
    "QuestionView",
    "ReasonView",
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
        from dex.bridge import exports, graphs, jobs, kernel, server

        return next(
            getattr(module, name) for module in (kernel, server, exports, jobs, graphs) if hasattr(module, name)
        )
    raise AttributeError(f"module 'dex.bridge' has no attribute '{name}'")
