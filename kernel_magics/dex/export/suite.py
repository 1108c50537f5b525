"""The tests of exported modules run, each outcome with its place in the notebook."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from dex_dbutils import ExportError, Where
from dex_dbutils.config import Project
from pydantic import Field

from dex.export.exporting import module_name, shown_path
from dex.export.mapping import map_path, read_map
from dex.export.models import Model
from dex.export.places.finding import Place

#: Exit codes of pytest with which it has run what it was given: all green, some red, no test.
_RAN = (0, 1, 5)


class CaseOutcome(Model):
    """What became of one test.

    Attributes:
        name: its name in the test file; the file itself where it cannot be imported.
        outcome: ``failed`` too where what it needs failed, such as the run of `main`.
        message: first line of what went wrong, or why it was skipped.
        where: file and line of the project that failed.
        place: where in a notebook that was written, or what the test was made from.
        seconds: how long it took.
    """

    name: str
    outcome: Literal["passed", "failed", "skipped"]
    message: str = ""
    where: str = ""
    place: Place | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        """Return it in one line."""
        told = ": ".join(part for part in (self.name, self.message) if part)
        return f"{self.place}: {told}" if self.place else f"{self.where}: {told}" if self.where else told


class SuiteReport(Model):
    """What became of the tests of a notebook's module.

    Attributes:
        notebook: its path, below the project.
        tests: path of the test file, below the project.
        seconds: how long the run took.
        cases: in the order in which they ran.
    """

    notebook: str
    tests: str
    seconds: float = 0.0
    cases: list[CaseOutcome] = Field(default_factory=list)

    def with_outcome(self, outcome: str) -> list[CaseOutcome]:
        """Return the tests that came to an outcome."""
        return [case for case in self.cases if case.outcome == outcome]

    @property
    def ok(self) -> bool:
        """Whether tests ran and none failed."""
        return bool(self.cases) and not self.with_outcome("failed")

    def to_text(self) -> str:
        """Return the report for terminals: counts, and each failed or skipped test with its place."""
        counts = ", ".join(f"{len(self.with_outcome(word))} {word}" for word in ("passed", "failed", "skipped"))
        lines = [f"{self.notebook}: {counts}, in {self.seconds:.1f} s"]
        for word in ("failed", "skipped"):
            lines += [f"  {word:<7}  {case}" for case in self.with_outcome(word)]
        if self.with_outcome("failed"):
            lines.append(f"The whole tracebacks: pytest {self.tests}")
        return "\n".join(lines)


def run_tests(
    path: Path,
    project: Project,
    *,
    environment: str | None = None,
    seconds: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> SuiteReport:
    """Run the generated tests of a notebook's module in a process of their own.

    Args:
        path: a notebook that was exported.
        project: where it was exported to.
        environment: environment of the tests; the project's default if not given.
        seconds: end the run after so long.
        progress: told what is run.

    Raises:
        ExportError: DEX-EXPORT-22, it has not been exported; DEX-EXPORT-24, the tests could not be run, or did not end.
    """
    shown, known = shown_path(path, project), read_map(project.root / map_path(module_name(path)))
    tests = f"tests/test_{module_name(path)}.py"
    if known.get("notebook") != shown or not (project.root / tests).is_file():
        raise ExportError(
            "DEX-EXPORT-22",
            f"{shown} has not been exported, so it has no tests.",
            Where(tests),
            "Export it first.",
        )
    if importlib.util.find_spec("pytest") is None:
        raise ExportError(
            "DEX-EXPORT-24", "The tests cannot be run: pytest is not installed here.", remedy="pip install pytest"
        )
    if progress is not None:
        progress(f"Running {tests}.")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dex-tests-") as folder:
        results, log = Path(folder) / "results", Path(folder) / "log"
        results.touch()
        code = _pytest(project.root, tests, results, log, environment, seconds)
        cases = [CaseOutcome.model_validate_json(line) for line in results.read_text("utf-8").splitlines()]
        if code is None or (code not in _RAN and not cases):
            said = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
            raise ExportError(
                "DEX-EXPORT-24",
                f"The tests did not end within {seconds:.0f} s."
                if code is None
                else f"The tests could not be run: {said[-1][:200] if said else f'pytest ended with {code}'}",
                Where(tests),
                f"Look at them in a terminal: pytest {tests}",
            )
    return SuiteReport(notebook=shown, tests=tests, seconds=time.monotonic() - begin, cases=cases)


def _pytest(
    root: Path, tests: str, results: Path, log: Path, environment: str | None, seconds: float | None
) -> int | None:
    """Run pytest and return its exit code; None where it did not end in time."""
    words = ["-q", "--no-header", "--tb=short", "-o", "addopts=", "-p", "no:cacheprovider"]
    words += ["-p", "dex", "-p", "dex.testing.results", f"--dex-results={results}", f"--rootdir={root}", tests]
    paths = [str(root / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {
        **os.environ,
        "PYTEST_ADDOPTS": "",
        "PYTHONPATH": os.pathsep.join(paths),
        **({"DEX_ENV": environment} if environment else {}),
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *words], cwd=root, env=env, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            process.kill()
            process.wait()
