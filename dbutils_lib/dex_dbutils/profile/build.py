"""From a state to the profile that people, notebooks and agents read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dex_dbutils.profile.masking import masked
from dex_dbutils.profile.model import ColumnProfile, Profile, TopValue, Value
from dex_dbutils.profile.patterns import patterns_of
from dex_dbutils.profile.states import (
    NUMERIC_KINDS,
    SHOWN,
    BooleanState,
    NumberState,
    State,
    TableState,
    TextState,
    WideState,
    cut,
)
from dex_dbutils.profile.values import Formatter, formatter

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
TOP = 10


def build_profile(state: TableState, types: Sequence[str], *, name: str | None, scans: int, engine: str) -> Profile:
    """Return the profile of a state.

    Args:
        state: what the scan has seen.
        types: the columns' types in Spark's words, in the order of the state's columns.
        name: what the frame is called.
        scans: how often the input was read.
        engine: what ran the scan.
    """
    formatters = [formatter(spec) for spec in state.specs]
    columns = [
        _column(column, type_, spec, format_, state_)
        for column, type_, spec, format_, state_ in zip(state.names, types, state.specs, formatters, state.columns)
    ]
    sample = [
        {column: _sampled(value, format_) for column, value, format_ in zip(state.names, row, formatters)}
        for _, row in state.sample.rows
    ]
    return Profile(name=name, rows=state.rows, columns=columns, sample=sample, scans=scans, engine=engine)


def _column(name: str, type_: str, spec: dict[str, Any], format_: Formatter, state: State) -> ColumnProfile:
    facts: dict[str, Any] = {
        "name": name,
        "type": type_,
        "kind": spec["kind"],
        "count": state.count,
        "nulls": state.nulls,
    }
    if isinstance(state, (NumberState, WideState)):
        facts.update(_numbers(spec, format_, state))
    elif isinstance(state, TextState):
        facts.update(_texts(state))
    elif isinstance(state, BooleanState):
        facts.update(_booleans(state))
    elif state.sizes.n:
        facts.update(min_length=state.sizes.min, max_length=state.sizes.max, mean_length=state.sizes.mean)
    return ColumnProfile(**facts)


def _numbers(spec: dict[str, Any], format_: Formatter, state: NumberState | WideState) -> dict[str, Any]:
    quantiles, quantile_error = state.quantiles(list(SHARES))
    top, top_error = state.top(TOP)
    facts: dict[str, Any] = {
        "min": None if state.min is None else format_(state.min),
        "max": None if state.max is None else format_(state.max),
        "distinct": state.distinct_count(),
        "distinct_exact": state.distinct_error() == 0,
        "distinct_error": round(state.distinct_error(), 4),
        "quantiles": {str(share): format_(value) for share, value in zip(SHARES, quantiles) if value is not None},
        "quantile_error": round_up(quantile_error),
        "top": [TopValue(value=format_(value), count=count) for value, count in top],
        "top_error": top_error,
    }
    if spec["kind"] in NUMERIC_KINDS:
        sums, unit = state.settled_sums(), 10 ** spec.get("scale", 0)
        facts.update(
            zeros=state.zeros,
            negatives=state.negatives,
            mean=None if sums.mean is None else sums.mean / unit,
            stddev=None if sums.stddev is None else sums.stddev / unit,
        )
    if isinstance(state, NumberState) and spec["kind"] == "float":
        facts.update(nan=state.nan, infinite=state.infinite)
    return facts


def round_up(share: float) -> float:
    """Return a bound with six places that is not below the share."""
    return math.ceil(share * 1e6) / 1e6


def _texts(state: TextState) -> dict[str, Any]:
    top, top_error = state.top(TOP)
    facts: dict[str, Any] = {
        "min": _text_value(state.min, state.binary),
        "max": _text_value(state.max, state.binary),
        "distinct": state.distinct_count(),
        "distinct_exact": state.distinct_error() == 0,
        "distinct_error": round(state.distinct_error(), 4),
        "top": [TopValue(value=text_of(value, state.binary), count=count) for value, count in top],
        "top_error": top_error,
        "min_length": state.lengths.min,
        "max_length": state.lengths.max,
        "mean_length": state.lengths.mean,
    }
    if not state.binary:
        facts.update(blanks=state.blanks, patterns=patterns_of(state))
    return facts


def _booleans(state: BooleanState) -> dict[str, Any]:
    top = [TopValue(value=value, count=count) for value, count in state.top()]
    if not top:
        return {"distinct": 0}
    values = [pair.value for pair in top]
    return {"min": min(values), "max": max(values), "distinct": len(top), "top": top}


def _sampled(value: Any, format_: Formatter) -> Any:
    if value is None:
        return None
    return masked(value) if isinstance(value, str) else format_(value)


def _text_value(value: bytes | None, binary: bool) -> Value | None:
    return None if value is None else text_of(value, binary)


def text_of(value: bytes, binary: bool = False) -> str:
    """Return a text or binary value as it is shown: cut where it is long, masked where it looks like a secret."""
    if binary:
        return cut("0x" + value[: SHOWN // 2 + 1].hex())
    return cut(masked(value.decode("utf-8", errors="replace")))
