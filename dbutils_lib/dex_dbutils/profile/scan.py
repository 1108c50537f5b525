"""One scan of a frame, wherever it lives: in this process by Arrow batches, in an engine by ``mapInArrow``."""

from __future__ import annotations

import re
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

#: The last line of a Python traceback.
_RAISED = re.compile(r"[A-Za-z_][\w.]*: ")


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
    from dex_dbutils.session import interruptible

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
        wanted = set(chosen_columns(schema.names, columns))
        places = [place for place, field in enumerate(schema.fields) if field.name in wanted]
        with interruptible(frame.sparkSession):
            state = _scan_spark(frame, schema.fields, places)
    except DexError:
        raise
    except Exception as error:
        raise FrameError(
            "DEX-FRAME-07",
            f"The engine could not scan {name or 'the frame'}: {telling_line(error)}",
            remedy="Try frame.count(): if that fails too, the frame's own steps are the cause.",
        ) from error
    types = [schema.fields[place].dataType.simpleString() for place in places]
    return build_profile(state, types, name=name, scans=1, engine="mapInArrow")


def _scan_spark(frame: Any, fields: Sequence[Any], places: Sequence[int]) -> TableState:
    """Return the merged state of some columns of a Spark frame: one job, one read of the frame.

    What comes to this process is one merged part a column, however many partitions the frame has.

    Args:
        frame: the frame.
        fields: all of its fields.
        places: which of them to look at.
    """
    from pyspark.sql import functions as F

    from dex_dbutils.profile.states import TableState, merge_parts
    from dex_dbutils.profile.worker import SCHEMA, workers

    # By number: names with dots, names that differ in case only and names that stand twice are all in use.
    frame = frame.toDF(*(f"c{place}" for place in range(len(fields))))
    as_text = {place for place in places if _family(fields[place]) in _AS_TEXT}
    if as_text or len(places) < len(fields):
        columns = [F.col(f"c{place}") for place in places]
        frame = frame.select(
            *(c.cast("string").alias(f"c{place}") if place in as_text else c for place, c in zip(places, columns))
        )
    fill, merge = workers(SAMPLE_ROWS)
    parts = frame.mapInArrow(fill, SCHEMA)
    # By hash: a range partitioning (orderBy) would run the scan twice, once to find its bounds.
    merged = parts.repartition(_MERGE_TASKS, "part").mapInArrow(merge, SCHEMA).collect()
    # A part stands once here, unless the engine did not partition by it.
    found = sorted((row.part, row.digest, bytes(row.state)) for row in merged)
    state = TableState.from_parts(merge_parts((part, data) for part, _, data in found))
    if not state.names:  # no partition held a batch
        specs: list[dict[str, Any]] = [{"kind": _KINDS.get(_family(fields[place]), "text")} for place in places]
        state.declare_specs([], [_full_spec(spec) for spec in specs])
    state.names = [fields[place].name for place in places]
    return state


def _family(field: Any) -> str:
    """Return the first word of a field's type: ``decimal``, ``interval``."""
    return str(field.dataType.typeName()).split(" ")[0]


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
    word = f"{kind.__module__}.{kind.__name__}".replace("builtins.", "")
    article = "None" if value is None else f"{'an' if word[0].lower() in 'aeio' else 'a'} {word}"
    return FrameError(
        "DEX-FRAME-01",
        f"This is no frame but {article}.",
        remedy=remedies.get(kind.__name__, "Give a Spark, pandas or Arrow frame, or the name of a table or a path."),
    )


def telling_line(error: BaseException) -> str:
    """Return the line of an error's message that says most: the last one of a traceback, else the first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if any(line.startswith("Traceback (most recent call last)") for line in lines):
        return next((line for line in reversed(lines) if _RAISED.match(line)), lines[0])
    return lines[0] if lines else type(error).__name__
