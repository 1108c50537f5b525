"""Whether a plan does more than the request asks for: what removes, replaces or fills values needs a wish or a proof."""

from __future__ import annotations

from dex_agents.context import Context
from dex_agents.evidence import NULL_WORDS
from dex_agents.plan import Columns, Plan, Step
from dex_agents.plan.steps import (
    DeriveTimestamp,
    DropDuplicates,
    DropNulls,
    Fill,
    Filter,
    KeepLatest,
    NullTokens,
    Reject,
    Rename,
    StandardCase,
)
from dex_agents.wishes import Wishes


def unasked(wishes: Wishes, context: Context, plan: Plan | None, after: Columns) -> list[str]:
    """Return what a proposal takes away or changes without being asked, without any value of the data.

    Args:
        wishes: what the request asks for, as far as it is understood.
        context: request and frames.
        plan: the plan; of code without one only the columns are looked at.
        after: the result's columns.
    """
    gone = [n for n in context.columns if wishes.renames.get(n, n) not in after and n not in wishes.drops]
    found = [f"column {name} is gone" for name in gone]
    origin = {name: name for name in context.columns}
    before = context.columns
    for step in plan.steps if plan else []:
        found += _unasked_step(step, before, origin, wishes, context)
        before = step.apply(before, context.others)
        if isinstance(step, Rename):
            origin[step.to] = origin.get(step.column, step.column)
    return found


def _unasked_step(step: Step, before: Columns, origin: dict[str, str], wishes: Wishes, context: Context) -> list[str]:
    def named(columns: list[str]) -> set[str]:
        return {origin.get(name, name) for name in columns}

    if isinstance(step, Filter | Reject):
        complete = step.compare == ("is not null" if isinstance(step, Filter) else "is null")
        asked = complete and named([step.column]) <= set(wishes.needed)
        return [] if asked else [f"rows go by {step.column}"]
    if isinstance(step, DropNulls):
        return [f"rows without {name} go" for name in sorted(named(step.columns) - set(wishes.needed))]
    if isinstance(step, DropDuplicates):
        return [] if wishes.unique_rows else ["duplicates go"]
    if isinstance(step, KeepLatest):
        asked = named([step.by]) == {wishes.latest_by} and named(step.key) == set(wishes.key)
        return [] if asked else [f"only the latest rows by {step.by} stay"]
    if isinstance(step, Fill):
        return [f"missing values of {name} are filled" for name in step.columns]
    if isinstance(step, StandardCase):
        return [
            f"the case of {name} changes"
            for name in step.columns
            if wishes.cases.get(origin.get(name, name)) != step.to
        ]
    if isinstance(step, DeriveTimestamp):
        return [] if wishes.clocks else [f"{step.time} becomes a timestamp as a clock time"]
    if isinstance(step, NullTokens):
        return _unasked_nulls(step, before, origin, wishes, context)
    return []


def _unasked_nulls(
    step: NullTokens, before: Columns, origin: dict[str, str], wishes: Wishes, context: Context
) -> list[str]:
    """Return the columns in which words become null that the request does not name and the values do not prove."""
    found = []
    words = [word for word in step.tokens if word not in wishes.missing]
    for name in step.targets(before) if words else []:
        values = context.evidence.texts.get(origin.get(name, name))
        # proven: a usual word for missing, where it does not occur or where all else has a type
        harmless = values is not None and all(
            word in NULL_WORDS and (word not in values.words or values.type != "string") for word in words
        )
        if not harmless or wishes.stays_text(origin.get(name, name)):
            found.append(f"words in {name} become null")
    return found
