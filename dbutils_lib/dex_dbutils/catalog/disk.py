"""What lies in a local warehouse: ``<warehouse>/<catalog>/<schema>/<table>``, so that the path is the name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dex_dbutils.config import Environment

#: How a table's format shows, looked for in this order.
_SUFFIXES = {".parquet": "parquet", ".csv": "csv", ".json": "json", ".txt": "text"}


@dataclass(frozen=True)
class StoredTable:
    """A table that a local warehouse holds.

    Attributes:
        schema: its schema.
        name: its name.
        path: its folder.
        format: delta, parquet, csv, json or text.
    """

    schema: str
    name: str
    path: Path
    format: str


def catalog_folder(environment: Environment) -> Path:
    """Return the folder of the environment's catalog."""
    return environment.warehouse / environment.catalog


def stored_schemas(environment: Environment) -> list[str]:
    """Return the schemas that have a folder, by name."""
    return sorted(entry.name for entry in _folders(catalog_folder(environment)))


def stored_tables(environment: Environment, schema: str) -> list[StoredTable]:
    """Return the tables of a schema that have data, by name."""
    tables = []
    for entry in _folders(catalog_folder(environment) / schema):
        kind = table_format(Path(entry.path))
        if kind is not None:
            tables.append(StoredTable(schema, entry.name, Path(entry.path), kind))
    return sorted(tables, key=lambda table: table.name)


def unfinished_tables(environment: Environment, schema: str) -> bool:
    """Return whether a schema has folders without data: a table that somebody is just making, or left half made."""
    return any(table_format(Path(entry.path)) is None for entry in _folders(catalog_folder(environment) / schema))


def table_format(folder: Path) -> str | None:
    """Return the format of the table in a folder; None if there is none, or none yet."""
    if (folder / "_delta_log").is_dir():
        has_commit = any(entry.name.endswith((".json", ".parquet")) for entry in _entries(folder / "_delta_log"))
        return "delta" if has_commit else None
    for _, _, files in os.walk(folder):
        for file in files:
            kind = _SUFFIXES.get(Path(file).suffix)
            if kind is not None and not file.startswith((".", "_")):
                return kind
    return None


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    return [e for e in _entries(folder) if not e.name.startswith((".", "_")) and e.is_dir()]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
