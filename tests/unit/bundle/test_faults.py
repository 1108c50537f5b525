"""Each fault of a bundle gives one finding, with its code, its line and column, and words that help.

The faults stand in ``bundle_faults``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from bundle_faults import BASE, ERRORS, JOB, MARK, MORE, OTHER, PLACES, ROOT, TABLES, WARNINGS, with_fault
from dex.bundle import validate_bundle

CASES: list[Any] = [
    pytest.param(severity, *fault, PLACES.get(name), id=name)
    for severity, faults in (("error", ERRORS), ("warning", WARNINGS))
    for name, fault in faults.items()
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(BASE, tmp_path_factory.mktemp("faults") / "bundle"))


def test_the_bundle_that_the_faults_are_made_in_is_sound() -> None:
    assert validate_bundle(BASE) == []


@pytest.mark.parametrize(("severity", "file", "old", "new", "code", "says", "place"), CASES)
def test_a_fault_is_one_finding_at_its_place(
    bundle: Path, severity: str, file: str, old: str, new: str, code: str, says: str, place: str | None
) -> None:
    sound = (BASE / file).read_text("utf-8")
    marked = with_fault(file, old, new)
    start = marked.index(MARK) if MARK in marked else marked.index(str(place))
    faulty = marked.replace(MARK, "")
    try:
        (bundle / file).write_text(faulty, "utf-8")
        findings = validate_bundle(bundle)
    finally:
        (bundle / file).write_text(sound, "utf-8")
    assert len(findings) == 1, "\n".join(map(str, findings))
    found = findings[0]
    line, column = faulty.count("\n", 0, start) + 1, start - (faulty.rfind("\n", 0, start) + 1) + 1
    assert (found.severity, found.code, found.file) == (severity, f"DEX-BUNDLE-{code}", file)
    assert (found.line, found.column) == (line, column), found
    assert says in found.message


def test_jobs_of_two_files_that_run_each_other_are_shown_as_a_circle(bundle: Path) -> None:
    sound = (BASE / OTHER).read_text("utf-8")
    back = "      tasks:\n        - {task_key: again, run_job_task: {job_id: '${resources.jobs.flights.id}'}}\n"
    try:
        (bundle / OTHER).write_text(sound.replace("      tasks:\n", back), "utf-8")
        (finding,) = validate_bundle(bundle)
    finally:
        (bundle / OTHER).write_text(sound, "utf-8")
    assert (finding.code, finding.file) == ("DEX-BUNDLE-28", JOB)
    assert "flights -> publish -> flights" in finding.message


ODD = (None, [], {}, [1], {"a": "b"}, 7, "text", True, [[1]], {"a": None}, "${var.nope}", "${var.catalog}")


def below(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value below one."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield (*path, key)
        yield from below(entry, (*path, key))


@pytest.mark.parametrize("file", [ROOT, JOB, TABLES, MORE])
def test_whatever_stands_for_a_value_the_rest_is_checked_and_nothing_breaks(bundle: Path, file: str) -> None:
    sound = yaml.safe_load((BASE / file).read_text("utf-8"))
    told = 0
    try:
        for number, path in enumerate(below(sound)):
            changed = deepcopy(sound)
            owner = changed
            for key in path[:-1]:
                owner = owner[key]
            owner[path[-1]] = ODD[number % len(ODD)]
            (bundle / file).write_text(yaml.safe_dump(changed, sort_keys=False), "utf-8")
            told += bool(validate_bundle(bundle))
    finally:
        shutil.copy(BASE / file, bundle / file)
    assert told > number / 2  # many of them are faults
