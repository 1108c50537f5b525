"""The files of jobs checked as they are going to be, each finding at the place that said it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dex_dbutils import ExportError, Where

from dex.bundle import At, Finding, check_bundle, is_for_its_anchor, read_bundle
from dex.job_files.files import JobFiles, job_file

#: The way to a value: keys, and of an item of a list its own key, or the item itself, or its number.
_Way = tuple[Any, ...]
_KEYS = ("task_key", "environment_key", "job_cluster_key", "name")
_NOWHERE: tuple[_Way, At | None] = ((), None)
#: Findings that are shown at most.
_MOST = 20


class JobNotSound(ExportError):
    """What the configuration says of jobs cannot become jobs; nothing was written.

    Attributes:
        findings: what is wrong, each with its place in the configuration.
    """

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        lines = [f"{f.file}:{f.line}:{f.column}: {f.code}: {f.message}" for f in findings]
        more = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
        first = findings[0]
        super().__init__(
            "DEX-EXPORT-33",
            "What is said of jobs cannot become jobs, so nothing was written.\n" + "\n".join([*lines[:_MOST], *more]),
            Where(first.file, line=first.line, column=first.column),
            "Correct it there, and emit again.",
        )


def refuse_unsound(jobs: Iterable[JobFiles]) -> None:
    """Raise where the configuration of a job is wrong as such.

    Raises:
        JobNotSound: DEX-EXPORT-33.
    """
    found = _in_order(finding for job in jobs for finding in job.findings)
    if found:
        raise JobNotSound(found)


def check_jobs(
    root: Path, jobs: Iterable[JobFiles], texts: Mapping[str, str | None], entry_points: Collection[str] = ()
) -> dict[str, list[Finding]]:
    """Check jobs as their files are going to be; return what nobody said there, and what is no error, by job.

    Args:
        root: folder of the bundle.
        jobs: the jobs.
        texts: texts of files as they are going to be, by path below the folder; None for one that will be gone.
        entry_points: those that the project's wheel is about to get.

    Raises:
        JobNotSound: DEX-EXPORT-33, what a person said of a job is wrong.
    """
    jobs = list(jobs)
    refuse_unsound(jobs)
    files = read_bundle(root, texts)
    said = {file: dict(_ways(tree)) for job in jobs for file, tree in job.trees.items()}
    places: dict[tuple[str, int, int], list[tuple[_Way, At | None]]] = {}  # a mapping stands where its first key does
    for file in [file for file in files.files if file.file in said]:
        for place in _ways(file):
            places.setdefault((place[1].file, place[1].line, place[1].column), []).append(place)
    errors: list[Finding] = []
    owners = {file: job.key for job in jobs for file in job.trees}
    read = {file.file for file in files.files}
    remarks = {job.key: [] if job_file(job.key) in read else [_not_read(job.key)] for job in jobs}
    developing = {name for name, target in files.targets() if target.text("mode") == "development"}
    for job in jobs:
        remarks[job.key] += _starting(job, developing)
    for finding in check_bundle(files):
        if finding.file not in said:
            continue
        if is_for_its_anchor(texts.get(finding.file) or (root / finding.file).read_text("utf-8-sig"), finding):
            continue
        there = places.get((finding.file, finding.line, finding.column), ())
        inner = finding.code == "DEX-BUNDLE-06"  # the key itself is meant, not the mapping that begins with it
        way, at = there[-1 if inner else 0] if there else _NOWHERE
        if (
            finding.code == "DEX-BUNDLE-14"
            and at is not None
            and isinstance(at.value, str)
            and at.value in entry_points
        ):
            continue
        source = said[finding.file].get(way)
        by_hand = (
            at is not None and not isinstance(at.value, dict | list) and (source is None or source.value != at.value)
        )
        if source is None or not source.file or by_hand:
            remarks[owners[finding.file]].append(finding)
            continue
        moved = finding.model_copy(update={"file": source.file, "line": source.line, "column": source.column})
        (errors if finding.severity == "error" else remarks[owners[finding.file]]).append(moved)
    if errors:
        raise JobNotSound(_in_order(errors))
    return {key: _in_order(found) for key, found in remarks.items()}


def _starting(job: JobFiles, developing: Collection[str]) -> Iterator[Finding]:
    """Yield where a job is let start by itself also from targets for development, which pause what does not say so.

    Source: the vendor's open tool, which pauses what is not `UNPAUSED` (``bundle/config/mutator/apply_presets``).
    """
    for way in ("schedule", "trigger", "continuous"):
        at = job.job.at(way, "pause_status")
        own = {name for name, part in job.targets.items() if part.at(way, "pause_status") is not None}
        if at is not None and at.file and at.value == "UNPAUSED" and (starting := sorted(set(developing) - own)):
            said = (
                f"`UNPAUSED` lets everybody's deployment to '{starting[0]}' start by itself, as it is for development."
            )
            yield at.finding("DEX-EXPORT-35", f"{said} Leave it out, or say it in the file of production.", "warning")


def _not_read(key: str) -> Finding:
    said = f"`include` of databricks.yml names no file resources/{key}.job.yml, so the bundle does not have the job."
    return Finding(severity="warning", code="DEX-BUNDLE-04", message=said, file="databricks.yml")


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(dict.fromkeys(findings), key=lambda f: (f.file, f.line, f.column, f.code, f.message))


def _ways(at: At, way: _Way = ()) -> Iterator[tuple[_Way, At]]:
    """Yield every value with the way to it, the outer ones first."""
    yield way, at
    if isinstance(at.value, dict):
        for key, entry in at.value.items():
            yield from _ways(entry, (*way, key))
    elif isinstance(at.value, list):
        for number, item in enumerate(at.value):
            yield from _ways(item, (*way, _name(item, number)))


def _name(item: At, number: int) -> Any:
    if not isinstance(item.value, dict | list):
        return repr(item.value)
    return next((name for key in _KEYS if (name := item.text(key)) is not None), number)
