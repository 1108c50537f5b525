"""Frames of this process as Arrow batches: pandas, Arrow, and whatever else gives an Arrow stream."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from dex_dbutils.profile.columns import chosen_columns

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Batches:
    """The batches of a frame, to be read once.

    Args:
        schema: the columns that the batches have.
        batches: an iterable of record batches.
        types: names of types that Arrow does not know, by column.
    """

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]
    types: dict[str, str] = field(default_factory=dict)


def batches_of(frame: Any, columns: Sequence[str] | None) -> Batches | None:
    """Return the chosen columns of a frame as batches; None where the value is no frame.

    Raises:
        FrameError: DEX-FRAME-02 to -04, the columns cannot be taken.
    """
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        return _of_pandas(frame, columns)
    if isinstance(frame, pa.RecordBatch):
        frame = pa.Table.from_batches([frame])
    if isinstance(frame, pa.Table):
        return _of_table(frame, columns)
    if isinstance(frame, pa.RecordBatchReader):
        return _of_reader(frame, columns)
    dataset = sys.modules.get("pyarrow.dataset")
    if dataset is not None and isinstance(frame, dataset.Dataset):
        chosen = chosen_columns(frame.schema.names, columns)
        scanner = frame.scanner(columns=chosen, batch_size=BATCH_ROWS)
        return Batches(scanner.projected_schema, scanner.to_batches())
    if hasattr(frame, "__arrow_c_stream__") and hasattr(frame, "columns"):
        return _of_reader(pa.RecordBatchReader.from_stream(frame), columns)
    return None


def _of_table(table: pa.Table, columns: Sequence[str] | None) -> Batches:
    table = table.select(_places(table.schema, columns))
    return Batches(table.schema, table.to_batches(max_chunksize=BATCH_ROWS))


def _of_reader(reader: pa.RecordBatchReader, columns: Sequence[str] | None) -> Batches:
    places = _places(reader.schema, columns)
    schema = pa.schema([reader.schema.field(i) for i in places])
    return Batches(
        schema,
        (pa.RecordBatch.from_arrays([batch.column(i) for i in places], schema=schema) for batch in reader),
    )


def _places(schema: pa.Schema, columns: Sequence[str] | None) -> list[int]:
    chosen = set(chosen_columns(schema.names, columns))
    return [place for place, name in enumerate(schema.names) if name in chosen]


def _of_pandas(frame: Any, columns: Sequence[str] | None) -> Batches:
    """Return a pandas frame's columns, its index left out; NaN is pandas' word for a missing value."""
    names = [_column_name(label) for label in frame.columns]
    chosen = set(chosen_columns(names, columns))
    arrays: dict[str, Any] = {}
    types: dict[str, str] = {}
    for place, name in enumerate(names):
        if name not in chosen:
            continue
        series = frame.iloc[:, place]
        try:
            arrays[name] = pa.array(series, from_pandas=True)
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            # values of several types: shown as the texts that they print as
            texts = [None if missing else str(value) for value, missing in zip(series, series.isna())]
            arrays[name] = pa.array(texts, pa.large_string())
            types[name] = "object"
    table = pa.table(arrays)
    return Batches(table.schema, table.to_batches(max_chunksize=BATCH_ROWS), types)


def _column_name(label: Any) -> str:
    return ".".join(map(str, label)) if isinstance(label, tuple) else str(label)
