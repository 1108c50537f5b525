"""Rows of a dataset brought into its table, in one commit or not at all."""

from __future__ import annotations

from typing import Any

from dex_dbutils import PipelineError

from dex.pipelines.elements import Changes, Dataset


def as_declared(frame: Any, dataset: Dataset) -> Any:
    """Return a frame with the columns that its dataset declares.

    Raises:
        PipelineError: DEX-PIPELINE-14, it has others.
    """
    if dataset.columns is None:
        return frame
    from pyspark.sql import functions as F

    has = list(frame.columns)
    if dataset.positional:
        if len(has) != len(dataset.columns):
            raise _other_columns(dataset, has)
        frame = frame.toDF(*[name for name, _ in dataset.columns])
    elif {name.lower() for name in has} != {name.lower() for name, _ in dataset.columns}:
        raise _other_columns(dataset, has)
    return frame.select(
        *[
            F.col(f"`{name}`") if kind is None else F.col(f"`{name}`").cast(kind).alias(name)
            for name, kind in dataset.columns
        ]
    )


def _other_columns(dataset: Dataset, has: list[str]) -> PipelineError:
    declared = ", ".join(name for name, _ in dataset.columns or ())
    return PipelineError(
        "DEX-PIPELINE-14",
        f"The query of {dataset.name} gives the columns {', '.join(has)}; declared are {declared}.",
        dataset.place,
        "Declare the columns that the query gives, or select those that are declared.",
    )


def write(frame: Any, dataset: Dataset, *, anew: bool) -> None:
    """Write rows into a table.

    Args:
        frame: the rows.
        dataset: whose table it is.
        anew: they take the place of all that is there, columns too; else they are added.
    """
    writer = frame.write.format("delta")
    if anew:
        writer = writer.mode("overwrite").option("overwriteSchema", "true")
        if dataset.partitioned_by:
            writer = writer.partitionBy(*dataset.partitioned_by)
    else:
        writer = writer.mode("append").option("mergeSchema", "true")
    writer.saveAsTable(dataset.name.sql)


def newest_of_each_key(frame: Any, changes: Changes, dataset: Dataset) -> Any:
    """Return what a feed of changes leaves of each key: its newest row, or none where that takes the row away.

    It is what SCD type 1 comes to, whatever the order in which the changes arrive.

    Args:
        frame: all changes.
        changes: the flow.
        dataset: the table.

    Raises:
        PipelineError: DEX-PIPELINE-15, a key or the sequence of a change is NULL.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    def column(given: Any) -> Any:
        return F.expr(given) if isinstance(given, str) else given

    sequence = column(changes.sequence_by)
    keys = [F.col(f"`{key}`") for key in changes.keys]
    empty = sequence.isNull()
    for key in keys:
        empty = empty | key.isNull()
    bad = frame.where(empty).count()
    if bad:
        raise PipelineError(
            "DEX-PIPELINE-15",
            f"The change feed into {dataset.name} has {bad} changes whose key or sequence is NULL; nothing was written.",
            changes.place,
            "Leave such rows out of the source.",
        )
    ranked = frame.withColumn("__dex_rank", F.row_number().over(Window.partitionBy(*keys).orderBy(sequence.desc())))
    return without_deletes(ranked.where("__dex_rank = 1").drop("__dex_rank"), changes)


def without_deletes(frame: Any, changes: Changes) -> Any:
    """Return changes without those that take a row away, with the columns that the table is to have."""
    from pyspark.sql import functions as F

    if changes.deletes is not None:
        deletes = F.expr(changes.deletes) if isinstance(changes.deletes, str) else changes.deletes
        frame = frame.where(~F.coalesce(deletes, F.lit(False)))
    if changes.columns is not None:
        frame = frame.select(*[F.col(f"`{name}`") for name in changes.columns])
    return frame.drop(*changes.left_out) if changes.left_out else frame
