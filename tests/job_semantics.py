"""The rules of docs/jobs.md as jobs: what the local runner, the stand-in workspace and the YAML have to agree on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

S, F, T, E, U, C, W, D = (
    "SUCCESS", "FAILED", "TIMEDOUT", "EXCLUDED", "UPSTREAM_FAILED", "CANCELED", "SUCCESS_WITH_FAILURES",
    "DISABLED",
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
        repair: how its run is then repaired, if it is.
    """

    rule: str
    tasks: list[dict[str, Any]]
    results: dict[str, str]
    result: str
    outputs: dict[str, str]
    job: dict[str, Any]
    repair: Repaired | None = None


@dataclass(frozen=True)
class Repaired:
    """A repair of a run.

    Attributes:
        tasks: tasks of the job as they are then; as before if not given.
        results: what each comes to.
        result: what the run comes to.
        outputs: what tasks print, for those that say.
        named: tasks to run again; those that did not end well if empty.
        dependents: also those that wait for them.
        parameters: of the job, for the repair.
    """

    tasks: list[dict[str, Any]] | None
    results: dict[str, str]
    result: str
    outputs: dict[str, str] = field(default_factory=dict)
    named: tuple[str, ...] = ()
    dependents: bool = False
    parameters: dict[str, str] = field(default_factory=dict)


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
    repair: Repaired | None = None,
    **job: Any,
) -> Row:
    """Return a row."""
    return Row(rule, tasks, results, result, outputs or {}, job, repair)


def pipeline(key: str, name: str, after: str = "", **asked: Any) -> dict[str, Any]:
    """Return a task that runs a pipeline."""
    waits = {"depends_on": [{"task_key": after}]} if after else {}
    return {"task_key": key, **waits, "pipeline_task": {"pipeline_id": f"${{resources.pipelines.{name}.id}}", **asked}}


def words(key: str, schema: str, after: str) -> dict[str, Any]:
    """Return a task that ends with the words in the tables of a pipeline."""
    notebook = {"notebook_path": "../steps/words.py", "base_parameters": {"schema": schema}}
    return {"task_key": key, "depends_on": [{"task_key": after}], "notebook_task": notebook}


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
    "disabled": row(
        "a disabled task",
        [
            step("off", disabled=True),
            step("ok"),
            step("bad", "fail"),
            step("success", after="off ok"),
            step("one_success", after="off ok", run_if="AT_LEAST_ONE_SUCCESS"),
            step("only_success", after="off", run_if="AT_LEAST_ONE_SUCCESS"),
            step("none_failed", after="off ok", run_if="NONE_FAILED"),
            step("done", after="off", run_if="ALL_DONE"),
            step("one_failed", after="off bad", run_if="AT_LEAST_ONE_FAILED"),
            step("failed", after="off bad", run_if="ALL_FAILED"),
        ],
        {"off": D, "ok": S, "success": D, "one_success": S, "only_success": D, "none_failed": S, "done": S, "one_failed": S, "failed": D},
        W,
        repair=Repaired(None, {"off": S, "success": D}, W, named=("off",)),
    ),
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
    "empty_loop": row(
        "for-each over an empty list",
        [{"task_key": "each", "for_each_task": {"inputs": "[]", "task": step("one", "{{input}}")}}, step("a", after="each")],
        {"each": S, "a": S},
        S,
    ),
    "loop_before": row(
        "`run_if` after a for-each",
        [
            {"task_key": "each", "for_each_task": {"inputs": '["ok", "fail"]', "concurrency": 2, "task": step("one", "{{input}}", "{{task.name}}")}},
            step("a", after="each"),
            step("b", after="each", run_if="AT_LEAST_ONE_FAILED"),
        ],
        {"each": F, "a": U, "b": S},
        F,
        repair=Repaired(
            [{"task_key": "each", "for_each_task": {"inputs": '["ok", "fine"]', "concurrency": 2, "task": step("one", "{{input}}")}}, step("a", "ok", "{{tasks.each.execution_count}}", after="each"), step("b", after="each", run_if="AT_LEAST_ONE_FAILED")],
            {"each": S, "a": S, "b": S},
            S,
            {"a": "said ok 2"},
        ),
    ),
    "pipelines": row(
        "pipeline tasks",
        [pipeline("a", "plain"), words("said", "plain", after="a"), pipeline("bad", "broken"), step("after", after="bad")],
        {"a": S, "said": S, "bad": F, "after": U},
        F,
        {"said": "configured sunday"},
        parameters=[{"name": "word", "default": "of the job"}],
    ),
    "pipeline_parameters": row(
        "`parameters` of a pipeline task",
        [pipeline("a", "handed", parameters={"day": "{{job.parameters.when}}"}), words("said", "handed", after="a")],
        {"a": S, "said": S},
        S,
        {"said": "configured monday"},
        parameters=[{"name": "when", "default": "monday"}],
    ),
    "pipeline_pushdown": row(
        "parameters of the job and pipeline tasks",
        [pipeline("a", "pushed", parameters={"day": "of the task"}), words("said", "pushed", after="a")],
        {"a": S, "said": S},
        S,
        {"said": "configured of the job"},
        parameters=[{"name": "day", "default": "of the job"}],
    ),
    "pipeline_selection": row(
        "`refresh_selection`",
        [
            pipeline("all", "selection"),
            pipeline("some", "selection", after="all", refresh_selection=["b"], parameters={"day": "again"}),
            words("said", "selection", after="some"),
            pipeline("none", "selection", after="said", full_refresh_selection=["c"]),
        ],
        {"all": S, "some": S, "said": S, "none": F},
        F,
        {"said": "configured again"},
    ),
    "references": row(
        "`{{job...}}`",
        [
            step("a", "ok", "{{job.name}} {{job.trigger.type}} {{job.repair_count}} {{task.name}} {{task.execution_count}} {{task_key}}"),
            step("b", "ok", "{{tasks.a.result_state}} [{{tasks.a.error_code}}] {{tasks.a.execution_count}}", after="a"),
            step("bad", "fail"),
            step("c", "ok", "{{tasks.bad.result_state}} {{tasks.bad.error_code}} {{tasks.`bad`.execution_count}}", after="bad", run_if="ALL_DONE"),
            step("parameters", "ok", "{{job.parameters.who}}"),
            step("nothing", "{{job.parameters.nobody}}"),
            step("backfill", "{{backfill.iso_date}}"),
        ],
        {"a": S, "b": S, "c": S, "parameters": S, "nothing": F, "backfill": F},
        F,
        {
            "a": "said ok references one_time 0 a 1 a",
            "b": "said ok success [] 1",
            "c": "said ok failed RunExecutionError 1",
            "parameters": "said ok run of references",
        },
        parameters=[{"name": "who", "default": "run of {{job.name}}"}],
    ),
    "plain_text": row(
        "braces around anything else",
        [step("a", "ok", "{{ ds }} {{my.value}} {{job.id}")],
        {"a": S},
        S,
        {"a": "said ok {{ ds }} {{my.value}} {{job.id}"},
        max_concurrent_runs=2,  # one of them is started by a run-job task
    ),
    "large_value": row(
        "task values",
        [
            {"task_key": "large", "notebook_task": {"notebook_path": "../steps/large.py"}},
            condition("fits", "{{tasks.large.values.fits}}", "NOT_EQUAL", "", after="large") | {"run_if": "ALL_DONE"},
            condition("none", "{{tasks.large.values.large}}", "NOT_EQUAL", "", after="large") | {"run_if": "ALL_DONE"},
        ],
        {"large": F, "fits": S, "none": F},
        F,
    ),
    "other_task": row(
        "references to a task that is not waited for",
        [VALUES, step("a", "{{tasks.values.values.rows}}")],
        {"values": S, "a": F},
        F,
    ),
    "condition_types": row(
        "operands of a condition",
        [
            VALUES,
            condition("number", "{{tasks.values.values.rows}}", "EQUAL_TO", "42", after="values"),
            condition("flag", "{{tasks.values.values.ok}}", "EQUAL_TO", "true", after="values"),
            condition("list", "{{tasks.values.values.parts}}", "NOT_EQUAL", "", after="values"),
        ],
        {"number": S, "flag": S, "list": F},
        F,
        {"number": "true", "flag": "true"},
    ),
    "run_job": row("run-job", [{"task_key": "other", "run_job_task": {"job_id": "${resources.jobs.plain_text.id}"}}], {"other": S}, S),
    "repair": row(
        "repair",
        [step("a", "ok", "{{task.execution_count}}"), step("b", "from", "2", "{{task.execution_count}}"), step("c", "ok", "{{job.repair_count}}", after="b"), step("d", "ok", "{{task.execution_count}}", after="b", run_if="ALL_DONE")],
        {"a": S, "b": F, "c": U, "d": S},
        F,
        repair=Repaired(None, {"a": S, "b": S, "c": S, "d": S}, S, {"a": "said ok 1", "c": "said ok 1", "d": "said ok 1"}),
    ),
    "repair_settings": row(
        "settings of a repair",
        [step("a", "fail"), step("gone", "fail"), step("b", "ok", after="a gone")],
        {"a": F, "gone": F, "b": U},
        F,
        repair=Repaired(
            [step("a", "ok", "{{job.parameters.day}}"), step("gained"), step("b", "ok", "now", after="a gained")],
            {"a": S, "gained": S, "b": S, "gone": F},
            S,
            {"a": "said ok given", "b": "said ok now"},
            parameters={"day": "given"},
        ),
        parameters=[{"name": "day", "default": "default"}],
    ),
    "repair_named": row(
        "tasks of a repair",
        [step("a", "ok", "{{task.execution_count}}"), step("b", "ok", "{{task.execution_count}}", after="a"), step("c", "ok", "{{task.execution_count}}")],
        {"a": S, "b": S, "c": S},
        S,
        repair=Repaired(None, {"a": S, "b": S, "c": S}, S, {"a": "said ok 2", "b": "said ok 2", "c": "said ok 1"}, named=("a",), dependents=True),
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


#: Jobs that nobody makes: the beginning of the rule's row, and the tasks.
REFUSED: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "wrong_reference": ("a reference that begins as one", [step("a", "{{job.naem}}")]),
    "wrong_time": ("a reference that begins as one", [step("a", "{{job.start_time.week}}")]),
    "nested_loop": ("for-each", [{"task_key": "out", "for_each_task": {"inputs": "[1]", "task": {"task_key": "in", "for_each_task": {"inputs": "[1]", "task": step("a")}}}}]),
    "too_many_at_once": ("for-each", [{"task_key": "out", "for_each_task": {"inputs": "[1]", "concurrency": 101, "task": step("a")}}]),
    "long_inputs": ("for-each", [{"task_key": "out", "for_each_task": {"inputs": str([1] * 4_000), "task": step("a")}}]),
    "wrong_key": ("task keys", [step("a b")]),
}  # fmt: skip
REPAIRED = {name: row.repair for name, row in ROWS.items() if row.repair is not None}
