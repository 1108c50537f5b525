"""When a task of a job runs and what the job comes to: the rows of docs/jobs.md that need no process."""

from __future__ import annotations

import pytest
from dex.jobs.flow import Result, compare, decide, downstream, job_result, selected, upstream
from dex.jobs.models import ConditionTask, Task
from dex_dbutils import JobError


def task(key: str, *depends_on: str, run_if: str = "ALL_SUCCESS", **more: object) -> Task:
    """Return a task; ``check:true`` waits for an outcome."""
    waits = [
        {"task_key": name, **({"outcome": outcome} if outcome else {})}
        for name, _, outcome in (each.partition(":") for each in depends_on)
    ]
    return Task.model_validate({"task_key": key, "depends_on": waits, "run_if": run_if, **more})


S, F, T, C, E, U, W, D = (
    "SUCCESS",
    "FAILED",
    "TIMEDOUT",
    "CANCELED",
    "EXCLUDED",
    "UPSTREAM_FAILED",
    "SUCCESS_WITH_FAILURES",
    "DISABLED",
)


@pytest.mark.parametrize(
    ("run_if", "before", "decision"),
    [
        ("ALL_SUCCESS", [S, S], "run"),
        ("ALL_SUCCESS", [S, W], "run"),
        ("ALL_SUCCESS", [S, F], "UPSTREAM_FAILED"),
        ("ALL_SUCCESS", [S, T], "UPSTREAM_FAILED"),
        ("ALL_SUCCESS", [S, U], "UPSTREAM_FAILED"),
        ("ALL_SUCCESS", [S, C], "UPSTREAM_CANCELED"),
        ("ALL_SUCCESS", [S, E], "EXCLUDED"),
        ("ALL_SUCCESS", [E, E], "EXCLUDED"),
        ("AT_LEAST_ONE_SUCCESS", [S, F], "run"),
        ("AT_LEAST_ONE_SUCCESS", [S, E], "run"),
        ("AT_LEAST_ONE_SUCCESS", [F, F], "UPSTREAM_FAILED"),
        ("AT_LEAST_ONE_SUCCESS", [E, E], "EXCLUDED"),
        ("NONE_FAILED", [S, E], "run"),
        ("NONE_FAILED", [S, F], "UPSTREAM_FAILED"),
        ("NONE_FAILED", [E, E], "EXCLUDED"),
        ("ALL_DONE", [F, F], "run"),
        ("ALL_DONE", [S, C], "run"),
        ("ALL_DONE", [E, E], "EXCLUDED"),
        ("AT_LEAST_ONE_FAILED", [S, F], "run"),
        ("AT_LEAST_ONE_FAILED", [S, S], "EXCLUDED"),
        ("ALL_FAILED", [F, U], "run"),
        ("ALL_FAILED", [F, S], "EXCLUDED"),
        ("AT_LEAST_ONE_FAILED", [S, C], "run"),
        ("ALL_FAILED", [F, C], "run"),
        ("ALL_SUCCESS", [D, F], "DISABLED"),
        ("ALL_SUCCESS", [D, E], "DISABLED"),
        ("AT_LEAST_ONE_SUCCESS", [D, S], "run"),
        ("AT_LEAST_ONE_SUCCESS", [D, F], "UPSTREAM_FAILED"),
        ("AT_LEAST_ONE_SUCCESS", [D, D], "DISABLED"),
        ("NONE_FAILED", [D, S], "run"),
        ("NONE_FAILED", [D, E], "run"),
        ("NONE_FAILED", [D, D], "DISABLED"),
        ("ALL_DONE", [D, D], "run"),
        ("AT_LEAST_ONE_FAILED", [D, F], "run"),
        ("AT_LEAST_ONE_FAILED", [D, S], "EXCLUDED"),
        ("AT_LEAST_ONE_FAILED", [D], "DISABLED"),
        ("ALL_FAILED", [D, F], "DISABLED"),
    ],
)
def test_run_if_decides_once_everything_before_has_ended(run_if: str, before: list[Result], decision: str) -> None:
    keys = [f"before{n}" for n in range(len(before))]
    waiting = task("last", *keys, run_if=run_if)
    for known in range(len(before)):
        assert decide(waiting, dict(zip(keys[:known], before, strict=False)), {}) == "wait"
    assert decide(waiting, dict(zip(keys, before, strict=True)), {}) == decision


@pytest.mark.parametrize(
    ("depends_on", "run_if", "decision"),
    [
        (["check:true"], "ALL_SUCCESS", "run"),
        (["check:false"], "ALL_SUCCESS", "EXCLUDED"),
        (["check:false", "other"], "ALL_SUCCESS", "EXCLUDED"),
        (["check:false", "other"], "NONE_FAILED", "run"),
        (["check"], "ALL_SUCCESS", "run"),
    ],
)
def test_the_other_branch_of_a_condition_is_excluded(depends_on: list[str], run_if: str, decision: str) -> None:
    assert decide(task("t", *depends_on, run_if=run_if), {"check": S, "other": S}, {"check": "true"}) == decision


def test_a_disabled_task_does_not_run() -> None:
    assert decide(task("t", disabled=True), {}, {}) == "DISABLED"


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ({"a": S, "b": S, "c": S}, "SUCCESS"),
        ({"a": F, "b": S, "c": S}, "SUCCESS_WITH_FAILURES"),
        ({"a": S, "b": F, "c": S}, "FAILED"),
        ({"a": F, "b": U, "c": S}, "FAILED"),
        ({"a": S, "b": E, "c": S}, "SUCCESS"),
        ({"a": S, "b": C, "c": S}, "CANCELED"),
    ],
)
def test_a_job_comes_to_what_its_last_tasks_come_to(results: dict[str, Result], expected: str) -> None:
    assert job_result([task("a"), task("b", "a"), task("c", "a")], results) == expected


@pytest.mark.parametrize(
    ("left", "op", "right", "expected"),
    [
        ("12.0", "EQUAL_TO", "12", False),
        ("true", "EQUAL_TO", "true", True),
        ("a", "NOT_EQUAL", "b", True),
        ("12.0", "GREATER_THAN_OR_EQUAL", "12", True),
        ("10.0", "GREATER_THAN_OR_EQUAL", "12", False),
        ("9", "LESS_THAN", "10", True),
        ("9", "LESS_THAN_OR_EQUAL", "9", True),
        ("9", "GREATER_THAN", "10", False),
    ],
)
def test_equality_compares_texts_and_size_compares_numbers(left: str, op: str, right: str, expected: bool) -> None:
    condition = ConditionTask.model_validate({"left": left, "op": op, "right": right})
    assert compare(condition) is expected


def test_the_size_of_a_text_is_an_error() -> None:
    condition = ConditionTask.model_validate({"left": "many", "op": "GREATER_THAN", "right": 1})
    with pytest.raises(JobError, match="'many'") as caught:
        compare(condition)
    assert caught.value.code == "DEX-JOB-04"


def test_what_waits_for_a_task_is_found_along_every_way() -> None:
    tasks = [task("a"), task("b", "a"), task("c", "b"), task("d"), task("e", "d", "c")]
    assert downstream(tasks, ["b"]) == {"b", "c", "e"}


def test_a_plus_brings_along_what_is_before_and_after() -> None:
    tasks = [task("a"), task("b", "a"), task("c", "b"), task("d", disabled=True)]
    assert upstream(tasks, ["c"]) == {"a", "b", "c"}
    assert selected(tasks, ["+b", "d"]) == ({"a", "b", "d"}, {"b", "d"})
    assert selected(tasks, ["b+"]) == ({"b", "c"}, {"b"})
    assert selected(tasks, ["+b+"]) == ({"a", "b", "c"}, {"b"})
