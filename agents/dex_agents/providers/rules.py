"""The provider without a model: from wishes and counted values to a plan; what it did not follow, it says."""

from __future__ import annotations

from collections.abc import Mapping

from dex_dbutils.errors import PlanError

from dex_agents.answers import Answer
from dex_agents.clock import clock_columns, clock_steps
from dex_agents.context import Context
from dex_agents.plan import Columns, Plan, Step, is_text
from dex_agents.plan.steps import (
    Cast,
    DropColumns,
    DropDuplicates,
    DropNulls,
    KeepLatest,
    NullTokens,
    Rename,
    StandardCase,
    Trim,
)
from dex_agents.wishes import Wishes

#: Types that are given without being asked for, in the order of their steps.
_TYPES = ("boolean", "int", "bigint", "double", "date", "timestamp")


def clean(context: Context) -> Answer:
    """Return a plan that follows the request as far as it is understood, and cleans what the values show.

    Raises:
        PlanError: DEX-AGENT-20, there is nothing to do.
    """
    wishes = context.wishes
    refused = [f"{sentence} (not understood)" for sentence in wishes.not_followed]
    steps: list[Step] = [*_spaces(wishes, context), *_missing(wishes, context)]
    columns = _after(steps, context)
    casts = _casts(wishes, context, columns)
    steps += casts
    columns = _after(steps, context)
    steps += _clocks(wishes, context, columns, refused)
    columns = _after(steps, context)
    refused += [
        f"{case}case {n} (it is {columns[n]}, no text)" for n, case in wishes.cases.items() if not is_text(columns[n])
    ]
    for case in ("upper", "lower"):
        named = [name for name, wanted in wishes.cases.items() if wanted == case and is_text(columns[name])]
        if named:
            steps.append(StandardCase(columns=named, to="upper" if case == "upper" else "lower"))
    if wishes.needed:
        steps.append(DropNulls(columns=wishes.needed))
    if wishes.unique_rows:
        steps.append(DropDuplicates())
    if wishes.latest_by and wishes.key:
        steps.append(KeepLatest(key=wishes.key, by=wishes.latest_by))
    elif wishes.latest_by:
        refused.append(f"keep the latest by {wishes.latest_by} (the request names no key)")
    steps += [Rename(column=old, to=new) for old, new in wishes.renames.items()]
    if wishes.drops:
        steps.append(DropColumns(columns=wishes.drops))
    if not steps:
        raise PlanError(
            "DEX-AGENT-20",
            "There is nothing to do: the values need no cleaning, and the request asks for nothing that was understood.",
            remedy="Say it in one of the ways of the guide, such as: Drop exact duplicates. Or use a model: --provider openai.",
        )
    return Answer(plan=Plan.model_validate({"steps": steps}), not_followed=tuple(refused), judged=True)


def _after(steps: list[Step], context: Context) -> Columns:
    columns = context.columns
    for step in steps:
        columns = step.apply(columns, context.others)
    return columns


def _spaces(wishes: Wishes, context: Context) -> list[Step]:
    texts = context.evidence.texts
    if wishes.trim is not None:
        named = [name for name in wishes.trim or texts if name in texts]
        return [Trim(columns=named)] if named else []
    padded = [name for name, values in texts.items() if values.padded]
    return [Trim(columns=padded)] if padded and not wishes.only else []


def _missing(wishes: Wishes, context: Context) -> list[Step]:
    steps: list[Step] = []
    texts = context.evidence.texts
    if wishes.missing and texts:
        steps.append(NullTokens(tokens=list(dict.fromkeys(wishes.missing))))
    if wishes.only:
        return steps
    # What is not asked for is done only where every other value has a type: "NA" in a text may be Namibia.
    proven: dict[str, list[str]] = {}
    for name, values in texts.items():
        words = [word for word in values.words if word not in wishes.missing]
        if words and values.type != "string" and not wishes.stays_text(name):
            for word in words:
                proven.setdefault(word, []).append(name)
    groups: dict[tuple[str, ...], list[str]] = {}
    for word, names in proven.items():
        groups.setdefault(tuple(names), []).append(word)
    for named, tokens in groups.items():
        shown = ", ".join(f'"{token}"' if token else "An empty text" for token in tokens)
        verb = "stands" if len(tokens) == 1 else "stand"
        steps.append(
            NullTokens(
                tokens=tokens,
                columns=list(named),
                note=f"{shown} {verb} for a missing value: every other value has the column's type.",
            )
        )
    return steps


def _casts(wishes: Wishes, context: Context, columns: Columns) -> list[Step]:
    wanted: dict[str, str] = {}
    if not wishes.only or wishes.types:
        wanted = {
            name: values.type
            for name, values in context.evidence.texts.items()
            if values.type != "string" and not wishes.stays_text(name) and is_text(columns[name])
        }
    for subject in wishes.clocks:  # "0517" is a code elsewhere; as a clock time it is the number 517
        wanted.update({name: "int" for name in clock_columns(subject, context) if is_text(columns[name])})
    wanted.update(wishes.casts)
    kinds = [*_TYPES, *sorted(set(wanted.values()) - set(_TYPES))]
    steps: list[Step] = []
    for kind in kinds:
        names = [name for name in columns if wanted.get(name) == kind and columns[name] != kind]
        if names:
            steps.append(Cast(columns=names, to=kind))
    return steps


def _clocks(wishes: Wishes, context: Context, columns: Mapping[str, str], refused: list[str]) -> list[Step]:
    steps: list[Step] = []
    for subject in wishes.clocks:
        names = clock_columns(subject, context)
        if not names:
            refused.append(f"{subject} are HHMM (no such column holds clock times only)")
            continue
        made = clock_steps(names, context, dict(columns))
        if not made:
            refused.append(f"{subject} are HHMM (a timestamp needs whole numbers year, month and day in the frame)")
        steps += made
    return steps
