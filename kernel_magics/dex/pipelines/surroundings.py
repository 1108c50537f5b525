"""What surrounds an update: one at a time, the session's settings, catalog and schema, where sources import from."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dex_dbutils import PipelineError
from filelock import FileLock, Timeout

from dex.pipelines.elements import ticked

STAGING = "staging"


@contextmanager
def one_at_a_time(folder: Path, key: str) -> Iterator[None]:
    """Keep others from running an update of the same pipeline; what rows were staged is gone afterwards.

    Args:
        folder: the pipeline's own folder; made where it is not there.
        key: what people call the pipeline.

    Raises:
        PipelineError: DEX-PIPELINE-12, an update is going on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise PipelineError(
            "DEX-PIPELINE-12", f"An update of the pipeline '{key}' is going on.", folder, "Wait for its end."
        ) from error
    try:
        shutil.rmtree(folder / STAGING, ignore_errors=True)  # of one that was killed
        yield
    finally:
        shutil.rmtree(folder / STAGING, ignore_errors=True)
        lock.release()


class SessionSettings:
    """Settings that a session gets for a while.

    Args:
        spark: the session.
        values: settings by key; changed ones are added.
    """

    def __init__(self, spark: Any, values: dict[str, str]) -> None:
        self._spark = spark
        self.values = values
        self._before: dict[str, str | None] = {}

    def set(self, key: str, value: str) -> None:
        """Give the session a setting."""
        if key not in self._before:
            try:
                self._before[key] = self._spark.conf.get(key)
            except Exception:  # noqa: BLE001  there was none
                self._before[key] = None
        self.values[key] = value
        self._spark.conf.set(key, value)

    @contextmanager
    def kept(self, catalog: str, schema: str, make: bool) -> Iterator[None]:
        """Give the session all settings, a catalog and a schema, and take them back.

        Args:
            catalog: the catalog.
            schema: the schema.
            make: make the schema where it is not there.
        """
        before = (self._spark.catalog.currentCatalog(), self._spark.catalog.currentDatabase())
        try:
            for key, value in list(self.values.items()):
                self.set(key, value)
            self._spark.catalog.setCurrentCatalog(catalog)
            if make:
                make_schema(self._spark, catalog, schema)
            if self._spark.catalog.databaseExists(schema):
                self._spark.catalog.setCurrentDatabase(schema)
            yield
        finally:
            with suppress(Exception):  # the engine may be gone
                self._spark.catalog.setCurrentCatalog(before[0])
                self._spark.catalog.setCurrentDatabase(before[1])
                self._take_back(self._before)

    @contextmanager
    def during(self, values: dict[str, str]) -> Iterator[None]:
        """Give the session some more settings for a shorter while."""
        more = SessionSettings(self._spark, {})
        try:
            for key, value in values.items():
                more.set(key, value)
            yield
        finally:
            self._take_back(more._before)

    def _take_back(self, before: dict[str, str | None]) -> None:
        for key, value in before.items():
            if value is None:
                self._spark.conf.unset(key)
            else:
                self._spark.conf.set(key, value)


def make_schema(spark: Any, catalog: str, schema: str) -> None:
    """Make a schema where it is not there."""
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS {ticked(catalog)}.{ticked(schema)}")


@contextmanager
def importing(folders: Sequence[Path]) -> Iterator[None]:
    """Let imports look into folders first; modules that come from there are forgotten, since another run may differ."""
    places = [str(folder) for folder in folders]
    before, known = list(sys.path), set(sys.modules)
    sys.path[:0] = places
    try:
        yield
    finally:
        sys.path[:] = before
        for name in set(sys.modules) - known:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if any(Path(file).is_relative_to(place) for place in places if file):
                del sys.modules[name]
