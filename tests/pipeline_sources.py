"""Pipelines for tests: sources by name, run in this process on an engine of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dex.pipelines import Pipeline, Update, pipeline_of, run_pipeline
from dex_dbutils import Environment

HEAD = "from pyspark import pipelines as dp\nfrom pyspark.sql import functions as F\n\n"


class Trial:
    """A pipeline whose sources a test writes.

    Args:
        environment: where it runs.
        key: its key; its schema is called so as well.
    """

    def __init__(self, environment: Environment, key: str) -> None:
        self.environment, self.key = environment, key
        self.folder = environment.project.root / "pipelines" / key
        self.log: list[str] = []

    def write(self, sources: Mapping[str, str]) -> None:
        """Write sources; Python gets the usual imports."""
        for name, text in sources.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(HEAD + text if path.suffix == ".py" and not text.startswith("#") else text)

    def pipeline(self, **settings: Any) -> Pipeline:
        """Return the pipeline of all that was written."""
        root = self.environment.project.root
        given = {"name": self.key, "catalog": "main", "schema": self.key, **settings}
        given.setdefault("libraries", [{"glob": {"include": f"pipelines/{self.key}/**"}}])
        return pipeline_of(self.key, given, root, lambda name, _: root / name, lambda name: root / name)

    def run(
        self, sources: Mapping[str, str] | None = None, *, settings: Mapping[str, Any] | None = None, **asked: Any
    ) -> Update:
        """Run an update."""
        self.write(sources or {})
        self.log = []
        return run_pipeline(self.pipeline(**(settings or {})), self.environment, log=self.log.append, **asked)

    def rows(self, table: str, spark: Any, schema: str | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of a table, sorted."""
        frame = spark.table(f"{self.environment.catalog}.{schema or self.key}.{table}")
        return sorted((tuple(row) for row in frame.collect()), key=repr)

    @staticmethod
    def states(update: Update) -> dict[str, str | None]:
        """Return what each table came to, by its own name."""
        return {each.name.rpartition(".")[2]: each.state for each in update.datasets}
