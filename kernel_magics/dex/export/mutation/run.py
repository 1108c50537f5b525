"""How many seeded mistakes the generated tests of a notebook find."""

from __future__ import annotations

import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from dex_dbutils import ExportError, Where
from dex_dbutils.config import Project
from pydantic import Field

from dex.export.models import Model
from dex.export.mutation.mutants import Mutant, mutants_of

Outcome = Literal["killed", "survived", "timeout"]
#: Seconds that the tests of one mutant may take: a mistake may make a loop endless.
SECONDS = 60


class MutantOutcome(Model):
    """What became of a mutant.

    Attributes:
        function: function that holds the mistake.
        line: its line in the module.
        change: what was changed.
        outcome: ``timeout`` where the tests did not come to an end, which counts as killed.
    """

    function: str
    line: int
    change: str
    outcome: Outcome


class MutationReport(Model):
    """How many mutants the tests of a module killed."""

    module: str
    seed: int
    mutants: list[MutantOutcome] = Field(default_factory=list)

    @property
    def killed(self) -> int:
        """Mutants that made a test red or endless."""
        return sum(m.outcome != "survived" for m in self.mutants)

    @property
    def share(self) -> float:
        """Share of the mutants that were killed; 1 where there are none."""
        return self.killed / len(self.mutants) if self.mutants else 1.0

    def to_text(self) -> str:
        """Return the report for terminals: the figure, and every mutant that survived with its line."""
        if not self.mutants:
            return f"{self.module}: no function to change"
        head = (
            f"{self.module}: {self.killed} of {len(self.mutants)} mutants killed ({self.share:.0%}), seed {self.seed}"
        )
        lived = [m for m in self.mutants if m.outcome == "survived"]
        return "\n".join([head, *(f"  survived  line {m.line}, {m.function}: {m.change}" for m in lived)])


class MutationJob(Model):
    """What the process that tries mutants is told."""

    root: str
    package: str
    module: str
    sources: list[str]


def try_mutants(
    project: Project, module: str, *, count: int = 20, seed: int = 1, progress: Callable[[str], None] | None = None
) -> MutationReport:
    """Return how many mutants of an exported module its tests kill.

    Args:
        project: where the module was exported to.
        module: name of the module.
        count: most mutants.
        seed: the same seed and module give the same mutants.
        progress: told how many mutants are going to be tried.

    Raises:
        ExportError: DEX-EXPORT-22, there is no such module or test file; DEX-EXPORT-23, the tests are red as they are.
    """
    path = project.root / "src" / project.package / f"{module}.py"
    if not path.is_file() or not (project.root / f"tests/test_{module}.py").is_file():
        raise ExportError(
            "DEX-EXPORT-22",
            f"{project.package}.{module} has not been exported, so there are no tests to try.",
            Where(str(path)),
            "Export the notebook first: dex export NOTEBOOK.",
        )
    mutants = mutants_of(path.read_text("utf-8"), count=count, seed=seed)
    report = MutationReport(module=f"{project.package}.{module}", seed=seed)
    if progress is not None and mutants:
        progress(f"Running the tests of {report.module} as they are, then on {len(mutants)} mutants.")
    done: list[Outcome] = []
    while len(done) < len(mutants):
        done += _some(project, module, mutants[len(done) :])
    outcomes = [
        MutantOutcome(function=m.function, line=m.line, change=m.change, outcome=o)
        for m, o in zip(mutants, done, strict=True)
    ]
    return report.model_copy(update={"mutants": outcomes})


def _some(project: Project, module: str, mutants: list[Mutant]) -> list[Outcome]:
    """Return the outcomes of mutants up to the first whose tests do not end, in one process."""
    job = MutationJob(
        root=str(project.root), package=project.package, module=module, sources=[m.source for m in mutants]
    )
    with tempfile.TemporaryDirectory(prefix="dex-mutants-") as folder:
        asked, log = Path(folder) / "job.json", Path(folder) / "log"
        asked.write_text(job.model_dump_json(), "utf-8")
        command = [sys.executable, "-m", "dex.export.mutation.process", str(asked)]
        with log.open("w") as errors:
            process = subprocess.Popen(
                command, cwd=project.root, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8"
            )
            try:
                return _outcomes(process, len(mutants), project, module, log)
            finally:
                process.kill()
                process.wait()
                if process.stdout is not None:
                    process.stdout.close()


def _outcomes(process: subprocess.Popen[str], count: int, project: Project, module: str, log: Path) -> list[Outcome]:
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line.strip())
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    first = _next(lines, 3 * SECONDS)
    if first != "green":
        raise ExportError(
            "DEX-EXPORT-23",
            f"The tests of {project.package}.{module} are not green as they are, so they cannot judge a mutant.",
            Where(f"tests/test_{module}.py"),
            f"Run them first: pytest tests/test_{module}.py. {_end_of(log)}",
        )
    found: list[Outcome] = []
    while len(found) < count:
        word = _next(lines, SECONDS)
        if word == "killed":
            found.append("killed")
        elif word == "survived":
            found.append("survived")
        else:  # the tests did not come to an end, or took the process with them
            return [*found, "timeout"]
    return found


def _next(lines: queue.Queue[str], seconds: float) -> str:
    try:
        return lines.get(timeout=seconds)
    except queue.Empty:
        return ""


def _end_of(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""
