"""Jobs: their settings, and their runs on this machine."""

from dex.jobs.display import LiveRuns, in_order, items_of, print_runs, run_text, without_output
from dex.jobs.drawing import after_of, graph_mermaid, graph_text, stages_of, what_of
from dex.jobs.emission import EmitReport, emit_job, emit_jobs
from dex.jobs.failures import FailedAt, failed_at
from dex.jobs.flow import GOOD, NEVER_BEGUN, Result, chosen, refuse_circle, selected
from dex.jobs.local import bundle_job, processors, repair_run, run_jobs
from dex.jobs.models import JobSettings, Task
from dex.jobs.processes import end_with_stdin
from dex.jobs.records import (
    JobRun,
    Record,
    RepairHistoryItem,
    TaskRun,
    log_file,
    new_number,
    new_record,
    now,
    read_log,
    read_record,
    records,
)
from dex.jobs.refusals import SettingsRefusal, refusals
from dex.jobs.repairing import Repair, begin_repair, is_unfinished, plan_repair, with_enabled
from dex.jobs.running import Runner
from dex.jobs.stopping import stop_run
from dex.jobs.watching import RunsWatch
from dex.jobs.work import Workshop

__all__ = [
    "GOOD",
    "NEVER_BEGUN",
    "EmitReport",
    "FailedAt",
    "JobRun",
    "JobSettings",
    "LiveRuns",
    "Record",
    "Repair",
    "RepairHistoryItem",
    "Result",
    "Runner",
    "RunsWatch",
    "SettingsRefusal",
    "Task",
    "TaskRun",
    "Workshop",
    "after_of",
    "begin_repair",
    "bundle_job",
    "chosen",
    "emit_job",
    "emit_jobs",
    "end_with_stdin",
    "failed_at",
    "graph_mermaid",
    "graph_text",
    "in_order",
    "is_unfinished",
    "items_of",
    "log_file",
    "new_number",
    "new_record",
    "now",
    "plan_repair",
    "print_runs",
    "processors",
    "read_log",
    "read_record",
    "records",
    "refusals",
    "refuse_circle",
    "repair_run",
    "run_jobs",
    "run_text",
    "selected",
    "stages_of",
    "stop_run",
    "what_of",
    "with_enabled",
    "without_output",
]
