"""What a model may answer: the JSON Schema of a plan, its columns offered by type from the real frame.

Small models leave one big object empty and mix up types; a list of small objects, each with only the columns that fit
it, is what they fill in rightly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dex_agents.plan.columns import INTEGERS, TIMES, Columns, is_number, is_text
from dex_agents.plan.steps import CAST_TYPES

#: Most steps that a model may answer; a person has to read them.
MOST_STEPS = 30
_NAME = "^[A-Za-z_][A-Za-z0-9_]*$"


def plan_schema(
    columns: Columns,
    likely: Mapping[str, str] | None = None,
    clocks: Iterable[str] = (),
    others: Mapping[str, Columns] | None = None,
) -> dict[str, Any]:
    """Return the JSON Schema of a plan for a frame.

    Args:
        columns: the frame's columns.
        likely: text column -> the type that all of its values have; it counts as both, since a plan may cast it first.
        clocks: columns whose values can be clock times such as 517.
        others: the other frames of the request.
    """
    kinds = {name: {kind, (likely or {}).get(name, kind)} for name, kind in columns.items()}
    everything = list(columns)
    texts = [name for name, kind in columns.items() if is_text(kind)]
    integers = [name for name in columns if kinds[name] & INTEGERS]
    numbers = [name for name in columns if any(is_number(kind) for kind in kinds[name])]
    times = [name for name in columns if kinds[name] & TIMES]
    clock_times = [name for name in columns if name in set(clocks)]

    steps: list[dict[str, Any]] = []
    if texts:
        steps.append(_step("null_tokens", tokens=_list({"type": "string"})))
        steps.append(_step("trim", columns=_list(_one_of(texts))))
        steps.append(_step("standard_case", columns=_list(_one_of(texts)), to=_one_of(["upper", "lower", "title"])))
    steps.append(_step("cast", columns=_list(_one_of(everything)), to=_one_of(CAST_TYPES)))
    if clock_times and len(integers) >= 3:
        parts = {name: _one_of(integers) for name in ("year", "month", "day")}
        named = {"column": {"type": "string", "pattern": _NAME}, "time": _one_of(clock_times), **parts}
        steps.append(_step("derive_timestamp", **named))
        steps.append(_step("derive_timestamp", **named, after=_one_of([*clock_times, *times])))
    steps.append(_step("rename", column=_one_of(everything), to={"type": "string", "pattern": _NAME}))
    steps.append(_step("drop_columns", columns=_list(_one_of(everything))))
    steps.append(_step("select", columns=_list(_one_of(everything))))
    for frame, other in (others or {}).items():
        on = [name for name in other if name in columns]
        bring = [name for name in other if name not in columns]
        if on and bring:
            steps.append(_step("join", frame={"const": frame}, on=_list(_one_of(on)), bring=_list(_one_of(bring))))
    for op in ("filter", "reject"):
        comparisons = _one_of(["==", "!=", "<", "<=", ">", ">="])
        if numbers:
            steps.append(_step(op, column=_one_of(numbers), compare=comparisons, value={"type": "number"}))
        if texts:
            lists = _list({"type": "string"})
            steps.append(_step(op, column=_one_of(texts), compare=_one_of(["==", "!="]), value={"type": "string"}))
            steps.append(_step(op, column=_one_of(texts), compare=_one_of(["in", "not in"]), value=lists))
        steps.append(_step(op, column=_one_of(everything), compare=_one_of(["is null", "is not null"])))
    if numbers:
        steps.append(_step("fill", columns=_list(_one_of(numbers)), value={"type": "number"}))
    if texts:
        steps.append(_step("fill", columns=_list(_one_of(texts)), value={"type": "string"}))
    steps.append(_step("drop_nulls", columns=_list(_one_of(everything))))
    steps.append(_step("drop_duplicates"))
    if numbers or times:
        latest = _one_of(list(dict.fromkeys([*times, *numbers])))
        steps.append(_step("keep_latest", key=_list(_one_of(everything)), by=latest))
    return {
        "type": "object",
        "properties": {"steps": {"type": "array", "minItems": 1, "maxItems": MOST_STEPS, "items": {"anyOf": steps}}},
        "required": ["steps"],
        "additionalProperties": False,
    }


def _step(op: str, **fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"op": {"const": op}, **fields},
        "required": ["op", *fields],
        "additionalProperties": False,
    }


def _one_of(names: Iterable[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(names)}


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": item}
