"""Recorded calls, read from their file and made again."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dex_dbutils.recorded.values import make_frame, plain

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Version of the files; a file of another one is not read.
VERSION = 1
ZONE = "spark.sql.session.timeZone"


@dataclass(frozen=True)
class RecordedCall:
    """One call of a function.

    Attributes:
        number: which of the function's recorded calls, counted from 1.
        arguments: recorded values by the name of the parameter.
        gives: what it gave, as `plain` says it.
        ordered: the order of the rows is part of what it gives.
        time_zone: time zone of the session that it was recorded in.
    """

    number: int
    arguments: dict[str, Any]
    gives: Any
    ordered: bool = False
    time_zone: str = "UTC"

    def outcome(
        self, function: Callable[..., Any], spark: SparkSession, *, new: Callable[..., Any] | None = None
    ) -> Any:
        """Return what a function gives for the recorded arguments, to be compared with ``gives``.

        Args:
            function: the function, as it is now; of an asynchronous one, its result.
            spark: session of any engine.
            new: makes the object whose method the function is: its class.
        """
        before = spark.conf.get(ZONE)
        spark.conf.set(ZONE, self.time_zone)
        try:
            return plain(called(function, self.arguments, spark, new=new), ordered=self.ordered)
        finally:
            if before is not None:
                spark.conf.set(ZONE, before)

    def __str__(self) -> str:
        """Return its number: the id of its test."""
        return str(self.number)


def called(
    function: Callable[..., Any],
    arguments: dict[str, Any],
    spark: SparkSession,
    *,
    new: Callable[..., Any] | None = None,
    backwards: bool = False,
) -> Any:
    """Return what a function gives for recorded arguments; of an asynchronous one, its result.

    Args:
        function: the function, or a method that takes its object as an argument.
        arguments: recorded values by the name of the parameter.
        spark: session of any engine.
        new: makes the object whose method the function is: its class.
        backwards: turn the rows of every frame round.
    """

    def value(recorded: Any) -> Any:
        if "columns" in recorded:
            rows = recorded["rows"][::-1] if backwards else recorded["rows"]
            return make_frame(spark, recorded["columns"], rows)
        if "session" in recorded:
            return spark
        if "new" in recorded and new is not None:
            return new(**{name: value(inner) for name, inner in recorded["new"].items()})
        return ast.literal_eval(recorded["literal"])

    found = function(**{name: value(recorded) for name, recorded in arguments.items()})
    if not inspect.iscoroutine(found):
        return found
    with ThreadPoolExecutor(1) as pool:  # this thread may have a loop that runs
        return pool.submit(asyncio.run, found).result()


def read_calls(path: Path) -> list[RecordedCall]:
    """Return the calls that a file holds.

    Args:
        path: a JSON file below ``tests/data``, written by `dex export --record`.

    Raises:
        OSError: there is no such file.
        ValueError: the file is of another version.
    """
    content = json.loads(path.read_text("utf-8"))
    if content.get("version") != VERSION:
        raise ValueError(
            f"{path.name} is not a recording of version {VERSION}: record again with `dex export --record`"
        )
    return [
        RecordedCall(
            number, call["arguments"], call["gives"], content.get("ordered", False), content.get("time_zone", "UTC")
        )
        for number, call in enumerate(content["calls"], start=1)
    ]
