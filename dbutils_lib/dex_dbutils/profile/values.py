"""Values and types as a person reads them: dates and times from numbers, decimals with their point, Spark's words."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from dex_dbutils.profile.model import Value

_SECONDS_PER_DAY = 86_400
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH = datetime(1970, 1, 1)
_EXACT = Context(prec=80)

Formatter = Callable[[Any], Value]


def formatter(spec: dict[str, Any]) -> Formatter:
    """Return the function that turns a number of a state into a value to show.

    Args:
        spec: what the states know of the column's type: its kind, and scale, unit, zone or bits where they matter.
    """
    kind = spec["kind"]
    if kind == "integer":
        return int
    if kind == "float":
        return _float32 if spec.get("bits", 64) <= 32 else _float
    if kind == "decimal":
        return lambda number: _decimal(number, spec["scale"])
    if kind == "date":
        return lambda days: str(np.datetime64(int(days), "D"))
    if kind == "timestamp":
        return lambda ticks: timestamp_text(int(ticks), spec["unit"], spec.get("zone"))
    if kind == "time":
        return lambda ticks: _clock(int(ticks), spec["unit"])
    if kind == "duration":
        return lambda ticks: _duration(int(ticks), spec["unit"])
    return _plain


def timestamp_text(ticks: int, unit: str, zone: str | None) -> str:
    """Return a time stamp as ``2013-01-01 05:00:00``, on the clock of its zone; a zero fraction is left out.

    Args:
        ticks: units since 1970-01-01 00:00 UTC, or of the local clock where there is no zone.
        unit: ``s``, ``ms``, ``us`` or ``ns``.
        zone: name of a time zone such as ``America/New_York``, or ``+02:00``; None: the number is a local time.
    """
    seconds, fraction = divmod(ticks, _UNITS[unit])
    if zone is not None:
        seconds += _offset(seconds, zone)
    return f"{np.datetime64(seconds, 's')!s}".replace("T", " ") + _fraction(fraction, unit)


def _offset(seconds: int, zone: str) -> int:
    """Return how many seconds a zone's clock is before UTC at a moment; 0 where nobody can know."""
    known = _zone(zone)
    if known is None:
        return 0
    try:
        moment = (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=timezone.utc)
        found = moment.astimezone(known).utcoffset()
    except (OverflowError, ValueError):
        return 0  # beyond the years 1 to 9999 there is no calendar to ask
    return int(found.total_seconds()) if found is not None else 0


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo | None:
    if name[:1] in "+-" and len(name) == 6:
        sign = -1 if name[0] == "-" else 1
        return timezone(sign * timedelta(hours=int(name[1:3]), minutes=int(name[4:])))
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return None


def _fraction(ticks: int, unit: str) -> str:
    digits = {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]
    return f".{ticks:0{digits}d}".rstrip("0") if ticks else ""


def _clock(ticks: int, unit: str) -> str:
    seconds, fraction = divmod(ticks, _UNITS[unit])
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{_fraction(fraction, unit)}"


def _duration(ticks: int, unit: str) -> str:
    """Return a duration as ``2 days 03:04:05``, a negative one with a minus before all of it."""
    sign = "-" if ticks < 0 else ""
    seconds, fraction = divmod(abs(ticks), _UNITS[unit])
    days, rest = divmod(seconds, _SECONDS_PER_DAY)
    clock = _clock(rest * _UNITS[unit] + fraction, unit)
    return f"{sign}{days} days {clock}" if days else f"{sign}{clock}"


def _plain(value: Any) -> Value:
    return value if isinstance(value, (bool, int, str)) else _float(value)


def _float(value: Any) -> Value:
    """Return a float as JSON can write it, the others by name; -0.0 is shown as 0.0."""
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number + 0.0


def _float32(value: Any) -> Value:
    """Return the shortest number that is the same 32-bit float: 0.1, not 0.10000000149."""
    number = _float(value)
    return float(str(np.float32(number))) if isinstance(number, float) else number


def _decimal(number: Any, scale: int) -> str:
    """Return a decimal with its point and all digits behind it."""
    return f"{Decimal(int(number)).scaleb(-scale, _EXACT):f}"


_NAMES: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_int8, "tinyint"),
    (pa.types.is_int16, "smallint"),
    (pa.types.is_uint8, "smallint"),
    (pa.types.is_int32, "int"),
    (pa.types.is_uint16, "int"),
    (pa.types.is_int64, "bigint"),
    (pa.types.is_uint32, "bigint"),
    (pa.types.is_uint64, "decimal(20,0)"),
    (pa.types.is_float64, "double"),
    (pa.types.is_floating, "float"),
    (pa.types.is_date, "date"),
    (pa.types.is_time, "time(6)"),
    (pa.types.is_duration, "interval day to second"),
    (pa.types.is_null, "void"),
)


def type_name(arrow: pa.DataType) -> str:
    """Return the name that Spark gives to an Arrow type, such as ``bigint`` or ``array<string>``."""
    types = pa.types
    if types.is_dictionary(arrow):
        return type_name(arrow.value_type)
    if isinstance(arrow, pa.BaseExtensionType):
        return type_name(arrow.storage_type)
    if types.is_decimal(arrow):
        return f"decimal({arrow.precision},{arrow.scale})"
    if types.is_timestamp(arrow):
        return "timestamp" if arrow.tz else "timestamp_ntz"
    if types.is_struct(arrow):
        fields = (arrow.field(i) for i in range(arrow.num_fields))
        return f"struct<{','.join(f'{field.name}:{type_name(field.type)}' for field in fields)}>"
    if types.is_map(arrow):
        return f"map<{type_name(arrow.key_type)},{type_name(arrow.item_type)}>"
    if types.is_list(arrow) or types.is_large_list(arrow) or types.is_fixed_size_list(arrow):
        return f"array<{type_name(arrow.value_type)}>"
    for test, name in _NAMES:
        if test(arrow):
            return name
    text = str(arrow)
    return "string" if "string" in text else "binary" if "binary" in text else text
