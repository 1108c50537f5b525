"""From an Arrow column to the state that fits its type."""

from __future__ import annotations

from typing import Any, Union

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .numbers import NumberState
from .others import BooleanState, PresenceState
from .texts import TextState
from .wide import WideState, whole_numbers, words_of

State = Union[NumberState, WideState, TextState, BooleanState, PresenceState]

#: Kinds whose values are numbers to count with; dates and times have an order, but no mean.
NUMERIC_KINDS = frozenset({"integer", "float", "decimal"})
#: Digits that always fit into 64 bits.
LONG_DIGITS = 18
ORDERED_KINDS = NUMERIC_KINDS | {"date", "timestamp", "time", "duration"}


def kind_of(arrow: pa.DataType) -> dict[str, Any]:
    """Return what the profile needs to know of a type.

    Returns:
        ``kind`` and, where they matter, ``scale`` of a decimal, ``unit`` and ``zone`` of a time, ``bits`` of a float,
        ``wide`` of numbers that may not fit into 64 bits.
    """
    types = pa.types
    if types.is_dictionary(arrow):
        return kind_of(arrow.value_type)
    if isinstance(arrow, pa.BaseExtensionType):
        return kind_of(arrow.storage_type)
    if types.is_boolean(arrow):
        return {"kind": "boolean"}
    if types.is_integer(arrow):
        # the upper half of unsigned 64-bit numbers fits into no signed one
        return {"kind": "integer", "wide": arrow == pa.uint64()}
    if types.is_floating(arrow):
        return {"kind": "float", "bits": arrow.bit_width}
    if types.is_decimal(arrow):
        return {"kind": "decimal", "scale": arrow.scale, "wide": arrow.precision > LONG_DIGITS}
    if types.is_date(arrow):
        return {"kind": "date"}
    if types.is_timestamp(arrow):
        return {"kind": "timestamp", "unit": arrow.unit, "zone": arrow.tz}
    if types.is_time(arrow):
        return {"kind": "time", "unit": arrow.unit}
    if types.is_duration(arrow):
        return {"kind": "duration", "unit": arrow.unit}
    if types.is_null(arrow):
        return {"kind": "null"}
    if _is_text(arrow):
        return {"kind": "text"}
    if _is_binary(arrow):
        return {"kind": "binary"}
    if types.is_nested(arrow):
        return {"kind": "nested", "sized": not types.is_struct(arrow) and not types.is_union(arrow)}
    return {"kind": "other"}


def new_state(spec: dict[str, Any]) -> State:
    """Return an empty state for a kind of column."""
    kind = spec["kind"]
    if kind in ORDERED_KINDS:
        return WideState() if spec.get("wide") else NumberState("<f8" if kind == "float" else "<i8")
    if kind in ("text", "binary"):
        return TextState(binary=kind == "binary")
    return BooleanState() if kind == "boolean" else PresenceState()


def state_from_tree(spec: dict[str, Any], tree: Any) -> State:
    """Return the state of a kind of column from its plain values."""
    return type(new_state(spec)).from_tree(tree)


def update_state(state: State, spec: dict[str, Any], values: pa.Array) -> None:
    """Add the values of an Arrow array to a column's state."""
    values = plain_storage(values)
    nulls = values.null_count
    if isinstance(state, PresenceState):
        sizes = pc.drop_null(_sizes(values)).to_numpy() if spec.get("sized") else None
        state.update(len(values) - nulls, nulls, sizes)
        return
    if nulls:
        values = values.drop_null()
    if isinstance(state, BooleanState):
        state.update(pc.sum(values).as_py() or 0, len(values), nulls)
    elif isinstance(state, TextState):
        state.update(values.cast(pa.large_binary() if state.binary else pa.large_string()), nulls)
    elif isinstance(state, WideState):
        state.update(values, nulls)
    else:
        state.update(numbers(values), nulls)


def plain_storage(values: pa.Array) -> pa.Array:
    """Return the values without a dictionary or an extension type around them."""
    if isinstance(values.type, pa.BaseExtensionType):
        values = values.storage
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def numbers(values: pa.Array) -> np.ndarray[Any, Any]:
    """Return an array without nulls as numbers: dates as days, times in their unit, decimals without their point."""
    arrow = values.type
    if pa.types.is_decimal(arrow):
        return words_of(whole_numbers(values))[:, 0]  # of at most LONG_DIGITS digits; more are a WideState's
    if pa.types.is_date64(arrow):
        values = values.cast(pa.date32())
    if pa.types.is_temporal(arrow):
        values = values.view(pa.int32() if values.type.bit_width == 32 else pa.int64())
    found: np.ndarray[Any, Any] = values.to_numpy(zero_copy_only=False)
    return found.astype(np.float32) if found.dtype == np.float16 else found


def _sizes(values: pa.Array) -> pa.Array:
    if pa.types.is_map(values.type):
        sizes = np.diff(values.offsets.to_numpy())
        return pa.array(sizes, mask=values.is_null().to_numpy(zero_copy_only=False))
    return pc.list_value_length(values)


def _is_text(arrow: pa.DataType) -> bool:
    return pa.types.is_string(arrow) or pa.types.is_large_string(arrow) or str(arrow) == "string_view"


def _is_binary(arrow: pa.DataType) -> bool:
    return (
        pa.types.is_binary(arrow)
        or pa.types.is_large_binary(arrow)
        or pa.types.is_fixed_size_binary(arrow)
        or str(arrow) == "binary_view"
    )
