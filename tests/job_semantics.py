"""The rules of docs/jobs.md as jobs: what the local runner, the stand-in workspace and the YAML have to agree on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dex.bundle import to_yaml

FILES = {
    "steps/step.py": """\
import json, sys, time
words = sys.argv[1:]
print("said", *words)
if words[0] == "fail":
    raise ValueError("as asked")
if words[0] == "slow":
    time.sleep(60)
if words[0] == "from":  # from N: fails in earlier attempts
    assert int(words[2]) >= int(words[1]), "too early"
""",
    "steps/values.py": """\
# Databricks notebook source
dbutils.widgets.text("day", "")
dbutils.widgets.text("own", "")
dbutils.jobs.taskValues.set("rows", 42)
dbutils.jobs.taskValues.set("parts", [{"name": "a"}, {"name": "b"}])
dbutils.notebook.exit(dbutils.widgets.get("day") + " " + dbutils.widgets.get("own"))
""",
}

S, F, T, E, U, C, W = (
    "SUCCESS", "FAILED", "TIMEDOUT", "EXCLUDED", "UPSTREAM_FAILED", "CANCELED", "SUCCESS_WITH_FAILURES",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One rule.

    Attributes:
        rule: the beginning of its row in docs/jobs.md.
        tasks: tasks of the job.
        results: what each comes to.
        result: what the job comes to.
        outputs: what tasks print or exit with, for those that say.
        job: further settings.
    """

    rule: str
    tasks: list[dict[str, Any]]
    results: dict[str, str]
    result: str
    outputs: dict[str, str]
    job: dict[str, Any]


def step(key: str, *words: str, after: str = "", **more: Any) -> dict[str, Any]:
    """Return a task that runs the script; ``after="a b:true"`` waits for tasks and outcomes."""
    waits = [
        {"task_key": name, **({"outcome": outcome} if outcome else {})}
        for name, _, outcome in (each.partition(":") for each in after.split())
    ]
    return {
        "task_key": key,
        **({"depends_on": waits} if waits else {}),
        "environment_key": "default",
        "spark_python_task": {"python_file": "../steps/step.py", "parameters": list(words) or ["ok"]},
        **more,
    }


def condition(key: str, left: str, op: str, right: str, after: str = "") -> dict[str, Any]:
    """Return a condition task."""
    waits = {"depends_on": [{"task_key": name} for name in after.split()]} if after else {}
    return {"task_key": key, **waits, "condition_task": {"op": op, "left": left, "right": right}}


def row(
    rule: str,
    tasks: list[dict[str, Any]],
    results: dict[str, str],
    result: str,
    outputs: dict[str, str] | None = None,
    **job: Any,
) -> Row:
    """Return a row."""
    return Row(rule, tasks, results, result, outputs or {}, job)


VALUES = {
    "task_key": "values",
    "notebook_task": {"notebook_path": "../steps/values.py", "base_parameters": {"day": "own day", "own": "x"}},
}

ROWS = {
    "all_success": row(
        "`ALL_SUCCESS`", [step("a"), step("b", "fail"), step("c", after="a b")], {"a": S, "b": F, "c": U}, F
    ),
    "one_success": row(
        "`AT_LEAST_ONE_SUCCESS`, `NONE_FAILED`",
        [step("a"), step("b", "fail"), step("c", after="a b", run_if="AT_LEAST_ONE_SUCCESS"), step("d", after="a b", run_if="NONE_FAILED")],
        {"a": S, "b": F, "c": S, "d": U},
        F,
    ),
    "failed": row(
        "`AT_LEAST_ONE_FAILED`, `ALL_FAILED` not met",
        [step("a"), step("b", after="a", run_if="AT_LEAST_ONE_FAILED"), step("c", after="a", run_if="ALL_FAILED")],
        {"a": S, "b": E, "c": E},
        S,
    ),
    "clean_up": row(
        "result of the job",
        [step("a", "fail"), step("b", after="a", run_if="ALL_FAILED"), step("c", after="a", run_if="ALL_DONE")],
        {"a": F, "b": S, "c": S},
        W,
    ),
    "all_excluded": row(
        "every task before was excluded",
        [step("a"), step("b", after="a", run_if="ALL_FAILED"), step("c", after="b", run_if="ALL_DONE")],
        {"a": S, "b": E, "c": E},
        S,
    ),
    "branches": row(
        "the other branch of a condition",
        [
            condition("is_it", "a", "EQUAL_TO", "a"),
            step("yes", after="is_it:true"),
            step("no", after="is_it:false"),
            step("then", after="yes no", run_if="NONE_FAILED"),
            step("both", after="yes no"),
        ],
        {"is_it": S, "yes": S, "no": E, "then": S, "both": E},
        S,
        {"is_it": "true"},
    ),
    "disabled": row("a disabled task", [step("a", disabled=True), step("b", after="a"), step("c")], {"a": "DISABLED", "b": E, "c": S}, S),
    "texts": row("`EQUAL_TO`", [condition("a", "12.0", "EQUAL_TO", "12"), condition("b", "12.0", "NOT_EQUAL", "12")], {"a": S, "b": S}, S, {"a": "false", "b": "true"}),
    "sizes": row(
        "comparisons of size",
        [condition("a", "9", "LESS_THAN", "10"), condition("b", "12.0", "GREATER_THAN_OR_EQUAL", "12"), condition("c", "many", "LESS_THAN", "1")],
        {"a": S, "b": S, "c": F},
        F,
        {"a": "true", "b": "true"},
    ),
    "retries": row(
        "`max_retries`",
        [step("a", "from", "2", "{{task.execution_count}}", max_retries=2), step("b", "fail", max_retries=1)],
        {"a": S, "b": F},
        F,
    ),
    "time_out": row("`timeout_seconds` of a task", [step("a", "slow", timeout_seconds=1), step("b", after="a")], {"a": T, "b": U}, F),
    "job_time_out": row("`timeout_seconds` of a job", [step("a", "slow"), step("b", after="a")], {"a": C, "b": C}, T, timeout_seconds=3),
    "loop": row(
        "for-each",
        [
            {"task_key": "each", "for_each_task": {"inputs": '["ok", "fail", "ok"]', "concurrency": 2, "task": step("one", "{{input}}")}},
            {"task_key": "keys", "for_each_task": {"inputs": '[{"do": "ok"}]', "task": step("two", "{{input.do}}")}},
            {"task_key": "no_list", "for_each_task": {"inputs": "1, 2", "task": step("three", "{{input}}")}},
        ],
        {"each": F, "keys": S, "no_list": F},
        F,
    ),
    "parameters": row(
        "parameters of the job",
        [VALUES, step("a", "{{job.parameters.day}}")],
        {"values": S, "a": S},
        S,
        {"values": "of the job x", "a": "said of the job"},
        parameters=[{"name": "day", "default": "of the job"}],
    ),
    "values": row(
        "task values",
        [
            VALUES,
            condition("enough", "{{tasks.values.values.rows}}", "GREATER_THAN", "41", after="values"),
            step("a", "ok", "{{tasks.values.values.parts}}", "{{tasks.enough.result_state}}", after="enough:true"),
            step("b", "{{tasks.values.values.none}}", after="values"),
        ],
        {"values": S, "enough": S, "a": S, "b": F},
        F,
        {"a": 'said ok [{"name": "a"}, {"name": "b"}] success'},
    ),
}  # fmt: skip


def settings(name: str) -> dict[str, Any]:
    """Return the settings of a row's job."""
    environments = [{"environment_key": "default", "spec": {"environment_version": "4"}}]
    return {"name": name, **ROWS[name].job, "tasks": ROWS[name].tasks, "environments": environments}


def add_rows(project: Path) -> Path:
    """Write a bundle with the jobs of all rows into a project and return it."""
    made = {
        **FILES,
        "databricks.yml": "bundle: {name: rules}\ninclude: [resources/*.yml]\ntargets: {dev: {mode: development, default: true}}\n",
        **{f"resources/{name}.job.yml": to_yaml({"resources": {"jobs": {name: settings(name)}}}) for name in ROWS},
    }
    for name, text in made.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return project
