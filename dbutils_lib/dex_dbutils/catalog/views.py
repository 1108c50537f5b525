"""Views of a local warehouse: kept as the statement that made them, in ``<schema>/.views/<view>.sql``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dex_dbutils.catalog.disk import catalog_folder
from dex_dbutils.config import Environment

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FOLDER = ".views"
_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
#: The head of a statement that makes a lasting view, up to its name.
_HEAD = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?VIEW\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    r"(?P<name>(?:`(?:[^`]|``)+`|[A-Za-z_0-9]+)(?:\s*\.\s*(?:`(?:[^`]|``)+`|[A-Za-z_0-9]+))*)",
    re.IGNORECASE,
)
_PART = re.compile(r"`((?:[^`]|``)+)`|([A-Za-z_0-9]+)")


@dataclass(frozen=True)
class StoredView:
    """A view that a local warehouse holds.

    Attributes:
        schema: its schema.
        name: its name.
        path: the file with its statement.
        version: changes when the file does.
    """

    schema: str
    name: str
    path: Path
    version: int

    @property
    def statement(self) -> str:
        """The statement that makes it, whether or not it is there already."""
        text = self.path.read_text("utf-8")
        return re.sub(
            r"CREATE\s+(?:OR\s+REPLACE\s+)?VIEW\s+(?:IF\s+NOT\s+EXISTS\s+)?",
            "CREATE OR REPLACE VIEW ",
            text,
            count=1,
            flags=re.IGNORECASE,
        )


def view_name(statement: str) -> list[str] | None:
    """Return the parts of the name of the view that a statement makes; None for every other statement.

    Example:
        >>> view_name("create or replace view gold.`by hour` as select 1")
        ['gold', 'by hour']
    """
    start = _COMMENTS.match(statement)
    head = _HEAD.match(statement, start.end() if start else 0)
    if head is None:
        return None
    return [(quoted or plain).replace("``", "`") for quoted, plain in _PART.findall(head["name"])]


def keep_view(spark: SparkSession, environment: Environment, statement: str) -> None:
    """Keep a view that a statement just made, if it is one of the environment's catalog."""
    parts = view_name(statement)
    if parts is None:
        return
    if len(parts) < 3:
        current = spark.sql("SELECT current_catalog(), current_schema()").collect()[0]
        parts = [str(current[0]), *([] if len(parts) == 2 else [str(current[1])]), *parts]
    catalog, schema, name = parts
    if catalog != environment.catalog or "/" in name or name.startswith("."):
        return
    folder = catalog_folder(environment) / schema / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    start = _COMMENTS.match(statement)
    partial = folder / f".{name}.{os.getpid()}"
    partial.write_text(statement[start.end() if start else 0 :], "utf-8")
    partial.replace(folder / f"{name}.sql")


def stored_views(environment: Environment, schema: str) -> list[StoredView]:
    """Return the views of a schema, in the order in which they were made, so that one may stand on another."""
    found = []
    for path in (catalog_folder(environment) / schema / FOLDER).glob("[!.]*.sql"):
        try:
            found.append(StoredView(schema, path.stem, path, path.stat().st_mtime_ns))
        except FileNotFoundError:  # dropped by another notebook just now
            continue
    return sorted(found, key=lambda view: view.version)
