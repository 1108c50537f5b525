"""Stopping a run from anywhere on its machine: whoever runs it is asked, and ends it as an interrupt does."""

from __future__ import annotations

import time

from dex_dbutils import JobError
from dex_dbutils.config import Project

from dex.jobs.records import JobRun, read_record

#: Seconds that a run may take to end its tasks: twice what a task may take to end by itself, and a little more.
PATIENCE = 25.0
#: Seconds between looks at whether it has ended.
_LOOK = 0.1


def stop_run(project: Project, number: int | str, *, patience: float = PATIENCE) -> JobRun:
    """End a run, wherever on this machine it was started, and return it when its tasks have ended.

    A file in the run's folder asks for it: who may write there may also end the process itself.

    Args:
        project: whose run it is.
        number: the run.
        patience: seconds that it may take.

    Raises:
        JobError: DEX-JOB-05, there is no such run; -12, it does not go on; -13, it has not ended in time.
    """
    record = read_record(project, number)
    if not record.alive:
        raise JobError(
            "DEX-JOB-12",
            f"The run {number} does not go on: there is nothing to stop.",
            record.folder,
            f"`dex job show {number}` says what it came to.",
        )
    record.ask_to_stop()
    end = time.monotonic() + patience
    while record.alive:
        if time.monotonic() > end:
            raise JobError(
                "DEX-JOB-13",
                f"The run {number} was asked to end, and has not ended within {patience:.0f} s.",
                record.folder,
                "Look again later, or interrupt it where it was started: Ctrl-C in its terminal.",
            )
        time.sleep(_LOOK)
    return read_record(project, number).run
