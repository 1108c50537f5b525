"""Frames and values as JSON, and back: the same text for the same content, whatever the engine."""

from __future__ import annotations

import ast
import datetime as dt
import decimal
import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Significant digits of a recorded float: sums differ in the last ones from engine to engine.
DIGITS = 9
#: Longest literal that is recorded, in characters.
LITERAL = 2_000
_SIMPLE = frozenset(
    "byte short integer long float double string boolean date timestamp timestamp_ntz binary void".split()
)
#: Values that come back as they are from their own literal.
_PLAIN = (type(None), bool, int, float, str, bytes, list, tuple, set, dict)


class Unrecordable(Exception):
    """A value that cannot be written down; the text says which."""


def is_frame(value: object) -> bool:
    """Return whether a value is a Spark frame, classic or Connect."""
    return type(value).__name__ == "DataFrame" and type(value).__module__.startswith("pyspark.sql")


def is_session(value: object) -> bool:
    """Return whether a value is a Spark session."""
    return type(value).__name__ == "SparkSession" and type(value).__module__.startswith("pyspark.sql")


def plain(value: Any, *, ordered: bool = False) -> Any:
    """Return what a function gave as JSON values.

    Args:
        value: a frame, a plain value, or a tuple of them.
        ordered: keep the order of a frame's rows; else they are sorted, since a frame has no order of its own.

    Raises:
        Unrecordable: it is something else.
    """
    if is_frame(value):
        columns = columns_of(value)
        rows = [plain_row(row) for row in value.collect()]
        if not ordered:
            rows.sort(key=_sort_key)
        return {"columns": columns, "rows": rows}
    if isinstance(value, tuple) and any(is_frame(item) for item in value):
        return {"items": [plain(item, ordered=ordered) for item in value]}
    return {"literal": literal_of(value)}


def literal_of(value: Any) -> str:
    """Return a plain value as Python source.

    Raises:
        Unrecordable: it is no plain value, or too long.
    """
    if not isinstance(value, _PLAIN):
        raise Unrecordable(f"a {type(value).__name__} cannot be written down")
    if isinstance(value, float) and math.isfinite(value):
        value = _rounded(value)
    if isinstance(value, set):
        text = "{" + ", ".join(sorted(map(repr, value))) + "}" if value else "set()"
    else:
        text = repr(value)
    if len(text) > LITERAL:
        raise Unrecordable(f"a {type(value).__name__} of {len(text)} characters is too long to be written down")
    try:
        same = ast.literal_eval(text) == value
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        same = False
    if not same:
        raise Unrecordable(f"a {type(value).__name__} cannot be written down")
    return text


def columns_of(frame: DataFrame) -> dict[str, Any]:
    """Return a frame's columns: name to type, as Spark's own JSON says it.

    Raises:
        Unrecordable: two columns have one name, or a type cannot be written down.
    """
    found: dict[str, Any] = {}
    for field in frame.schema.fields:
        if field.name in found:
            raise Unrecordable(f"two columns are called `{field.name}`")
        kind = _without_nulls(field.dataType.jsonValue())
        _check(kind, field.name)
        found[field.name] = kind
    return found


def make_frame(spark: SparkSession, columns: Mapping[str, Any], rows: Sequence[Sequence[Any]]) -> DataFrame:
    """Return a frame of recorded rows.

    Args:
        spark: the session to make it in.
        columns: name to type, as `columns_of` gives them.
        rows: values as `plain_row` gives them.
    """
    from pyspark.sql.types import StructType

    fields = [{"name": n, "type": _with_nulls(t), "nullable": True, "metadata": {}} for n, t in columns.items()]
    schema = StructType.fromJson({"type": "struct", "fields": fields})
    kinds = list(columns.values())
    return spark.createDataFrame([tuple(map(value_of, row, kinds)) for row in rows], schema)


def plain_row(row: Sequence[Any]) -> list[Any]:
    """Return the values of a row as JSON values."""
    return [_plain_value(value) for value in row]


def value_of(value: Any, kind: Any) -> Any:
    """Return a recorded value as Spark takes it.

    Args:
        value: a JSON value.
        kind: its type, as `columns_of` gives it.
    """
    if value is None:
        return None
    if isinstance(kind, str):
        return _simple_value(value, kind)
    if kind["type"] == "array":
        return [value_of(item, kind["elementType"]) for item in value]
    if kind["type"] == "map":
        return {value_of(k, kind["keyType"]): value_of(v, kind["valueType"]) for k, v in value}
    return tuple(value_of(item, field["type"]) for item, field in zip(value, kind["fields"]))


def _simple_value(value: Any, kind: str) -> Any:
    if kind in ("float", "double"):
        return float(value)
    if kind == "date":
        return dt.date.fromisoformat(value)
    if kind == "timestamp":
        return dt.datetime.fromisoformat(value).replace(tzinfo=dt.timezone.utc)
    if kind == "timestamp_ntz":
        return dt.datetime.fromisoformat(value)
    if kind.startswith("decimal"):
        return decimal.Decimal(value)
    return bytes.fromhex(value) if kind == "binary" else value


def _plain_value(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return _rounded(value) if math.isfinite(value) else str(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return _in_utc(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, Mapping):
        return sorted(([_plain_value(k), _plain_value(v)] for k, v in value.items()), key=_sort_key)
    if isinstance(value, (list, tuple)):
        return [_plain_value(item) for item in value]
    raise Unrecordable(f"a {type(value).__name__} cannot be written down")


def _in_utc(value: dt.datetime) -> str:
    # Spark hands instants over as local times without a zone: they are local to this process.
    return value.astimezone(dt.timezone.utc).replace(tzinfo=None).isoformat(sep=" ")


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}") + 0.0


def _sort_key(row: Any) -> str:
    return json.dumps(row, ensure_ascii=False, sort_keys=True)


def _check(kind: Any, name: str) -> None:
    if isinstance(kind, str):
        if kind not in _SIMPLE and not kind.startswith("decimal"):
            raise Unrecordable(f"the column `{name}` is a {kind}, which cannot be written down")
        return
    if kind.get("type") == "array":
        _check(kind["elementType"], name)
    elif kind.get("type") == "map":
        _check(kind["keyType"], name)
        _check(kind["valueType"], name)
    elif kind.get("type") == "struct":
        for field in kind["fields"]:
            _check(field["type"], name)
    else:
        raise Unrecordable(f"the column `{name}` has a type of its own, which cannot be written down")


def _without_nulls(kind: Any) -> Any:
    """Return a type without what engines disagree on: whether it may be null, and metadata."""
    if isinstance(kind, str):
        return "string" if kind.startswith(("varchar", "char", "string")) else kind
    kept = {k: _without_nulls(v) for k, v in kind.items() if k not in ("containsNull", "valueContainsNull", "fields")}
    if "fields" in kind:
        kept["fields"] = [{"name": f["name"], "type": _without_nulls(f["type"])} for f in kind["fields"]]
    return kept


def _with_nulls(kind: Any) -> Any:
    if isinstance(kind, str):
        return kind
    if kind["type"] == "array":
        return {**kind, "elementType": _with_nulls(kind["elementType"]), "containsNull": True}
    if kind["type"] == "map":
        inner = {"keyType": _with_nulls(kind["keyType"]), "valueType": _with_nulls(kind["valueType"])}
        return {**kind, **inner, "valueContainsNull": True}
    fields = [
        {"name": f["name"], "type": _with_nulls(f["type"]), "nullable": True, "metadata": {}} for f in kind["fields"]
    ]
    return {**kind, "fields": fields}
