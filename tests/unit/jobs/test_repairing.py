"""Which tasks a repair runs; what a run keeps of its repairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dex.jobs import (
    JobSettings,
    Record,
    begin_repair,
    is_unfinished,
    new_record,
    plan_repair,
    read_record,
    repair_run,
    run_text,
)
from dex.jobs.flow import Result
from dex_dbutils import DexError, JobError
from dex_dbutils.config import Project, find_project


def job(*tasks: str, **more: Any) -> JobSettings:
    """Return a job; ``b<a`` is a task that waits for another, ``c!`` a disabled one."""
    made = []
    for each in tasks:
        key, _, before = each.removesuffix("!").partition("<")
        waits = [{"task_key": name} for name in before.split(",") if name]
        made.append({"task_key": key, "depends_on": waits, "disabled": each.endswith("!")})
    return JobSettings.model_validate({"tasks": made, **more})


JOB = job("a", "b<a", "c<b", "d<a", "off!")
RESULTS: dict[str, Result | None] = {
    "a": "SUCCESS",
    "b": "FAILED",
    "c": "UPSTREAM_FAILED",
    "d": "EXCLUDED",
    "off": "DISABLED",
}


@pytest.mark.parametrize(
    ("settings", "asked", "tasks", "forced"),
    [
        (JOB, {}, "b c", "b c"),
        (JOB, {"named": ["a"]}, "a", "a"),
        (JOB, {"named": ["a"], "dependents": True}, "a b c d", "a"),
        (JOB, {"dependents": True}, "b c", "b c"),
        (JOB, {"named": ["off"]}, "off", "off"),
        (job("a", "b!", "c<b"), {}, "b c", "b c"),  # the run's state counts, not what is disabled now
        (job("a", "new<a", "c<new"), {}, "new c", "c"),  # b is the job's no more, new was not its before
        (job("a", "new<a", "other", "c<new"), {"named": ["c"]}, "new c", "c"),
    ],
)
def test_a_repair_runs_what_did_not_end_well_or_what_is_named(
    settings: JobSettings, asked: dict[str, Any], tasks: str, forced: str
) -> None:
    found = plan_repair(settings.tasks, RESULTS, **asked)
    assert (" ".join(found.tasks), found.forced) == (tasks, set(forced.split()))


@pytest.mark.parametrize(
    ("settings", "named", "code"),
    [(JOB, ["nope"], "DEX-JOB-09"), (job("a"), [], "DEX-JOB-08"), (job("a"), ["b"], "DEX-JOB-09")],
)
def test_a_task_that_is_not_there_and_nothing_to_do_are_refused(
    settings: JobSettings, named: list[str], code: str
) -> None:
    with pytest.raises(JobError) as caught:
        plan_repair(settings.tasks, RESULTS, named)
    assert caught.value.code == code


def ended(tmp_path: Path, **results: Result | None) -> Record:
    project = Project(name="p", package="p", root=tmp_path, exists=False)
    record = new_record(project, "job", JOB, {"day": "1"}, "local", given={})
    for key, result in results.items():
        record.task(key.replace("_", "[") + "]" * ("_" in key), result=result, item="1" if "_" in key else None)
    record.end("FAILED")
    return record


def test_a_repair_is_kept_with_the_run_and_outlives_its_process(tmp_path: Path) -> None:
    record = ended(tmp_path, a="SUCCESS", b="FAILED")
    changed = job("a", "b<a", "new<b")
    begin_repair(record, ["b", "new"], changed, {"day": "2"}, {"day": "2"})
    record.end("SUCCESS")
    run = read_record(Project(name="p", package="p", root=tmp_path, exists=False), record.run.id).run
    assert run.settings == changed
    assert [(each.type, each.tasks, each.parameters, each.result) for each in run.history] == [
        ("ORIGINAL", ["a", "b", "c", "d", "off"], {}, "FAILED"),
        ("REPAIR", ["b", "new"], {"day": "2"}, "SUCCESS"),
    ]
    assert "repair 1: b, new with day=2: SUCCESS" in run_text(run)
    assert (run.repairs, run.parameters, run.given) == (1, {"day": "2"}, {})
    assert {key: task.result for key, task in run.tasks.items()} == {
        "a": "SUCCESS",
        "b": None,
        "c": "CANCELED",  # it had not ended, and is not run again
        "d": "CANCELED",
        "off": "CANCELED",
        "new": None,
    }


@pytest.mark.parametrize(("loop", "kept"), [("FAILED", ["SUCCESS", None]), ("SUCCESS", [None, None])])
def test_items_that_ended_well_stay_unless_their_loop_did_too(
    tmp_path: Path, loop: Result, kept: list[Result | None]
) -> None:
    record = ended(tmp_path, a=loop, a_0="SUCCESS", a_1="FAILED" if loop == "FAILED" else "SUCCESS")
    begin_repair(record, ["a"], JOB, {}, {})
    assert [record.run.tasks[f"a[{number}]"].result for number in (0, 1)] == kept


def test_what_was_excluded_or_disabled_is_nothing_to_repair(tmp_path: Path) -> None:
    record = ended(tmp_path, a="SUCCESS", b="EXCLUDED", c="EXCLUDED", d="SUCCESS", off="DISABLED")
    assert not is_unfinished(record.run)
    record.task("d", result="TIMEDOUT")
    assert is_unfinished(record.run)


BUNDLE = """\
bundle: {name: b}
resources:
  jobs:
    job:
      parameters: [{name: day, default: "1"}]
      tasks: [{task_key: a, notebook_task: {notebook_path: a.py}}]
"""


@pytest.mark.parametrize(
    ("key", "asked", "code"),
    [
        ("job", {"tasks": ["nope"]}, "DEX-JOB-09"),
        ("job", {"parameters": {"dya": "2"}}, "DEX-JOB-10"),
        ("gone", {}, "DEX-BUNDLE-30"),
        ("unsound", {}, "DEX-JOB-01"),
    ],
)
def test_a_repair_that_cannot_be_changes_nothing(tmp_path: Path, key: str, asked: dict[str, Any], code: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/base.yaml").write_text("project: {name: p, package: p}\n")
    (tmp_path / "databricks.yml").write_text(BUNDLE + "    unsound: {tasks: []}\n")
    project = find_project(tmp_path)
    record = new_record(project, key, job("a"), {"day": "1"}, "local", given={})
    record.task("a", result="FAILED")
    record.end("FAILED")
    before = (record.folder / "changes.jsonl").read_bytes()
    with pytest.raises(DexError) as caught:
        repair_run(project, record.run.id, **asked)
    assert caught.value.code == code
    assert (record.folder / "changes.jsonl").read_bytes() == before


def test_a_run_that_goes_on_is_not_repaired(tmp_path: Path) -> None:
    record = ended(tmp_path, a="FAILED")
    with record.held(), pytest.raises(JobError) as caught:
        repair_run(Project(name="p", package="p", root=tmp_path, exists=False), record.run.id)
    assert caught.value.code == "DEX-JOB-08"


def test_what_another_repair_did_meanwhile_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/base.yaml").write_text("project: {name: p, package: p}\n")
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    project = find_project(tmp_path)
    record = new_record(project, "job", job("a"), {"day": "1"}, "local", given={})
    record.task("a", result="FAILED")
    record.end("FAILED")

    def others_are_faster(*_: Any) -> None:
        read_record(project, record.run.id).task("a", result="SUCCESS")

    monkeypatch.setattr("dex.jobs.local._start_engine", others_are_faster)
    with pytest.raises(JobError, match="repaired by somebody else") as caught:
        repair_run(project, record.run.id)
    assert caught.value.code == "DEX-JOB-08"
    assert read_record(project, record.run.id).run.tasks["a"].result == "SUCCESS"
