"""From a state to the profile that people, notebooks and agents read."""

from __future__ import annotations

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
    cut,
)
from dex_dbutils.profile.values import Formatter, formatter

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
TOP = 10
#: Significant digits of a mean or a deviation. The last ones of a sum depend on the order of the rows, which an engine
#: does not promise.
DIGITS = 12


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
        _column(column, type_, spec["kind"], format_, state_)
        for column, type_, spec, format_, state_ in zip(state.names, types, state.specs, formatters, state.columns)
    ]
    sample = [
        {column: _sampled(value, format_) for column, value, format_ in zip(state.names, row, formatters)}
        for _, row in state.sample.rows
    ]
    return Profile(name=name, rows=state.rows, columns=columns, sample=sample, scans=scans, engine=engine)


def _column(name: str, type_: str, kind: str, format_: Formatter, state: State) -> ColumnProfile:
    facts: dict[str, Any] = {"name": name, "type": type_, "kind": kind, "count": state.count, "nulls": state.nulls}
    if isinstance(state, NumberState):
        facts.update(_numbers(kind, format_, state))
    elif isinstance(state, TextState):
        facts.update(_texts(state))
    elif isinstance(state, BooleanState):
        facts.update(_booleans(state))
    elif state.sizes.n:
        facts.update(min_length=state.sizes.min, max_length=state.sizes.max, mean_length=rounded(state.sizes.mean))
    return ColumnProfile(**facts)


def _numbers(kind: str, format_: Formatter, state: NumberState) -> dict[str, Any]:
    quantiles = state.quantile(list(SHARES))
    facts: dict[str, Any] = {
        "min": None if state.min is None else format_(state.min),
        "max": None if state.max is None else format_(state.max),
        "distinct": state.distinct_count(),
        "distinct_exact": state.distinct_error() == 0,
        "distinct_error": round(state.distinct_error(), 4),
        "quantiles": {str(share): format_(value) for share, value in zip(SHARES, quantiles) if value is not None},
        "quantile_error": round(state.quantile_error(), 6),
        "top": [TopValue(value=format_(value), count=count) for value, count in state.top(TOP)],
        "top_error": state.values.error,
    }
    if kind in NUMERIC_KINDS:
        scale = _scale(format_, kind)
        moments = state.settled_moments()
        facts.update(
            zeros=state.zeros,
            negatives=state.negatives,
            mean=rounded(moments.mean * scale if moments.n else None),
            stddev=rounded(None if moments.stddev is None else moments.stddev * scale),
            skewness=rounded(moments.skewness, 6),
            kurtosis=rounded(moments.kurtosis, 6),
        )
    if kind == "float":
        facts.update(nan=state.nan, infinite=state.infinite)
    return facts


def _scale(format_: Formatter, kind: str) -> float:
    """Return what one unit of the state's numbers is worth: a hundredth for a decimal with two places."""
    return float(format_(1)) if kind == "decimal" else 1.0


def _texts(state: TextState) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "min": _text_value(state.min, state.binary),
        "max": _text_value(state.max, state.binary),
        "distinct": state.distinct_count(),
        "distinct_exact": state.distinct_error() == 0,
        "distinct_error": round(state.distinct_error(), 4),
        "top": [TopValue(value=text_of(value, state.binary), count=count) for value, count in state.top(TOP)],
        "top_error": state.values.error,
        "min_length": state.lengths.min,
        "max_length": state.lengths.max,
        "mean_length": rounded(state.lengths.mean),
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


def rounded(value: float | None, digits: int = DIGITS) -> float | None:
    """Return a number with so many significant digits."""
    return None if value is None else float(f"{value:.{digits}g}")
