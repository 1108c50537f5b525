"""What is in a frame: one scan, mergeable states, exact figures where exact is free and stated bounds elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dex_dbutils.profile.model import MIME_TYPE, ColumnProfile, Kind, Patterns, Profile, TopValue
from dex_dbutils.profile.sources import looks_like_path, read_source

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = [
    "MIME_TYPE",
    "ColumnProfile",
    "Kind",
    "Patterns",
    "Profile",
    "TopValue",
    "looks_like_path",
    "profile",
    "profile_source",
    "read_source",
]


def profile(frame: Any, *, columns: Sequence[str] | None = None, name: str | None = None) -> Profile:
    """Return what is in a frame, from one scan of it.

    Args:
        frame: a Spark frame (classic or Connect), a pandas frame, an Arrow table, batch, reader or dataset.
        columns: only these columns; all if not given.
        name: what the profile is called when it is shown.

    Raises:
        FrameError: DEX-FRAME-01, the value is no frame; DEX-FRAME-02 to -04, its columns cannot be taken;
            DEX-FRAME-07, the engine could not run the scan.
    """
    from dex_dbutils.profile.scan import profile_frame

    return profile_frame(frame, columns=columns, name=name)


def profile_source(
    spark: SparkSession, name_or_path: str | Path, *, columns: Sequence[str] | None = None, name: str | None = None
) -> Profile:
    """Return what is in a table, or in a Parquet, CSV or JSON file or folder.

    Args:
        spark: the session that reads it.
        name_or_path: the table's name, or the path; a text with a slash or an ending such as ``.csv`` is a path.
        columns: only these columns; all if not given.
        name: what the profile is called when it is shown; the table's name or the path if not given.

    Raises:
        FrameError: DEX-FRAME-05, there is no such table; DEX-FRAME-06, no such path, or no file there that can be
            read; and those of `profile`.
    """
    return profile(read_source(spark, name_or_path), columns=columns, name=name or str(name_or_path))
