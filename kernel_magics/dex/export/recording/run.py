"""Recording a notebook: its module's `main` runs once, in a process of its own, on schemas of its own."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from dex_dbutils import DexError, ExportError, Where
from dex_dbutils.config import Project, load_environment
from dex_dbutils.session import copy_folders

from dex.export.children import child
from dex.export.recording.plan import RecordingJob, RecordingPlan, scratch_name
from dex.export.recording.recorded import Recording, data_folder

#: Seed of every choice of a recording.
SEED = 2013


def record_module(
    project: Project, module: str, shown: str, plan: RecordingPlan, *, environment: str | None = None
) -> Recording:
    """Return the recording of an exported module.

    Args:
        project: where the module was exported to.
        module: its name.
        shown: path of the notebook, for messages.
        plan: what to watch.
        environment: a local environment; the project's default if not given.

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
        seed=SEED,
        environment=base.name,
        functions=plan.functions,
        asserts=plan.asserts,
        reads=list(plan.tables.reads) if not plan.tables.unclear else [t for t in plan.tables.reads if all(t)],
        writes=list(plan.tables.writes),
        cells=plan.cells,
    )
    own = base.model_copy(update={"name": f"{base.name}_{scratch_name(module)}"})
    shutil.rmtree(own.warehouse, ignore_errors=True)  # tables of an earlier recording that was killed
    try:
        for layer in base.schemas:  # for names that do not follow the environment: here they harm nobody's tables
            (own.warehouse / own.catalog / base.schema_of(layer)).mkdir(parents=True, exist_ok=True)
        copy_folders(base, own, plan.tables.own.reads)
        return _recorded(project, job, shown)
    finally:
        shutil.rmtree(own.warehouse, ignore_errors=True)


def _recorded(project: Project, job: RecordingJob, shown: str) -> Recording:
    """Return what the process that records says.

    Raises:
        ExportError: DEX-EXPORT-21, the run could not begin.
    """
    with tempfile.TemporaryDirectory(prefix="dex-record-") as folder:
        asked, told, log = Path(folder) / "job.json", Path(folder) / "recording.json", Path(folder) / "log"
        asked.write_text(job.model_dump_json(), "utf-8")
        command = [sys.executable, "-m", "dex.export.recording.process", str(asked), str(told)]
        with child(command, cwd=project.root, log=log) as process:
            process.communicate()
        if process.returncode or not told.exists():
            lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
            raise ExportError(
                "DEX-EXPORT-21",
                f"{shown} cannot be run to record it: {_reason(lines) or f'exit code {process.returncode}'}",
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
