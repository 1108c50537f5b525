"""Runs of one job beside each other: as many at a time as it says, over all processes of this machine.

A run holds one of the job's numbered lock files; what a process that was killed held, the system gives back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

from dex_dbutils import JobError
from dex_dbutils.config import Project
from filelock import BaseFileLock, FileLock, Timeout

from dex.files import write_error
from dex.jobs.models import JobSettings
from dex.jobs.records import records, runs_folder

#: Seconds between looks at whether a run of the job has ended.
_LOOK = 0.3
#: Runs that are looked through for the one in the way.
_LOOKED_THROUGH = 50


def free_turn(project: Project, key: str, settings: JobSettings, target: str) -> BaseFileLock | None:
    """Return what one more run of a job holds until its end; None where as many go on as may.

    Args:
        project: whose job it is.
        key: the job's key.
        settings: the job.
        target: target of the bundle: each has jobs of its own.

    Raises:
        FileError: DEX-FILE-01, nothing can be written there.
    """
    folder = runs_folder(project) / "turns"
    for number in range(settings.max_concurrent_runs):
        lock = FileLock(folder / f"{quote(f'{key}.{target}', safe='')}.{number}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            continue
        except OSError as error:
            raise write_error(folder, error) from error
        return lock
    return None


async def next_turn(
    project: Project, key: str, settings: JobSettings, target: str, progress: Callable[[str], None] | None = None
) -> BaseFileLock:
    """Return what one more run of a job holds until its end, once it may begin.

    Args:
        project: whose job it is.
        key: the job's key.
        settings: the job.
        target: target of the bundle.
        progress: told that the run waits.

    Raises:
        JobError: DEX-JOB-14, as many runs go on as may, and the job has no queue.
        FileError: DEX-FILE-01, nothing can be written there.
    """
    told = False
    while (turn := free_turn(project, key, settings, target)) is None:
        busy = _busy(project, key, settings)
        if not (settings.max_concurrent_runs and settings.queue.enabled):
            raise busy
        if progress is not None and not told:
            progress(f"{busy.what} This one waits.")
        told = True
        await asyncio.sleep(_LOOK)
    return turn


@contextlib.asynccontextmanager
async def turn(project: Project, key: str, settings: JobSettings, target: str) -> AsyncIterator[None]:
    """Hold the turn that `next_turn` returns.

    Raises:
        JobError: as `next_turn`.
    """
    held = await next_turn(project, key, settings, target)
    try:
        yield
    finally:
        held.release()


def _busy(project: Project, key: str, settings: JobSettings) -> JobError:
    going = [r.run.id for r in records(project, _LOOKED_THROUGH) if r.run.key == key and r.alive]
    return JobError(
        "DEX-JOB-14",
        f"The job '{key}' goes on as often as it may: max_concurrent_runs is {settings.max_concurrent_runs}.",
        f"run {going[-1]}" if going else None,
        "Wait for its end or stop it (dex job stop RUN), or raise max_concurrent_runs; "
        "with `queue: {enabled: true}` a run waits by itself.",
    )
