"""Recorded calls, read from their file and made again."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
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

    def outcome(self, function: Callable[..., Any], spark: SparkSession) -> Any:
        """Return what a function gives for the recorded arguments, to be compared with ``gives``.

        Args:
            function: the function, as it is now.
            spark: session of any engine.
        """
        before = spark.conf.get(ZONE)
        spark.conf.set(ZONE, self.time_zone)
        try:
            given = {name: self._value(value, spark) for name, value in self.arguments.items()}
            return plain(function(**given), ordered=self.ordered)
        finally:
            if before is not None:
                spark.conf.set(ZONE, before)

    def _value(self, recorded: Any, spark: SparkSession) -> Any:
        if "columns" in recorded:
            return make_frame(spark, recorded["columns"], recorded["rows"])
        if "session" in recorded:
            return spark
        return ast.literal_eval(recorded["literal"])

    def __str__(self) -> str:
        """Return its number: the id of its test."""
        return str(self.number)


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
