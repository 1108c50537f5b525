"""Which columns are clock times such as 517, on which day each lies, and in which order they come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dex_agents.context import Context
from dex_agents.evidence import count_rows
from dex_agents.plan import INTEGERS, Columns, sql_name
from dex_agents.plan.steps import DeriveTimestamp

_TIME_WORDS = frozenset({"time", "times", "clock", "at", "hhmm"})
_PLANNED = ("scheduled", "sched", "planned", "plan", "expected")
_STARTS = ("departure", "start", "begin", "pickup", "checkin")
_ENDS = ("arrival", "end", "finish", "dropoff", "checkout")
_FILLER = frozenset({"the", "all", "and", "or", "columns", "column", "of", "every", "each", "both"})
#: Share of the rows in which a planned time plus its delay must give the time itself.
AGREEMENT = 0.99


@dataclass(frozen=True)
class ClockTime:
    """A column of clock times by the parts of its name: ``sched_dep_time`` is a planned start."""

    column: str
    event: str | None
    planned: bool


def clock_columns(subject: str, context: Context) -> list[str]:
    """Return the columns that words such as ``departure and arrival times`` mean, and whose values are clock times."""
    clocks = context.evidence.clock_columns()
    words = [w for w in re.findall(r"[\w]+", subject.lower()) if w not in _FILLER]
    exact = [name for name in context.columns if name.lower() in words]
    if exact:
        return [name for name in exact if name in clocks]
    wanted = [w for w in words if w not in _TIME_WORDS]
    found = []
    for name in context.columns:
        tokens = _tokens(name)
        if name not in clocks or not _TIME_WORDS & set(tokens):
            continue
        if not wanted or any(_same(token, word) for token in tokens for word in wanted):
            found.append(name)
    return found


def clock_steps(names: Sequence[str], context: Context, columns: Columns) -> list[DeriveTimestamp]:
    """Return the steps that make timestamps of clock times, each on the day that the data give it.

    A planned time lies on the row's date, the end of it at or after its start. A real start lies near its plan plus its
    delay where that holds in the data; a real end is the first such time at or after the real start.

    Args:
        names: columns of clock times.
        context: what is known of the frame.
        columns: the columns after the casts.

    Returns:
        The steps; empty where the frame has no year, month and day.
    """
    date = [
        next((c for c in columns if c.lower() == part and columns[c] in INTEGERS), None)
        for part in ("year", "month", "day")
    ]
    year, month, day = date
    if year is None or month is None or day is None:
        return []
    times = sorted((_clock_time(name) for name in names), key=lambda t: (not t.planned, t.event == "end"))
    done: dict[tuple[str | None, bool], str] = {}
    steps = []
    for time in times:
        start = done.get(("start", time.planned))
        plan = done.get((time.event, True)) if time.event and not time.planned else None
        delay = _delay_of(time, columns) if plan else None
        how: dict[str, str] = {}
        if time.event == "end" and start and _holds(context, time.column, start):
            how = {"after": start}
        elif plan and delay and _agrees(context, time.column, plan, delay):
            how = {"near": plan, "plus_minutes": delay}
        steps.append(DeriveTimestamp(column=time.column, time=time.column, year=year, month=month, day=day, **how))
        if time.event:
            done.setdefault((time.event, time.planned), time.column)
    return steps


def _tokens(name: str) -> list[str]:
    """Return the parts of a column's name: ``sched_dep_time`` and ``schedDepTime`` have the same."""
    return [part.lower() for part in re.split(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])", name) if part]


def _same(token: str, word: str) -> bool:
    """Return whether one is the other's beginning, of three letters at least: ``dep`` and ``departure``."""
    return min(len(token), len(word)) >= 3 and (word.startswith(token) or token.startswith(word))


def _clock_time(name: str) -> ClockTime:
    tokens = _tokens(name)
    planned = any(token in _PLANNED for token in tokens)
    event = None
    if any(_same(token, word) for token in tokens for word in _STARTS):
        event = "start"
    elif any(_same(token, word) for token in tokens for word in _ENDS):
        event = "end"
    return ClockTime(name, event, planned)


def _delay_of(time: ClockTime, columns: Columns) -> str | None:
    """Return the column of whole minutes that such an event is late: ``dep_delay`` for ``dep_time``."""
    mine = [token for token in _tokens(time.column) if token not in _TIME_WORDS]
    for name, kind in columns.items():
        tokens = _tokens(name)
        if kind in INTEGERS and "delay" in tokens and [t for t in tokens if t != "delay"] == mine:
            return name
    return None


def _holds(context: Context, end: str, start: str) -> bool:
    """Return whether every row that has the end has the start, without which its day is not known."""
    _, (lost,), _ = count_rows(
        context.frames[context.frame], [f"{_number(end)} is not null and {_number(start)} is null"]
    )
    return lost == 0


def _agrees(context: Context, time: str, plan: str, delay: str) -> bool:
    """Return whether the plan plus the delay is the time of day, wherever there is a time."""
    late = f"({_minutes(plan)} + {_number(delay)} - {_minutes(time)}) % 1440 = 0"
    there = f"{_number(time)} is not null"
    lost = f"{there} and ({_number(plan)} is null or {_number(delay)} is null)"
    _, (times, missing, agreeing), _ = count_rows(context.frames[context.frame], [there, lost, f"{there} and {late}"])
    return missing == 0 and times > 0 and agreeing >= AGREEMENT * times


def _number(column: str) -> str:
    return f"try_cast(trim({sql_name(column)}) as int)"


def _minutes(column: str) -> str:
    number = _number(column)
    return f"(cast(floor({number} / 100) as int) * 60 + {number} % 100)"
