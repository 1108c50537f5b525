"""Jobs: their settings, and their runs on this machine."""

from dex.jobs.display import LiveRuns, in_order, print_runs, run_text
from dex.jobs.drawing import after_of, graph_mermaid, graph_text, stages_of, what_of
from dex.jobs.emitting import EmitReport, emit_job
from dex.jobs.local import bundle_job, processors, repair_run, run_jobs
from dex.jobs.models import JobSettings, Task
from dex.jobs.records import JobRun, Record, TaskRun, new_record, read_record, records
from dex.jobs.refusals import SettingsRefusal, refusals
from dex.jobs.running import Runner
from dex.jobs.work import Workshop

__all__ = [
    "EmitReport",
    "JobRun",
    "JobSettings",
    "LiveRuns",
    "Record",
    "Runner",
    "SettingsRefusal",
    "Task",
    "TaskRun",
    "Workshop",
    "after_of",
    "bundle_job",
    "emit_job",
    "graph_mermaid",
    "graph_text",
    "in_order",
    "new_record",
    "print_runs",
    "processors",
    "read_record",
    "records",
    "refusals",
    "repair_run",
    "run_jobs",
    "run_text",
    "stages_of",
    "what_of",
]
