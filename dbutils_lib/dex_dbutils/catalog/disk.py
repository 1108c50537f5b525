"""What lies in a local warehouse: ``<warehouse>/<catalog>/<schema>/<table>``, so that the path is the name.

Sail 0.7.2 writes a character of a name that may mean something in a path as ``u+0020``, and percent-encodes those beyond ASCII.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from dex_dbutils.catalog.aliases import engine_path
from dex_dbutils.config import Environment

#: Stands in the name of an empty folder that Sail leaves beside one whose name is percent-encoded.
_ENCODED_TWICE = "%25"
_ESCAPED = re.compile(r"u\+([0-9A-F]{4,6})")
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


def schema_location(environment: Environment, schema: str) -> str:
    """Return the folder of a schema as a statement names it.

    Raises:
        DexError: DEX-CATALOG-04, the engine would change the path.
    """
    return str(engine_path(catalog_folder(environment) / schema))


def table_location(environment: Environment, table: StoredTable) -> str:
    """Return the folder of a table as a statement names it: the engine percent-encodes its name itself.

    Raises:
        DexError: DEX-CATALOG-04, the engine would change the rest of the path.
    """
    return os.path.join(schema_location(environment, table.schema), unquote(table.path.name))


def stored_schemas(environment: Environment) -> list[str]:
    """Return the schemas that have a folder, by name."""
    return sorted(entry.name for entry in _folders(catalog_folder(environment)))


def stored_tables(environment: Environment, schema: str) -> list[StoredTable]:
    """Return the tables of a schema that have data, by name."""
    tables = []
    for entry in _folders(catalog_folder(environment) / schema):
        kind = table_format(Path(entry.path))
        if kind is not None:
            tables.append(StoredTable(schema, _name(entry.name), Path(entry.path), kind))
    return sorted(tables, key=lambda table: table.name)


def stored_table(environment: Environment, schema: str, name: str) -> StoredTable | None:
    """Return a table of a schema that has data, whatever the case of its name; None if there is none."""
    for entry in _folders(catalog_folder(environment) / schema):
        if _name(entry.name).casefold() == name.casefold():
            kind = table_format(Path(entry.path))
            return None if kind is None else StoredTable(schema, _name(entry.name), Path(entry.path), kind)
    return None


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


def _name(folder: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), unquote(folder))


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    return [
        entry
        for entry in _entries(folder)
        if not entry.name.startswith((".", "_")) and _ENCODED_TWICE not in entry.name and entry.is_dir()
    ]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
