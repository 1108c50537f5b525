"""Frames by name: a table, or a file or folder of data."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dex_dbutils.errors import DexError, FrameError
from dex_dbutils.profile.scan import telling_line

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Endings of files that are read, and the reader of each.
FORMATS = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}
_COMPRESSED = {".gz", ".bz2", ".zst", ".snappy"}
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def read_source(spark: SparkSession, name_or_path: str | Path) -> Any:
    """Return the frame of a table, or of a Delta, Parquet, CSV or JSON file or folder.

    Args:
        spark: the session that reads it.
        name_or_path: the table's name, or the path; a text with a slash or an ending such as ``.csv`` is a path.

    Raises:
        FrameError: DEX-FRAME-05, there is no such table; DEX-FRAME-06, no such path, or no file there that can be read.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or looks_like_path(text):
        return _read_path(spark, text)
    return _read_table(spark, text)


def looks_like_path(text: str) -> bool:
    """Return whether a text is a path and not the name of a table."""
    if "/" in text or "\\" in text or text in (".", ".."):
        return True
    return "." in text and _format_of(Path(text)) is not None


def _read_path(spark: SparkSession, text: str) -> Any:
    if _ADDRESS.match(text) and not text.startswith("file:"):
        return _load(spark, text, _format_of(Path(text)) or "delta")
    path = Path(re.sub(r"^file:/*", "/", text)).expanduser().resolve()
    if not path.exists():
        raise FrameError("DEX-FRAME-06", f"There is no file or folder `{text}`.", remedy=_near_path(Path(text)))
    kind = _format_of(path) if path.is_file() else _format_in(path)
    if kind is None:
        raise FrameError(
            "DEX-FRAME-06",
            f"`{text}` holds no data that can be read here.",
            remedy=f"Give a Delta table's folder, or files that end in one of: {', '.join(FORMATS)}.",
        )
    if path.is_file() and path.stat().st_size == 0:
        raise FrameError("DEX-FRAME-06", f"The file `{text}` is empty.", remedy="Look at how it was written.")
    return _load(spark, str(path), kind)


def _load(spark: SparkSession, path: str, kind: str) -> Any:
    reader = spark.read
    if kind in ("csv", "tsv"):
        # as text: what a column holds is what the profile is asked for
        frame = reader.option("header", True).option("sep", "\t" if kind == "tsv" else ",")
        return _checked(lambda: frame.csv(path), path)
    if kind == "delta":
        return _checked(lambda: reader.format("delta").load(path), path)
    return _checked(lambda: reader.parquet(path) if kind == "parquet" else reader.json(path), path)


def _checked(load: Any, path: str) -> Any:
    """Return a frame whose columns are known to be readable."""
    try:
        frame = load()
        frame.schema  # noqa: B018  asks the engine
    except DexError:
        raise
    except Exception as error:
        raise FrameError(
            "DEX-FRAME-06", f"`{path}` cannot be read: {telling_line(error)}", remedy="Is it really such a file?"
        ) from error
    return frame


def _format_of(path: Path) -> str | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    return FORMATS.get(suffixes[-1]) if suffixes else None


def _format_in(folder: Path) -> str | None:
    """Return the format of a folder: Delta where it has a log, else that of its first file with a known ending."""
    if (folder / "_delta_log").is_dir():
        return "delta"
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(("_", ".")) for part in path.relative_to(folder).parts)
        if not hidden and path.is_file() and (kind := _format_of(path)):
            return kind
    return None


def _near_path(path: Path) -> str:
    folder = path.expanduser().parent
    if not folder.is_dir():
        return f"The folder `{folder}` is not there either."
    near = difflib.get_close_matches(path.name, [entry.name for entry in folder.iterdir()], n=1)
    return f"Did you mean `{folder / near[0]}`?" if near else f"Look into `{folder}`."


def _read_table(spark: SparkSession, name: str) -> Any:
    try:
        frame = spark.table(name)
        frame.schema  # noqa: B018  asks the engine
    except DexError:
        raise
    except Exception as error:
        raise FrameError(
            "DEX-FRAME-05", f"The table `{name}` cannot be read: {telling_line(error)}", remedy=_near_table(spark, name)
        ) from error
    return frame


def _near_table(spark: SparkSession, name: str) -> str:
    """Return a hint at a table of nearly that name in the same schema."""
    schema, _, table = name.rpartition(".")
    try:
        known = [found.name for found in spark.catalog.listTables(schema or None)]
    except Exception:  # noqa: BLE001  a hint only; the error itself is raised by the caller
        return "Run SHOW TABLES to see what there is, or give the full name: catalog.schema.table."
    near = difflib.get_close_matches(table, known, n=1)
    if near:
        return f"Did you mean `{'.'.join([*([schema] if schema else []), near[0]])}`?"
    listed = ", ".join(f"`{found}`" for found in sorted(known)[:12])
    if known:
        return f"There are: {listed}."
    here = f"`{schema}`" if schema else "the current schema"
    return f"There is no table in {here}: give the full name, catalog.schema.table, or a path."
