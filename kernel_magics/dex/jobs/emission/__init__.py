"""Jobs of several notebooks and of the configuration, as files of the bundle."""

from dex.jobs.emission.emitting import emit_job, emit_jobs
from dex.jobs.emission.report import EmitReport

__all__ = ["EmitReport", "emit_job", "emit_jobs"]
