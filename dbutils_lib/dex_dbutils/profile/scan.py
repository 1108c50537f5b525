"""One scan of a frame, wherever it lives: in this process by Arrow batches, in an engine by ``mapInArrow``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dex_dbutils.errors import DexError, FrameError
from dex_dbutils.profile.columns import chosen_columns
from dex_dbutils.profile.model import Profile

if TYPE_CHECKING:
    from dex_dbutils.profile.states import TableState

SAMPLE_ROWS = 5
#: Tasks that merge the parts of all partitions; each handles some of the columns.
_MERGE_TASKS = 8

#: Families of Spark's types by their `typeName`; what is not here is taken as text.
_KINDS = {
    **dict.fromkeys(("byte", "short", "integer", "long"), "integer"),
    **dict.fromkeys(("float", "double"), "float"),
    **dict.fromkeys(("array", "map", "struct"), "nested"),
    **dict.fromkeys(("timestamp", "timestamp_ntz"), "timestamp"),
    **dict.fromkeys(("string", "char", "varchar"), "text"),
    **{name: name for name in ("decimal", "date", "time", "boolean", "binary")},
    "void": "null",
    "daytimeinterval": "duration",
}
#: Types that Arrow batches of an engine cannot carry, or not in every version.
_AS_TEXT = ("interval", "yearmonthinterval", "calendarinterval", "variant", "geometry", "geography")


def profile_frame(frame: Any, *, columns: Sequence[str] | None, name: str | None) -> Profile:
    """Return the profile of a frame; see `dex_dbutils.profile.profile`."""
    if _is_a(frame, "pyspark.pandas", "DataFrame"):
        frame = frame.to_spark()
    if _is_a(frame, "pyspark.sql", "DataFrame"):
        return _profile_spark(frame, columns, name)
    from dex_dbutils.profile.local import batches_of

    batches = batches_of(frame, columns)
    if batches is None:
        raise _no_frame(frame)
    from dex_dbutils.profile.build import build_profile
    from dex_dbutils.profile.states import TableState
    from dex_dbutils.profile.values import type_name

    state = TableState(SAMPLE_ROWS)
    state.declare(batches.schema)
    state.update_all(batches.batches)
    types = [batches.types.get(field.name) or type_name(field.type) for field in batches.schema]
    return build_profile(state, types, name=name, scans=1, engine="arrow")


def _profile_spark(frame: Any, columns: Sequence[str] | None, name: str | None) -> Profile:
    from dex_dbutils.profile.build import build_profile

    if not hasattr(frame, "mapInArrow"):
        raise FrameError(
            "DEX-FRAME-01",
            "This Spark is older than 3.3: its frames cannot be scanned by Arrow batches.",
            remedy="Use Spark 3.3 or later, or profile frame.limit(n).toPandas().",
        )
    try:
        schema = frame.schema
        if frame.isStreaming:
            raise FrameError(
                "DEX-FRAME-01", "A stream has no end to wait for.", remedy="Profile a table that the stream writes."
            )
        chosen = chosen_columns(schema.names, columns)
        fields = [schema[name] for name in chosen] if len(set(schema.names)) == len(schema.names) else None
        if fields is None:  # two other columns share a name
            fields = [field for field in schema.fields if field.name in chosen]
        state = _scan_spark(frame, fields, everything=len(chosen) == len(schema.names))
    except DexError:
        raise
    except Exception as error:
        raise FrameError(
            "DEX-FRAME-07",
            f"The engine could not scan {name or 'the frame'}: {first_line(error)}",
            remedy="Try frame.count(): if that fails too, the frame's own steps are the cause.",
        ) from error
    types = [field.dataType.simpleString() for field in fields]
    return build_profile(state, types, name=name, scans=1, engine="mapInArrow")


def _scan_spark(frame: Any, fields: Sequence[Any], *, everything: bool) -> TableState:
    """Return the merged state of a Spark frame's columns: one job, one read of the frame.

    What comes to this process is one merged part a column, however many partitions the frame has.
    """
    from dex_dbutils.profile.states import TableState, merge_parts
    from dex_dbutils.profile.worker import SCHEMA, workers

    as_text = {field.name for field in fields if field.dataType.typeName().split(" ")[0] in _AS_TEXT}
    if as_text or not everything:
        from pyspark.sql import functions as F

        quoted = {field.name: F.col(f"`{field.name.replace('`', '``')}`") for field in fields}
        frame = frame.select(
            *[column.cast("string").alias(n) if n in as_text else column for n, column in quoted.items()]
        )
    fill, merge = workers(SAMPLE_ROWS)
    parts = frame.mapInArrow(fill, SCHEMA)
    # By hash: a range partitioning (orderBy) would run the scan twice, once to find its bounds.
    merged = parts.repartition(_MERGE_TASKS, "part").mapInArrow(merge, SCHEMA).collect()
    # A part stands once here, unless the engine did not partition by it.
    found = sorted((row.part, row.digest, bytes(row.state)) for row in merged)
    state = TableState.from_parts(merge_parts((part, data) for part, _, data in found))
    if not state.names:  # no partition held a batch
        specs: list[dict[str, Any]] = [
            {"kind": _KINDS.get(field.dataType.typeName().split(" ")[0], "text")} for field in fields
        ]
        state.declare_specs([field.name for field in fields], [_full_spec(spec) for spec in specs])
    return state


def _full_spec(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a spec that values can be formatted with, though there are none."""
    return {**spec, "scale": 0, "unit": "us", "bits": 64}


def _is_a(frame: Any, package: str, name: str) -> bool:
    """Return whether a value is of a class of a package, which need not be installed."""
    return any(
        cls.__name__ == name and (cls.__module__ == package or cls.__module__.startswith(f"{package}."))
        for cls in type(frame).__mro__
    )


def _no_frame(value: Any) -> FrameError:
    kind = type(value)
    remedies = {
        "Series": "Give the frame, or series.to_frame().",
        "Column": "Give the frame, not one of its columns: frame.select(column).",
        "GroupedData": "Finish the grouping first, for example with .count().",
        "DataFrameGroupBy": "Finish the grouping first, for example with .size().",
        "list": "Make a frame of it: spark.createDataFrame(rows) or pandas.DataFrame(rows).",
        "dict": "Make a frame of it: pandas.DataFrame(values).",
        "NoneType": "The expression gives None: actions such as show() return nothing; give the frame itself.",
        "function": "Call the function: the frame is what it returns.",
        "method": "Call it: the frame is what it returns.",
    }
    article = "None" if value is None else f"a {kind.__module__}.{kind.__name__}".replace("builtins.", "")
    return FrameError(
        "DEX-FRAME-01",
        f"This is no frame but {article}.",
        remedy=remedies.get(kind.__name__, "Give a Spark, pandas or Arrow frame, or the name of a table or a path."),
    )


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message that says something."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines if line), type(error).__name__)
