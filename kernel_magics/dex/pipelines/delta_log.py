"""The log of a Delta table on this machine: its version, and which files were added since another one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

_COMMIT = re.compile(r"(\d{20})\.json\Z")


class ChangedSource(Exception):
    """Rows were changed or taken away: by which commit, in which way."""


class LostHistory(Exception):
    """What was added since a version cannot be told any more."""


@dataclass(frozen=True)
class Added:
    """A file of rows that was added.

    Attributes:
        path: where it lies.
        partition: values of the columns that the files are divided by.
    """

    path: Path
    partition: tuple[tuple[str, str | None], ...]


class DeltaLog:
    """The log of the table in a folder, as it is now.

    Args:
        folder: the table's folder, which has a log.
        location: the folder as the engine takes it; the same if not given.
    """

    def __init__(self, folder: Path, location: str | None = None) -> None:
        self.folder, self.location = folder, location or str(folder)
        found = (_COMMIT.match(path.name) for path in (folder / "_delta_log").iterdir())
        self._versions = sorted(int(match[1]) for match in found if match)

    @staticmethod
    def of(folder: Path, location: str | None = None) -> DeltaLog | None:
        """Return the log of a folder; None where there is no table."""
        if not (folder / "_delta_log").is_dir():
            return None
        log = DeltaLog(folder, location)
        return log if log._versions else None

    @property
    def version(self) -> int:
        """The latest version."""
        return self._versions[-1]

    @property
    def id(self) -> str:
        """What tells this table from another one of its name."""
        return str(self._metadata().get("id", ""))

    def rows_added(self, version: int) -> int | None:
        """Return how many rows a commit has added; None where it does not say."""
        rows = 0
        for action in self._actions(version):
            add = action.get("add")
            if add is not None:
                told = json.loads(add.get("stats") or "{}").get("numRecords")
                if told is None:
                    return None
                rows += int(told)
        return rows

    def added(self, after: int, upto: int, options: Mapping[str, str]) -> list[Added]:
        """Return the files that were added behind one version, up to another one.

        Args:
            after: the version.
            upto: the other one, whose files are among them.
            options: of the reader: ``skipChangeCommits``, ``ignoreDeletes``.

        Raises:
            ChangedSource: rows were changed or taken away in between.
            LostHistory: a commit in between is gone, or holds what cannot be read file by file.
        """
        found: list[Added] = []
        for version in range(after + 1, upto + 1):
            actions = list(self._actions(version))
            adds = [a["add"] for a in actions if a.get("add", {}).get("dataChange")]
            removes = [a["remove"] for a in actions if a.get("remove", {}).get("dataChange")]
            if removes:
                if _is_on(options, "skipChangeCommits") or (not adds and _is_on(options, "ignoreDeletes")):
                    continue
                operation = next((a["commitInfo"].get("operation", "") for a in actions if "commitInfo" in a), "")
                raise ChangedSource(f"version {version}, {operation or 'a change'}")
            if any(add.get("deletionVector") for add in adds):
                raise LostHistory(f"version {version} adds files with deletion vectors")
            found += [Added(self._file(add["path"]), tuple((add.get("partitionValues") or {}).items())) for add in adds]
        if "delta.columnMapping.mode" in (self._metadata().get("configuration") or {}) and found:
            raise LostHistory("the table's columns have other names in its files")
        return found

    def _file(self, path: str) -> Path:
        """Return where a file of the table lies; the engine would take one that is not there for one without rows."""
        place = self.folder / unquote(path)
        if not place.is_file():
            raise LostHistory(f"its file {place.name} is not beside its log")
        return place

    def _actions(self, version: int) -> Iterator[dict[str, Any]]:
        try:
            text = (self.folder / "_delta_log" / f"{version:020d}.json").read_text("utf-8")
        except FileNotFoundError as error:
            raise LostHistory(f"version {version} is not in the log any more") from error
        return (json.loads(line) for line in text.splitlines() if line.strip())

    def _metadata(self) -> dict[str, Any]:
        for version in reversed(self._versions):
            for action in self._actions(version):
                if "metaData" in action:
                    found: dict[str, Any] = action["metaData"]
                    return found
        return {}


def _is_on(options: Mapping[str, str], key: str) -> bool:
    return next((value for name, value in options.items() if name.lower() == key.lower()), "").lower() == "true"
