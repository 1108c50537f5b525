"""``{{...}}``: what a run, its tasks and its parameters give to the settings of a task.

Which names there are stands in `dex.bundle`, beside those who check them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, TypeVar

from dex_dbutils import JobError
from pydantic import BaseModel

from dex.bundle import MOMENT, OLD_NAMES, REFERENCE, references_in, words_of, wrong_reference

SettingsT = TypeVar("SettingsT", bound=BaseModel)
_MISSING: Any = object()


@dataclass(frozen=True)
class RunFacts:
    """What a run knows when a task begins.

    Attributes:
        job: id, name and run_id of the job, the time it was started, what started it, how often it was repaired.
        parameters: the job's parameters.
        tasks: of every task that has ended: run_id, result_state, error_code.
        values: task values by task and name.
        task: key, run_id and number of attempts of the task that begins.
        workspace: its id and url.
        item: the item of a for-each task; nothing outside of one.
    """

    job: Mapping[str, Any]
    parameters: Mapping[str, str]
    tasks: Mapping[str, Mapping[str, Any]]
    values: Mapping[str, Mapping[str, Any]]
    task: Mapping[str, Any] = field(default_factory=dict)
    workspace: Mapping[str, Any] = field(default_factory=dict)
    item: Any = _MISSING


def fill(settings: SettingsT, facts: RunFacts) -> SettingsT:
    """Return settings with every reference filled in; those of a for-each's nested task wait for its items.

    Raises:
        JobError: DEX-JOB-03, a reference names nothing that this run has.
    """
    data = settings.model_dump(exclude_unset=True)
    loop = data.get("for_each_task") or {}
    nested = {"task": loop.pop("task")} if "task" in loop else {}
    data = _filled(data, facts)
    if nested:
        data["for_each_task"] |= nested
    return type(settings).model_validate(data)


def text_of(value: Any) -> str:
    """Return a value as a parameter has it: text as it is, else JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def fill_parameters(parameters: Mapping[str, str], facts: RunFacts) -> dict[str, str]:
    """Return the parameters of a job with every reference in them filled in; they may name the job, not its tasks.

    Raises:
        JobError: DEX-JOB-03, a reference names nothing that this run has.
    """
    return {name: str(_filled(value, facts)) for name, value in parameters.items()}


def check_operand(operand: str, facts: RunFacts) -> None:
    """Refuse an operand of a condition that is a task value of another type than text, number, true or false.

    Raises:
        JobError: DEX-JOB-04, it is a list, an object or nothing.
    """
    for written, words in references_in(operand):
        if words[0] == "tasks" and words[2:3] == ["values"]:
            found = _lookup(words, facts)
            if found is None or isinstance(found, list | dict):
                raise JobError(
                    "DEX-JOB-04",
                    f"{written} is {text_of(found)[:80]}: a condition compares texts, numbers, true and false.",
                    remedy="Hand on a text or a number, such as the length of a list.",
                )


def _filled(value: Any, facts: RunFacts) -> Any:
    if isinstance(value, str):
        return REFERENCE.sub(lambda match: _text(match[1], match[0], facts), value) if "{{" in value else value
    if isinstance(value, dict):
        return {_filled(key, facts): _filled(entry, facts) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, facts) for entry in value]
    return value


def _text(name: str, written: str, facts: RunFacts) -> str:
    if not any(references_in(written)):
        return written  # the platform takes it as text
    words = words_of(name)
    if words[0] == "input":
        if facts.item is _MISSING:
            return written  # outside of a loop there is no item
        return text_of(_below(facts.item, words[1:], written))
    found = _MISSING if wrong_reference(words) else _lookup(words, facts)
    if found is _MISSING:
        raise JobError(
            "DEX-JOB-03",
            f"{written} names nothing that this run has.{_known(words, facts)}",
            remedy="Correct the name; a task value has to be set by a task that has ended before.",
        )
    return text_of(found)


def _lookup(words: list[str], facts: RunFacts) -> Any:
    if words[0] == "task_retry_count":
        return facts.task["execution_count"] - 1
    words = words_of(OLD_NAMES.get(words[0], "")) or words
    kind, rest = words[0], words[1:]
    if kind == "job" and rest[0] == "parameters":
        return facts.parameters.get(rest[1], _MISSING)
    if kind == "job" and (rest[0] == "start_time" or rest[:2] == ["trigger", "time"]):
        return _moment(facts.job["start_time"])[rest[-1]]
    if kind == "job" and rest == ["trigger", "type"]:
        return facts.job["trigger"]
    if kind == "tasks" and rest[1] == "values":
        return facts.values.get(rest[0], {}).get(rest[2], _MISSING)
    if kind == "tasks":
        return facts.tasks.get(rest[0], {}).get(rest[1], _MISSING)
    known = {"job": facts.job, "task": facts.task, "workspace": facts.workspace}.get(kind, {})
    return known.get(rest[0], _MISSING) if len(rest) == 1 else _MISSING


def _below(value: Any, words: list[str], written: str) -> Any:
    for word in words:
        if not isinstance(value, dict) or word not in value:
            raise JobError(
                "DEX-JOB-03",
                f"{written} names nothing that the item has: {text_of(value)[:200]}",
                remedy="Give the name of one of its keys; the items of `inputs` have to be objects.",
            )
        value = value[word]
    return value


def _moment(started: datetime) -> dict[str, Any]:
    """Return the parts of a time in UTC, as the references name them."""
    moment = started.astimezone(timezone.utc)
    parts = (
        moment.isoweekday(),
        moment.isoweekday() < 6,
        moment.strftime("%Y-%m-%d"),
        moment.strftime("%Y-%m-%dT%H:%M:%S"),
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        int(moment.timestamp() * 1000),
    )
    return dict(zip(MOMENT, parts, strict=True))


def _known(words: list[str], facts: RunFacts) -> str:
    known: list[str] = []
    if words[:2] == ["job", "parameters"]:
        known = list(facts.parameters)
    elif words[0] == "tasks" and words[2:3] == ["values"]:
        known = list(facts.values.get(words[1], {}))
    return f" There are: {', '.join(sorted(known))}." if known else ""
