"""``{{...}}``: the one table of what the platform fills in, for whoever checks a job and for whoever runs it.

Source: the platform's page on dynamic value references. Contents are no expressions; a name with other signs than
letters, digits and ``_`` stands in backticks, and any name may stand in brackets, as the platform's own examples
write it (``{{job.parameters.[day]}}``); what begins with none of these words, or lacks a brace, is plain text; what
begins with one of them and goes on wrongly is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

#: Any reference, also one that is not well formed.
REFERENCE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_WORD = re.compile(r"`([^`]*)`|\[`?([^\]`]*)`?\]|([^.`]+)")
_PLAIN = re.compile(r"\w+", re.ASCII)
#: Parts of a time, all of them in UTC.
MOMENT = (
    "iso_weekday",
    "is_weekday",
    "iso_date",
    "iso_datetime",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "timestamp_ms",
)

#: Names below a word: nothing where the reference ends, ``*`` for a name that a person gave.
Names = dict[str, Union["Names", None]]
_TIME: Names = dict.fromkeys(MOMENT)
_OF_ANY_TASK: Names = dict.fromkeys(("run_id", "execution_count", "notebook_path"))
#: Names of before, which the platform still fills in, and what to write instead; retries are counted from 0.
OLD_NAMES = {
    "job_id": "job.id",
    "run_id": "task.run_id",
    "parent_run_id": "job.run_id",
    "task_key": "task.name",
    "start_date": "job.start_time.iso_date",
    "start_time": "job.start_time.timestamp_ms",
    "task_retry_count": "task.execution_count",
}
DYNAMIC_VALUES: Names = {
    "job": {
        "id": None,
        "name": None,
        "run_id": None,
        "repair_count": None,
        "start_time": _TIME,
        "parameters": {"*": None},
        "trigger": {
            "type": None,
            "time": _TIME,
            "file_arrival": {"location": None},
            "table_update": {"updated_tables": None, "*": {"version": None, "commit_timestamp": _TIME}},
        },
    },
    "task": {"name": None, **_OF_ANY_TASK},
    "tasks": {
        "*": {
            **_OF_ANY_TASK,
            "result_state": None,
            "error_code": None,
            "values": {"*": None},
            "output": {"rows": None, "first_row": {"": None, "*": None}, "alert_state": None},
        }
    },
    "workspace": {"id": None, "url": None},
    "backfill": _TIME,
    "input": {},
    **dict.fromkeys(OLD_NAMES),
}


@dataclass(frozen=True)
class WrongReference:
    """Where a reference goes wrong.

    Attributes:
        word: what is not known there; empty where the reference ends too early.
        known: what could stand there.
    """

    word: str
    known: tuple[str, ...]


def words_of(reference: str) -> list[str]:
    """Return the words of a reference, without the backticks or brackets around names."""
    return [next(word for word in found.groups() if word is not None) for found in _WORD.finditer(reference)]


def reference_to(*words: str) -> str:
    """Return a reference as the platform takes it: words with other signs than letters, digits and ``_`` in backticks.

    Example:
        >>> reference_to("job", "parameters", "start-date")
        '{{job.parameters.`start-date`}}'
    """
    return "{{" + ".".join(word if _PLAIN.fullmatch(word) else f"`{word}`" for word in words) + "}}"


def references_in(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the references of a text that the platform fills in or refuses: as they are written, and their words."""
    for found in REFERENCE.finditer(text) if "{{" in text else ():
        words = words_of(found[1])
        if words and words[0] in DYNAMIC_VALUES:
            yield found[0], words


def wrong_reference(words: list[str]) -> WrongReference | None:
    """Return where a reference of a known first word goes wrong; nothing where it is well formed."""
    if words[0] == "input":
        return None  # its items are anybody's
    names: Names | None = DYNAMIC_VALUES
    for word in words:
        if names is None:
            return WrongReference(word, ())
        if word not in names and "*" not in names:
            return WrongReference(word, _known(names))
        names = names[word] if word in names else names["*"]
    return None if names is None or "" in names else WrongReference("", _known(names))


def _known(names: Names) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if name not in ("", "*")))
