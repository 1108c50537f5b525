"""Delta tables for tests, as logs without rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def commit(table: Path, version: int, *actions: dict[str, Any]) -> None:
    """Write a commit into a table's log."""
    (table / "_delta_log").mkdir(parents=True, exist_ok=True)
    (table / f"_delta_log/{version:020d}.json").write_text("\n".join(map(json.dumps, actions)))


def add(table: Path, name: str, **more: Any) -> dict[str, Any]:
    """Make an empty file and return the action that adds it."""
    table.mkdir(parents=True, exist_ok=True)
    (table / name).touch()
    return {"add": {"path": name, "dataChange": True, "partitionValues": {}, "stats": '{"numRecords": 2}', **more}}


REMOVE = {"remove": {"path": "old", "dataChange": True}}
META = {"metaData": {"id": "this one", "configuration": {}}}
