"""Jobs that run other jobs: none may come back to itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from dex.bundle.effective import Bundle
from dex.bundle.models import Finding
from dex.bundle.tree import At

_JOB = re.compile(r"\$\{resources\.jobs\.([\w-]+)\.id\}")


def check_run_jobs(bundle: Bundle) -> Iterator[Finding]:
    """Yield one finding where jobs run each other, with the way round."""
    calls: dict[str, dict[str, At]] = {key: dict(_calls(job)) for key, job in bundle.resources("jobs")}
    try:
        TopologicalSorter({key: [k for k in called if k in calls] for key, called in calls.items()}).prepare()
    except CycleError as error:
        way = list(reversed(error.args[1]))
        first = min(way[:-1])
        at = way.index(first)
        way = [*way[at:-1], *way[:at], first]
        said = f"Jobs run each other without an end: {' -> '.join(way)}."
        yield calls[way[0]][way[1]].finding("DEX-BUNDLE-28", said)


def _calls(job: At) -> Iterator[tuple[str, At]]:
    """Yield the keys of the jobs that a job's tasks run, also those inside loops, with their places."""
    for task in job.items("tasks"):
        for at in (task.at("run_job_task", "job_id"), task.at("for_each_task", "task", "run_job_task", "job_id")):
            found = _JOB.fullmatch(at.value) if at is not None and isinstance(at.value, str) else None
            if found and at is not None:
                yield found[1], at
