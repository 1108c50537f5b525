"""``dbutils.jobs``: values that the tasks of a job hand to each other."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from dex_dbutils.config import Project
from dex_dbutils.errors import UtilitiesError
from dex_dbutils.utilities.named import Named

#: Whoever runs a job sets these two; outside of a job values live as long as the process.
RUN_VARIABLE, TASK_VARIABLE = "DEX_JOB_RUN", "DEX_TASK_KEY"
#: The platform's limit of one value, in bytes of JSON.
LARGEST_VALUE = 48 * 1024

_NOT_GIVEN: Any = object()


class TaskValues(Named):
    """``dbutils.jobs.taskValues``."""

    _called = "dbutils.jobs.taskValues"

    def __init__(self, project: Project) -> None:
        self._project = project
        self._here: dict[str, Any] = {}

    def set(self, key: str, value: Any) -> None:
        """Hand a value to later tasks of the job.

        Args:
            key: its name.
            value: anything that JSON can hold, 48 KiB at most.

        Raises:
            UtilitiesError: DEX-UTIL-09, the value is neither.
        """
        try:
            text = json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise UtilitiesError(
                "DEX-UTIL-09",
                f"The value of '{key}' cannot be handed on: {error}.",
                remedy="Hand on text, numbers, lists and dictionaries; write tables to the catalog.",
            ) from error
        if len(text.encode()) > LARGEST_VALUE:
            raise UtilitiesError(
                "DEX-UTIL-09",
                f"The value of '{key}' is larger than {LARGEST_VALUE // 1024} KiB.",
                remedy="Write it to a table or file, and hand on its name.",
            )
        task = os.environ.get(TASK_VARIABLE)
        folder = self._folder()
        if folder is None or not task:
            self._here[key] = json.loads(text)
            return
        values = self._read(folder, task)
        values[key] = json.loads(text)
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=str(folder))
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(values, file)
        os.replace(temporary, folder / f"{_plain(task)}.json")

    def get(self, taskKey: str, key: str, default: Any = _NOT_GIVEN, debugValue: Any = _NOT_GIVEN) -> Any:
        """Return a value that an earlier task set.

        Args:
            taskKey: the task that set it.
            key: its name.
            default: returned if the task set no such value.
            debugValue: returned outside of a job, where no task has run; a value set in this process goes first.

        Raises:
            UtilitiesError: DEX-UTIL-10, there is no such value and nothing to return instead.
        """
        folder = self._folder()
        if folder is None:
            if key in self._here:
                return self._here[key]
            if debugValue is not _NOT_GIVEN and debugValue is not None:
                return debugValue
        else:
            values = self._read(folder, taskKey)
            if key in values:
                return values[key]
        if default is not _NOT_GIVEN and default is not None:
            return default
        where = "outside of a job" if folder is None else f"in this run of task '{taskKey}'"
        raise UtilitiesError(
            "DEX-UTIL-10",
            f"There is no task value '{key}' {where}.",
            remedy="Give `default`, and `debugValue` for runs outside of a job.",
        )

    def _folder(self) -> Path | None:
        run = os.environ.get(RUN_VARIABLE)
        return self._project.dex_dir / "task_values" / _plain(run) if run else None

    def _read(self, folder: Path, task: str) -> dict[str, Any]:
        try:
            values: dict[str, Any] = json.loads((folder / f"{_plain(task)}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return values


class JobsUtilities(Named):
    """``dbutils.jobs``."""

    _called = "dbutils.jobs"

    def __init__(self, project: Project) -> None:
        self.taskValues = TaskValues(project)


def read_task_values(project: Project, run: str) -> dict[str, dict[str, Any]]:
    """Return the values that the tasks of a job's run have set, by task and name."""
    folder = project.dex_dir / "task_values" / _plain(run)
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)
