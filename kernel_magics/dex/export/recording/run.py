"""Recording a notebook: its module's `main` runs once, in a process of its own, on schemas of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from dex_dbutils import DexError, ExportError, Where
from dex_dbutils.config import Project, load_environment

from dex.export.recording.plan import RecordingJob, RecordingPlan
from dex.export.recording.recorded import Recording, data_folder

#: Seed of a recording that is not told one.
SEED = 2013


def record_module(
    project: Project, module: str, shown: str, plan: RecordingPlan, *, environment: str | None = None, seed: int = SEED
) -> Recording:
    """Return the recording of an exported module.

    Args:
        project: where the module was exported to.
        module: its name.
        shown: path of the notebook, for messages.
        plan: what to watch.
        environment: a local environment; the project's default if not given.
        seed: seed of every choice.

    Raises:
        ExportError: DEX-EXPORT-20, the environment is not local; DEX-EXPORT-21, the run could not begin.
        ConfigError: there is no such environment.
    """
    base = load_environment(environment, start=project.root)
    if base.kind != "local":
        raise ExportError(
            "DEX-EXPORT-20",
            f"{shown} cannot be recorded in {base.name}: its data is not of this machine.",
            Where(shown),
            "Name a local environment: dex export --record --env local.",
        )
    if plan.missing:
        raise ExportError(
            "DEX-EXPORT-21",
            f"{shown} cannot be run to record it: it gives no value for {', '.join(plan.missing)}.",
            Where(shown),
            "Give the parameter a default in the notebook.",
        )
    job = RecordingJob(
        root=str(project.root),
        package=project.package,
        module=module,
        seed=seed,
        environment=base.name,
        functions=plan.functions,
        asserts=plan.asserts,
        reads=list(plan.tables.reads) if not plan.tables.unclear else [t for t in plan.tables.reads if all(t)],
        writes=list(plan.tables.writes),
        cells=plan.cells,
    )
    with tempfile.TemporaryDirectory(prefix="dex-record-") as folder:
        asked, told = Path(folder) / "job.json", Path(folder) / "recording.json"
        asked.write_text(job.model_dump_json(), "utf-8")
        command = [sys.executable, "-m", "dex.export.recording.process", str(asked), str(told)]
        done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
        if done.returncode or not told.exists():
            lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
            raise ExportError(
                "DEX-EXPORT-21",
                f"{shown} cannot be run to record it: {_reason(lines) or f'exit code {done.returncode}'}",
                Where(shown),
                f"See that the notebook runs: dex run {shown}.",
            )
        return Recording.model_validate_json(told.read_text("utf-8"))


def _reason(lines: list[str]) -> str:
    """Return the line of a traceback that names the error: the last one that does not belong to its text."""
    return next((line for line in reversed(lines) if not line.startswith(" ")), "")


def forget_others(root: Path, module: str, recording: Recording) -> None:
    """Take away files of an earlier recording that this one does not have.

    Raises:
        DexError: DEX-FILE-01, the disk refuses.
    """
    kept = recording.files(module)
    for path in sorted((root / data_folder(module)).glob("*.json")):
        if path.relative_to(root).as_posix() not in kept:
            try:
                path.unlink()
            except OSError as error:
                raise DexError(
                    "DEX-FILE-01",
                    f"Cannot take away the file: {error.strerror or error}.",
                    path,
                    "Make the folder writable.",
                ) from error
