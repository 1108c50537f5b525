"""Files that a pipeline reads as a stream or by ``read_files``: listed here, read by the engine."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dex_dbutils import PipelineError, Where

from dex.guard import at_home
from dex.pipelines.decorators import needs_workspace

if TYPE_CHECKING:
    from dex.pipelines.reading import FileSource

_FORMATS = ("csv", "json", "parquet", "text")
#: Options of Auto Loader that change nothing in the rows that are read.
_WITHOUT_EFFECT = frozenset(
    "format schemaLocation inferColumnTypes maxFilesPerTrigger maxBytesPerTrigger useNotifications "
    "useIncrementalListing schemaEvolutionMode backfillInterval includeExistingFiles validateOptions".lower().split()
)
_LOADER = "cloudfiles."


def list_files(root: Path, source: FileSource, place: Where) -> list[str]:
    """Return the files that a source names, by name.

    Args:
        root: the project's folder, where relative paths begin.
        source: what is read.
        place: of the flow that reads them.

    Raises:
        PipelineError: DEX-PIPELINE-08, they lie elsewhere, or in folders named ``key=value``.
    """
    path = at_home(source.path.removeprefix("file:"), root)
    if "://" in path:
        raise needs_workspace(f"Reading files from '{source.path}'", place)
    whole = os.path.join(root, path)
    options = {key.lower(): value for key, value in source.options.items()}
    pattern = options.get("pathglobfilter") or options.get("filenamepattern") or "*"
    found = sorted(each for each in set(_below(whole)) if fnmatch.fnmatch(os.path.basename(each), pattern))
    if any("=" in part for each in found for part in Path(os.path.relpath(each, root)).parts[:-1]):
        raise needs_workspace(f"Reading the folders named key=value below '{source.path}'", place)
    return found


def read_files(spark: Any, source: FileSource, chosen: Sequence[str] | None, place: Where, root: Path) -> Any:
    """Return the frame of files.

    Args:
        spark: the session.
        source: what is read.
        chosen: those whose rows are wanted; None for all. The schema is that of all files.
        place: of the flow that reads them.
        root: the project's folder.

    Raises:
        PipelineError: DEX-PIPELINE-06, there are none and no schema; -08, it cannot be done exactly.
    """
    loader = source.format == "cloudfiles"
    options = {key.lower(): value for key, value in source.options.items()}
    kind = (options.get(f"{_LOADER}format", "") if loader else source.format).lower()
    if kind not in _FORMATS:
        raise needs_workspace(f"Reading '{kind or source.format}' as a stream", place)
    own = dict(_reader_options(source.options, kind, place))
    everything = list_files(root, source, place)
    infer = "inferColumnTypes".lower() in options or f"{_LOADER}infercolumntypes" in options
    given = source.schema
    if given is None and kind != "text":
        if not everything:
            raise PipelineError(
                "DEX-PIPELINE-06",
                f"There are no files in '{source.path}' to learn the columns from.",
                place,
                "Put a file there, or give a schema.",
            )
        if not (loader or infer):
            raise PipelineError(
                "DEX-PIPELINE-04",
                f"The stream of files in '{source.path}' has no schema.",
                place,
                "Give a schema, or read with Auto Loader: format('cloudFiles').",
            )
        given = _inferred(spark, kind, own, everything, infer, source, place)
    reader = spark.read.format(kind).options(**own)
    if given is not None:
        reader = reader.schema(given)
    wanted = everything if chosen is None else list(chosen)
    if wanted:
        frame = reader.load(wanted)
    elif everything:
        frame = reader.load(everything).where("false")
    else:
        frame = spark.createDataFrame([], given if given is not None else "value string")
    if source.schema is None and kind != "text":
        from pyspark.sql import functions as F

        # everything fits the columns that were learned from it, so there is nothing to rescue
        frame = frame.withColumn(own.get("rescuedDataColumn", "_rescued_data"), F.lit(None).cast("string"))
    return frame


def _inferred(
    spark: Any, kind: str, options: Mapping[str, str], files: list[str], infer: bool, source: FileSource, place: Where
) -> Any:
    """Return the columns of files; without types, Auto Loader takes every value of CSV and JSON for a text."""
    more = {"inferSchema": "true"} if kind == "csv" and infer else {}
    schema = spark.read.format(kind).options(**options, **more).load(files).schema
    if kind == "json" and not infer:
        from pyspark.sql.types import StringType, StructField, StructType

        other = [field.name for field in schema.fields if not isinstance(field.dataType, StringType)]
        if other:
            raise needs_workspace(
                f"Reading '{other[0]}' of '{source.path}' as a text, which Auto Loader does without a schema or "
                "cloudFiles.inferColumnTypes,",
                place,
            )
        return StructType([StructField(field.name, StringType()) for field in schema.fields])
    return schema


def _reader_options(given: Mapping[str, str], kind: str, place: Where) -> Iterator[tuple[str, str]]:
    names = {key.lower() for key in given}
    if kind == "csv" and "header" not in names and (_LOADER + "format" in names or "infercolumntypes" in names):
        yield "header", "true"
    for key, value in given.items():
        low = key.lower()
        name = low.removeprefix(_LOADER)
        if low.startswith(_LOADER) or low in ("infercolumntypes", "schemalocation", "schemaevolutionmode"):
            refused = name not in _WITHOUT_EFFECT or (name == "includeexistingfiles" and str(value).lower() == "false")
            if refused:
                raise needs_workspace(f"The option {key}", place)
        elif low not in ("pathglobfilter", "filenamepattern", "maxfilespertrigger", "maxbytespertrigger", "path"):
            yield key, str(value)


def _below(path: str) -> Iterator[str]:
    """Yield the files that a path names: itself, what matches it, what lies below a folder."""
    for each in glob.iglob(path, recursive=True) if glob.has_magic(path) else [path]:
        if os.path.isfile(each):
            yield each
            continue
        for folder, folders, files in os.walk(each):
            folders[:] = [name for name in folders if not name.startswith((".", "_"))]
            yield from (os.path.join(folder, name) for name in files if not name.startswith((".", "_")))
