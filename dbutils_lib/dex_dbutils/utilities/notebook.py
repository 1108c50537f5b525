"""``dbutils.notebook``: run another notebook, leave this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from dex_dbutils.config import Environment
from dex_dbutils.errors import UtilitiesError, Where
from dex_dbutils.utilities.context import EntryPoint, NotebookContext
from dex_dbutils.utilities.named import Named
from dex_dbutils.utilities.widgets import PARAMETERS_VARIABLE

#: Seconds that a run which is not wanted any more may take to end its kernel.
GOODBYE = 15.0
#: Endings that may be left out.
ENDINGS = (".ipynb", ".py", ".sql")


class NotebookExit(Exception):
    """Ends a notebook with a value: no failure, although it stops the cell that raises it.

    Whoever runs the notebook takes a cell that ends with this as the end of the run, and ``value`` as its result.

    Args:
        value: the result, as text.
    """

    def __init__(self, value: str) -> None:
        self.value = value
        super().__init__(value)

    def _render_traceback_(self, *_: object) -> list[str]:
        """Return the line that IPython prints instead of a traceback."""
        return [f"Notebook exited: {self.value}"]


class NotebookUtilities(Named):
    """``dbutils.notebook``."""

    _called = "dbutils.notebook"

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.entry_point = EntryPoint(environment)

    def getContext(self) -> NotebookContext:
        """Return what is known of the notebook that runs: its path and user."""
        return self.entry_point.getContext()

    def exit(self, value: Any = "") -> None:
        """End the notebook with a value.

        Raises:
            NotebookExit: always.
        """
        raise NotebookExit(str(value))

    def run(self, path: str, timeout_seconds: int = 0, arguments: Mapping[str, Any] | None = None) -> str:
        """Run another notebook as a task in a kernel of its own and return the value that it exits with.

        Args:
            path: the notebook, relative to the working folder, or a path of the workspace, of which the folders above
                the project are left away; its ending may be left out.
            timeout_seconds: end it after so many seconds; 0 waits without limit.
            arguments: its parameters.

        Raises:
            UtilitiesError: DEX-UTIL-12, there is no such notebook; DEX-UTIL-13, dex is not installed here;
                DEX-UTIL-14, it failed or took too long.
        """
        notebook = self._find(path)
        command = [sys.executable, "-m", "dex", "run", str(notebook), "--json", "--env", self._environment.name]
        if self._environment.project.exists:
            command += ["--project", str(self._environment.project.root)]
        given = {str(key): str(value) for key, value in (arguments or {}).items()}
        for key, value in given.items():
            command += ["-p", f"{key}={value}"]
        environ = {**os.environ, PARAMETERS_VARIABLE: json.dumps(given)}
        child = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            stdout, stderr = child.communicate(timeout=timeout_seconds or None)
        except BaseException as error:  # too long, or interrupted: the notebook's kernel ends too
            _end(child)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise UtilitiesError(
                "DEX-UTIL-14",
                f"The notebook took longer than {timeout_seconds} s and was ended.",
                notebook,
                "Give it more time, or 0 for no limit.",
            ) from error
        return _value_of(child.returncode, stdout, stderr, notebook)

    def _find(self, path: str) -> Path:
        for place in (Path(path), *self._in_the_project(path)):
            for candidate in (place, *(place.with_name(f"{place.name}{ending}") for ending in ENDINGS)):
                if candidate.is_file():
                    return candidate
        raise UtilitiesError(
            "DEX-UTIL-12",
            f"There is no notebook '{path}'.",
            Path.cwd(),
            "Give its path relative to the working folder, or the one in the workspace.",
        )

    def _in_the_project(self, path: str) -> list[Path]:
        """Return where a path of the workspace may lie; the folders above the project may have any names."""
        root, parts = self._environment.project.root, PurePosixPath(path).parts[1:]
        if not path.startswith("/"):
            return []
        kept = [start for start in range(len(parts)) if start < len(parts) - 1 or parts[start - 1] == root.name]
        return [root.joinpath(*parts[start:]) for start in kept]


def _end(child: subprocess.Popen[str]) -> None:
    child.terminate()
    try:
        child.communicate(timeout=GOODBYE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()


def _value_of(code: int, stdout: str, stderr: str, notebook: Path) -> str:
    try:
        answer = json.loads(stdout)
    except ValueError:
        answer = None
    if code == 0 and isinstance(answer, dict):
        return str(answer.get("value") or "")
    if answer is None and "No module named dex" in stderr:
        raise UtilitiesError(
            "DEX-UTIL-13",
            "Only dex can run a notebook, and it is not installed in this Python.",
            notebook,
            "pip install 'dexkit[local]'; deployed code calls functions instead of notebooks.",
        )
    error = answer.get("error", {}) if isinstance(answer, dict) else {}
    reason = error.get("what") or (stderr.strip().splitlines() or ["no message"])[-1]
    place = {key: value for key, value in error.get("where", {}).items() if key in ("cell", "line")}
    raise UtilitiesError(
        "DEX-UTIL-14",
        f"The notebook failed: {reason.removeprefix('A cell failed: ')}",
        Where(str(notebook), **place),
        "Run it by itself: dex run, and look at the cell.",
    )
