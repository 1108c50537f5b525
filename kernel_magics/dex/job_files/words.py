"""The words of ``jobs`` in the configuration: those of the Jobs API, and the few that are dex's own."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dex.bundle import At, Finding, fields_of, nearest
from dex.job_files.reading import ConfiguredJob

#: Words of a job that are not the Jobs API's.
OF_JOB = frozenset({"notebooks", "compute", "warehouse_id"})
#: Words of a task that are not the Jobs API's; they mean what they mean in `dex: task`.
OF_TASK = frozenset({"after", "reads", "writes", "ignore"})
COMPUTE = ("serverless", "job_cluster")
_LISTS = ("after", "reads", "writes")
#: What every target has in common, because files are made of it.
_OF_BASE = ("notebooks", "compute")


def check_words(job: ConfiguredJob) -> Iterator[Finding]:
    """Yield what the configuration says of a job in words that are not known, or where nothing would read them."""
    yield from _job(job.at, job.key)
    for environment, at in job.changes.items():
        if environment in job.local:
            said = f"Environment '{environment}' is local and has no target: nothing would read this."
            yield at.finding("DEX-EXPORT-34", f"{said} Take it away, or say it in the file of another environment.")
            continue
        for word in _OF_BASE:
            if (found := at.get(word)) is not None:
                said = f"`{word}` is the same in all environments. Move it to config/base.yaml."
                yield found.finding("DEX-EXPORT-34", said)
        yield from _job(at, job.key)


def _job(at: At, key: str) -> Iterator[Finding]:
    if not isinstance(at.value, dict):
        yield at.finding("DEX-BUNDLE-03", f"The job '{key}' must hold keys and values.")
        return
    yield from _unknown(at, fields_of("jobs") | OF_JOB, "a job")
    compute = at.get("compute")
    if compute is not None and compute.value not in COMPUTE:
        yield compute.finding("DEX-BUNDLE-07", f"`compute` is {' or '.join(COMPUTE)}, not {compute.value!r}.")
    yield from _texts(at, "notebooks")
    tasks = at.get("tasks")
    if tasks is None or tasks.value is None:
        return
    if isinstance(tasks.value, list):
        said = "`tasks` holds settings by the task's key here, such as `tasks: {load: {max_retries: 2}}`."
        yield tasks.finding("DEX-BUNDLE-03", said)
        return
    if not isinstance(tasks.value, dict):
        yield tasks.finding("DEX-BUNDLE-03", "`tasks` must hold keys and values.")
    for name, task in tasks.entries():
        if task.value is not None:
            yield from _task(task, name)


def _task(task: At, name: str) -> Iterator[Finding]:
    if not isinstance(task.value, dict):
        yield task.finding("DEX-BUNDLE-03", f"The task '{name}' must hold keys and values.")
        return
    yield from _unknown(task, (fields_of("jobs.Task") - {"task_key"}) | OF_TASK, "a task")
    for word in _LISTS:
        yield from _texts(task, word)
    depends_on = task.get("depends_on")
    if depends_on is None or depends_on.value is None:
        return
    if not isinstance(depends_on.value, list):
        yield depends_on.finding("DEX-BUNDLE-03", "`depends_on` must be a list.")
    for item in task.items("depends_on"):
        if not isinstance(item.value, str) and item.text("task_key") is None:
            said = "An entry of `depends_on` is the key of a task, or `{task_key: ..., outcome: ...}`."
            yield item.finding("DEX-BUNDLE-03", said)


def _unknown(at: At, known: Collection[str], what: str) -> Iterator[Finding]:
    for key, entry in at.entries():
        if key not in known:
            yield entry.finding("DEX-BUNDLE-06", f"`{key}` is not a key of {what}.{nearest(key, known)}")


def _texts(at: At, word: str) -> Iterator[Finding]:
    found = at.get(word)
    if found is None or found.value is None:
        return
    if not isinstance(found.value, list) or not all(isinstance(item.value, str) for item in found.value):
        yield found.finding("DEX-BUNDLE-03", f"`{word}` must be a list of texts.")
