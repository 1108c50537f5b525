"""A stand-in workspace: the REST routes that deploying and running need, for the vendor's unmodified clients."""

from __future__ import annotations

from dex.workspace.compute import CLUSTER, WAREHOUSE
from dex.workspace.faults import Fault
from dex.workspace.job_runner import JobRunner
from dex.workspace.runner import (
    Life,
    Listener,
    Output,
    RunEnd,
    Runner,
    Running,
    RunOrder,
    TaskReport,
    find_file,
)
from dex.workspace.server import WorkspaceServer
from dex.workspace.state import Workspace

__all__ = [
    "CLUSTER",
    "WAREHOUSE",
    "Fault",
    "JobRunner",
    "Life",
    "Listener",
    "Output",
    "RunEnd",
    "RunOrder",
    "Runner",
    "Running",
    "TaskReport",
    "Workspace",
    "WorkspaceServer",
    "find_file",
]
