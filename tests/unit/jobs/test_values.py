"""What ``{{...}}`` comes to in the settings of a task."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from dex.jobs.models import Task
from dex.jobs.values import RunFacts, check_operand, fill, fill_parameters
from dex_dbutils import JobError

FACTS = RunFacts(
    job={
        "id": 7,
        "name": "daily",
        "run_id": 70,
        "repair_count": 1,
        "trigger": "one_time",
        "start_time": datetime(2026, 1, 3, 4, 5, 6, tzinfo=timezone.utc),
    },
    parameters={"day": "2026-01-01"},
    tasks={"load": {"run_id": 71, "result_state": "success"}},
    values={"load": {"rows": 42, "names": ["a", "b"], "who": "me"}},
    task={"name": "next", "run_id": 72, "execution_count": 2, "notebook_path": "n"},
    workspace={"id": 9, "url": "https://w"},
)


def filled(text: str, facts: RunFacts = FACTS) -> str:
    settings = {"task_key": "t", "notebook_task": {"notebook_path": "n", "base_parameters": {"x": text}}}
    task = fill(Task.model_validate(settings), facts)
    assert task.notebook_task is not None
    return task.notebook_task.base_parameters["x"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{job.parameters.day}}", "2026-01-01"),
        ("{{ job.parameters.day }}/{{job.name}}", "2026-01-01/daily"),
        ("{{job.parameters.[day]}} {{tasks.[load].values.[rows]}}", "2026-01-01 42"),
        ("{{job.id}} {{job.run_id}} {{job.repair_count}}", "7 70 1"),
        ("{{job.start_time.iso_date}}", "2026-01-03"),
        ("{{job.start_time.iso_datetime}}", "2026-01-03T04:05:06"),
        ("{{job.start_time.year}}-{{job.start_time.month}}-{{job.start_time.day}}", "2026-1-3"),
        ("{{job.start_time.iso_weekday}} {{job.start_time.is_weekday}}", "6 false"),
        ("{{job.start_time.timestamp_ms}}", "1767413106000"),
        ("{{job.trigger.type}}", "one_time"),
        ("{{task.name}} {{task.run_id}} {{task.execution_count}}", "next 72 2"),
        ("{{tasks.load.values.rows}}", "42"),
        ("{{tasks.load.values.names}}", '["a", "b"]'),
        ("{{tasks.load.values.who}}", "me"),
        ("{{tasks.load.result_state}} {{tasks.load.run_id}}", "success 71"),
        ("{{job.trigger.time.iso_date}} {{workspace.id}} {{workspace.url}}", "2026-01-03 9 https://w"),
        ("{{task.notebook_path}}", "n"),
        ("{{tasks.`load`.values.`rows`}}", "42"),
        ("{{job_id}} {{run_id}} {{parent_run_id}} {{task_key}} {{start_date}}", "7 72 70 next 2026-01-03"),
        ("{{task_retry_count}} {{start_time}}", "1 1767413106000"),
        ("{{input}}", "{{input}}"),
        ("{{ ds }} {{jop.id}} {{job.id} {{}}", "{{ ds }} {{jop.id}} {{job.id} {{}}"),
    ],
)
def test_a_reference_gives_its_value_as_text(text: str, expected: str) -> None:
    assert filled(text) == expected


@pytest.mark.parametrize(
    ("item", "text", "expected"),
    [
        (3, "{{input}}", "3"),
        ("a", "{{input}}", "a"),
        ({"name": "x", "of": {"y": [1]}}, "{{input.name}} {{input.of.y}}", "x [1]"),
        (None, "{{input}}", "null"),
    ],
)
def test_the_item_of_a_loop_is_its_input(item: object, text: str, expected: str) -> None:
    facts = replace(FACTS, item=item)
    assert filled(text, facts) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{job.parameters.dya}}", "There are: day."),
        ("{{tasks.load.values.rosw}}", "There are: names, rows, who."),
        ("{{tasks.later.values.rows}}", "{{tasks.later.values.rows}} names nothing"),
        ("{{job.naem}}", "{{job.naem}} names nothing"),
        ("{{job}}", "{{job}} names nothing"),
        ("{{job.start_time.week}}", "{{job.start_time.week}} names nothing"),
        ("{{backfill.iso_date}}", "{{backfill.iso_date}} names nothing"),
        ("{{tasks.load.output.first_row.x}}", "names nothing"),
    ],
)
def test_a_reference_to_nothing_is_an_error_that_names_what_there_is(text: str, said: str) -> None:
    with pytest.raises(JobError) as caught:
        filled(text)
    assert caught.value.code == "DEX-JOB-03"
    assert said in caught.value.what


def test_a_key_that_an_item_lacks_is_an_error_that_shows_the_item() -> None:
    facts = replace(FACTS, item={"name": "x"})
    with pytest.raises(JobError, match='{"name": "x"}'):
        filled("{{input.nmae}}", facts)


def test_the_task_of_a_loop_is_filled_in_for_its_items() -> None:
    nested = {"task_key": "one", "notebook_task": {"notebook_path": "{{task.name}}{{input}}"}}
    loop = Task.model_validate(
        {"task_key": "t", "for_each_task": {"inputs": "{{tasks.load.values.names}}", "task": nested}}
    )
    filled_in = fill(loop, FACTS).for_each_task
    assert filled_in is not None
    assert filled_in.inputs == '["a", "b"]'
    assert filled_in.task.notebook_task is not None
    assert filled_in.task.notebook_task.notebook_path == "{{task.name}}{{input}}"


def test_parameters_of_the_job_may_name_the_job() -> None:
    given = {"day": "{{job.start_time.iso_date}}", "plain": "x"}
    assert fill_parameters(given, FACTS) == {"day": "2026-01-03", "plain": "x"}


@pytest.mark.parametrize("operand", ["{{tasks.load.values.names}}", "x{{tasks.load.values.none}}"])
def test_a_condition_does_not_compare_lists_and_nothing(operand: str) -> None:
    facts = replace(FACTS, values={"load": {"names": ["a"], "none": None, "rows": 1}})
    check_operand("{{tasks.load.values.rows}} {{job.parameters.day}}", facts)
    with pytest.raises(JobError, match="a condition compares") as caught:
        check_operand(operand, facts)
    assert caught.value.code == "DEX-JOB-04"
