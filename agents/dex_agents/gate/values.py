"""What the steps of a plan do to single values: lost, or changed as they should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dex_agents.context import Context
from dex_agents.evidence import count_rows
from dex_agents.gate.sample import Sample
from dex_agents.plan import Plan, Probe, Step
from dex_agents.plan.steps import Cast, NullTokens, Rename

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Operation -> what its counted values did.
_TOLD: Mapping[str, str] = {"null_tokens": "became null", "trim": "lost spaces", "fill": "were filled"}


@dataclass
class ValuesChanged:
    """What was counted.

    Attributes:
        lost: values that a step loses, each with an example.
        told: what steps did that they should -> number of values.
        hints: what was lost, without any value.
    """

    lost: list[str] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)
    hints: list[str] = field(default_factory=list)


def values_changed(
    plan: Plan, context: Context, sample: Sample, before: Callable[[Plan, int, bool], DataFrame]
) -> ValuesChanged:
    """Return what the steps of a plan do to single values.

    Args:
        plan: the plan.
        context: request and frames.
        sample: rows that it is run on.
        before: gives the frame after the first steps of the plan; of the whole frame instead of the sample, where the
            last argument says so.
    """
    found = ValuesChanged()
    for number, (step, columns) in enumerate(plan.columns_before(context.columns, context.others)):
        probes = step.probes(columns)
        if not probes:
            continue
        whole = isinstance(step, Cast) and not sample.complete and not _proven(plan, number, step, context)
        frame = before(plan, number, whole)
        _, counts, _ = count_rows(frame, [probe.condition for probe in probes])
        for probe, count in zip(probes, counts, strict=True):
            if count and probe.lossy:
                found.lost.append(f"{count:,} {probe.what}{_example(frame, probe)}")
                found.hints.append(f"Step {step.op}: {count} {probe.what}.")
            elif count:
                found.told[_did(step)] = found.told.get(_did(step), 0) + count
    return found


def _proven(plan: Plan, number: int, cast: Cast, context: Context) -> bool:
    """Return whether what was counted in all rows says already that a cast loses nothing."""
    nulled = {word for step in plan.steps[:number] if isinstance(step, NullTokens) for word in step.tokens}
    original = {name: name for name in context.columns}
    for step in plan.steps[:number]:
        if isinstance(step, Rename):
            original[step.to] = original.get(step.column, step.column)
    found = [context.evidence.texts.get(original.get(name, name)) for name in cast.columns]
    return cast.format is None and all(
        values is not None and values.fits.get(cast.to) == values.values and set(values.words) <= nulled
        for values in found
    )


def _did(step: Step) -> str:
    return _TOLD.get(step.op, f"were touched by {step.title}")


def _example(frame: DataFrame, probe: Probe) -> str:
    if probe.example is None:
        return ""
    from pyspark.sql import functions as F

    row = (
        frame.select(F.expr(f"case when {probe.condition} then {probe.example} end").alias("e"))
        .agg(F.min("e"))
        .collect()
    )
    value = row[0][0]
    return "" if value is None else f", such as {str(value)[:40]!r}"
