"""``{{...}}``: what a run, its tasks and its parameters give to the settings of a task.

Source of the names: the platform's reference of dynamic value references.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, TypeVar

from dex_dbutils import JobError
from pydantic import BaseModel

REFERENCE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
SettingsT = TypeVar("SettingsT", bound=BaseModel)
_MISSING: Any = object()


@dataclass(frozen=True)
class RunFacts:
    """What a run knows when a task begins.

    Attributes:
        job: id, name and run_id of the job, the time it was started, how often it was repaired.
        parameters: the job's parameters.
        tasks: of every task that has ended: run_id, result_state, error_code.
        values: task values by task and name.
        task: key, run_id and number of attempts of the task that begins.
        item: the item of a for-each task; nothing outside of one.
    """

    job: Mapping[str, Any]
    parameters: Mapping[str, str]
    tasks: Mapping[str, Mapping[str, Any]]
    values: Mapping[str, Mapping[str, Any]]
    task: Mapping[str, Any] = field(default_factory=dict)
    item: Any = _MISSING


def fill(settings: SettingsT, facts: RunFacts) -> SettingsT:
    """Return settings with every reference filled in; those of a nested task's ``{{input}}`` wait for its item.

    Raises:
        JobError: DEX-JOB-03, a reference names nothing that this run has.
    """
    data = _filled(settings.model_dump(exclude_unset=True), facts)
    return type(settings).model_validate(data)


def text_of(value: Any) -> str:
    """Return a value as a parameter has it: text as it is, else JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _filled(value: Any, facts: RunFacts) -> Any:
    if isinstance(value, str):
        return REFERENCE.sub(lambda match: _text(match[1], match[0], facts), value)
    if isinstance(value, dict):
        return {_filled(key, facts): _filled(entry, facts) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, facts) for entry in value]
    return value


def _text(name: str, written: str, facts: RunFacts) -> str:
    words = name.split(".")
    if words[0] == "input":
        if facts.item is _MISSING:
            return written  # of a for-each's own task: filled in for every item
        return text_of(_below(facts.item, words[1:], written))
    found = _lookup(words, facts)
    if found is _MISSING:
        raise JobError(
            "DEX-JOB-03",
            f"{written} names nothing that this run has.{_known(words, facts)}",
            remedy="Correct the name; a task value has to be set by a task that has ended before.",
        )
    return text_of(found)


def _lookup(words: list[str], facts: RunFacts) -> Any:
    kind, rest = words[0], words[1:]
    if kind == "job" and rest[:1] == ["parameters"] and len(rest) == 2:
        return facts.parameters.get(rest[1], _MISSING)
    if kind == "job" and rest[:1] == ["start_time"] and len(rest) == 2:
        return _moment(facts.job["start_time"], rest[1])
    if kind == "job" and rest[:2] == ["trigger", "time"] and len(rest) == 3:
        return _moment(facts.job["start_time"], rest[2])
    if kind == "job" and rest == ["trigger", "type"]:
        return "one_time"
    if kind == "job" and len(rest) == 1:
        return facts.job.get(rest[0], _MISSING)
    if kind == "task" and len(rest) == 1:
        return facts.task.get(rest[0], _MISSING)
    if kind == "tasks" and len(rest) == 3 and rest[1] == "values":
        return facts.values.get(rest[0], {}).get(rest[2], _MISSING)
    if kind == "tasks" and len(rest) == 2:
        return facts.tasks.get(rest[0], {}).get(rest[1], _MISSING)
    return _MISSING


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


def _moment(started: datetime, part: str) -> Any:
    """Return a part of a time in UTC, as the references name them."""
    moment = started.astimezone(timezone.utc)
    parts: dict[str, Any] = {
        "iso_date": moment.strftime("%Y-%m-%d"),
        "iso_datetime": moment.strftime("%Y-%m-%dT%H:%M:%S"),
        "iso_weekday": moment.isoweekday(),
        "is_weekday": moment.isoweekday() < 6,
        "timestamp_ms": int(moment.timestamp() * 1000),
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
    }
    return parts.get(part, _MISSING)


def _known(words: list[str], facts: RunFacts) -> str:
    known: list[str] = []
    if words[:2] == ["job", "parameters"]:
        known = list(facts.parameters)
    elif words[0] == "tasks" and words[2:3] == ["values"]:
        known = list(facts.values.get(words[1], {}))
    return f" There are: {', '.join(sorted(known))}." if known else ""
