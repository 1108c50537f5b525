"""Recorded calls of a function: what it was given and what it gave, in files that a person can read and a test replays."""

from dex_dbutils.recorded.calls import RecordedCall, called, read_calls
from dex_dbutils.recorded.values import (
    Unrecordable,
    columns_of,
    is_frame,
    make_frame,
    plain,
    plain_row,
    value_of,
)

__all__ = [
    "RecordedCall",
    "Unrecordable",
    "called",
    "columns_of",
    "is_frame",
    "make_frame",
    "plain",
    "plain_row",
    "read_calls",
    "value_of",
]
