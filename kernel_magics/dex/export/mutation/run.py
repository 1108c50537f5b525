"""How many seeded mistakes the generated tests of a notebook find."""

from __future__ import annotations

import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from dex_dbutils import ExportError, Where
from dex_dbutils.config import Project
from pydantic import Field

from dex.export.children import child
from dex.export.models import Model
from dex.export.mutation.mutants import Mutant, mutants_of

Outcome = Literal["failed", "error", "timeout", "died", "survived"]
#: What each outcome says in a report.
_WORDS: dict[Outcome, str] = {
    "failed": "by a check that did not hold",
    "error": "by an error",
    "timeout": "by taking too long",
    "died": "with a process that died, not counted as killed",
    "survived": "survived",
}
#: Seconds that the tests of one mutant may take at least: a mistake may make a loop endless.
SECONDS = 30
#: How many times as long as without a mistake they may take.
SLOWER = 5
#: Seconds that the tests may take as they are, the start of an engine included.
FIRST = 1800


class MutantOutcome(Model):
    """What became of a mutant.

    Attributes:
        function: function that holds the mistake.
        line: its line in the module.
        change: what was changed.
        outcome: ``failed``, the first red test had a check that did not hold; ``error``, it ended with another error,
            which is a red test as well; ``timeout``, the tests did not come to an end, as a CI would notice; ``died``,
            they took their process with them and gave no verdict; ``survived``, they are green.
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
        return sum(m.outcome in ("failed", "error", "timeout") for m in self.mutants)

    @property
    def share(self) -> float:
        """Share of the mutants that were killed; 1 where there are none."""
        return self.killed / len(self.mutants) if self.mutants else 1.0

    def to_text(self) -> str:
        """Return the report for terminals: the figure, how they were killed, and every mutant that was not."""
        if not self.mutants:
            return f"{self.module}: no function or method to change; what is in main is left as it is"
        head = (
            f"{self.module}: {self.killed} of {len(self.mutants)} mutants killed ({self.share:.0%}), seed {self.seed}"
        )
        counts = Counter(m.outcome for m in self.mutants)
        ways = [f"{counts[o]} {_WORDS[o]}" for o in get_args(Outcome) if counts[o] and o != "survived"]
        lived = [m for m in self.mutants if m.outcome in ("survived", "died")]
        lines = [f"  {m.outcome:<8}  line {m.line}, {m.function}: {m.change}" for m in lived]
        return "\n".join([head, *(["  " + "; ".join(ways)] if ways else []), *lines])


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
    """Return the outcomes of mutants up to the first whose tests do not come to an end, in one process."""
    job = MutationJob(
        root=str(project.root), package=project.package, module=module, sources=[m.source for m in mutants]
    )
    with tempfile.TemporaryDirectory(prefix="dex-mutants-") as folder:
        asked, log = Path(folder) / "job.json", Path(folder) / "log"
        asked.write_text(job.model_dump_json(), "utf-8")
        command = [sys.executable, "-m", "dex.export.mutation.process", str(asked)]
        with child(command, cwd=project.root, log=log) as process:
            return _outcomes(process, len(mutants), project, module, log)


def _outcomes(process: subprocess.Popen[str], count: int, project: Project, module: str, log: Path) -> list[Outcome]:
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line.strip())
        lines.put("died")

    threading.Thread(target=read, daemon=True).start()
    started = time.monotonic()
    first = _next(lines, FIRST)
    if first != "green":
        how = f"did not end within {FIRST} s" if first == "timeout" else "are not green as they are"
        raise ExportError(
            "DEX-EXPORT-23",
            f"The tests of {project.package}.{module} {how}, so they cannot judge a mutant.",
            Where(f"tests/test_{module}.py"),
            f"Run them first: pytest tests/test_{module}.py. {_end_of(log)}",
        )
    seconds = max(SECONDS, SLOWER * (time.monotonic() - started))
    found: list[Outcome] = []
    while len(found) < count:
        found.append(_next(lines, seconds))  # type: ignore[arg-type]  # the process prints outcomes
        if found[-1] in ("timeout", "died"):  # the rest needs another process
            break
    return found


def _next(lines: queue.Queue[str], seconds: float) -> str:
    try:
        return lines.get(timeout=seconds)
    except queue.Empty:
        return "timeout"


def _end_of(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""
