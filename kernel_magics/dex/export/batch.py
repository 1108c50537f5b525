"""Export of several notebooks in one process: each whole or not at all, and one refusal keeps no other from its files."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from dex_dbutils import DexError, ExportError, NotebookError, Where
from dex_dbutils.config import Project

from dex.export.drafting import Draft
from dex.export.exporting import Exporter
from dex.export.mapping import read_maps
from dex.export.models import ExportReport, Model
from dex.export.survey import notebooks_in

#: Notebooks below which other processes are not worth their start.
_WORTH_PROCESSES = 8


class NotExported(Model):
    """A notebook of which nothing was written, and why.

    Attributes:
        notebook: its path as given, or as found below the folder given.
        code: code of the error.
        where: the place that is in the way.
        message: what is in the way.
        remedy: the way out.
    """

    notebook: str
    code: str
    where: str
    message: str
    remedy: str


class BatchReport(Model):
    """What became of several notebooks.

    Attributes:
        exported: the reports of those that were exported or hold nothing to export.
        refused: the others.
    """

    exported: list[ExportReport]
    refused: list[NotExported]

    @property
    def drift(self) -> bool:
        """Whether the files of any notebook differ from what it says now."""
        return any(report.drift for report in self.exported)

    def to_text(self) -> str:
        """Return every report for logs and terminals, the refusals last."""
        parts = [report.to_text() for report in self.exported]
        parts += [
            f"{entry.notebook}: refused\n{entry.code}: {entry.message}\n  where: {entry.where}\n  next:  {entry.remedy}"
            for entry in self.refused
        ]
        return "\n\n".join([*parts, f"{len(self.exported)} exported, {len(self.refused)} refused"])


def export_notebooks(
    paths: Sequence[Path],
    project: Project,
    *,
    check: bool = False,
    force: bool = False,
    allow: Iterable[str] = (),
    progress: Callable[[str], None] | None = None,
    processes: int = 1,
) -> BatchReport:
    """Export notebooks, and those below folders, one after the other, and return what became of each.

    An interrupt leaves what was done so far. The files do not depend on the number of processes.

    Args:
        paths: notebooks and folders inside the project.
        project: where the files go.
        check: write nothing; the report's ``drift`` says whether files differ from what the notebooks say now.
        force: write over generated files that were changed by hand.
        allow: constructs that may be left behind as stubs that raise.
        progress: told of every notebook before it is exported.
        processes: how many may read ahead; more than one only where this process has no threads (a command has none).

    Raises:
        ExportError: DEX-EXPORT-30, a path is neither a file nor a folder; nothing was written.
        DexError: DEX-FILE-01, the disk refuses; the notebooks before are exported, this one's files are what they were.
    """
    for path in paths:
        if not path.exists():
            made = left_behind(project).get(os.path.relpath(path, project.root).replace(os.sep, "/"))
            if made:
                raise ExportError(
                    "DEX-EXPORT-30",
                    f"{path.name} was exported, and is not there any more.",
                    Where(str(path)),
                    f"Bring it back, or take away what was made of it: {', '.join(made)}, and its line in pyproject.toml.",
                )
            raise ExportError(
                "DEX-EXPORT-30", f"There is no file or folder {path}.", Where(str(path)), "Give notebooks or folders."
            )
    notebooks = notebooks_in(paths)
    allow = frozenset(allow)
    exporter = Exporter(project)
    exported: list[ExportReport] = []
    refused: list[NotExported] = []
    written: set[str] = set()  # modules
    with _drafts(notebooks, project, allow, processes) as drafts:
        for number, (path, draft) in enumerate(zip(notebooks, drafts, strict=True), start=1):
            if progress is not None:
                progress(f"{number} of {len(notebooks)}: {path}")
            try:
                if draft is None or draft.linked or draft.name in written:
                    draft = exporter.draft(path, allow=allow)
                exported.append(exporter.write(draft, check=check, force=force))
            except (ExportError, NotebookError) as error:
                refused.append(_not_exported(path, error))
            else:
                written |= {each.name for each in (draft, *draft.linked)}
    return BatchReport(exported=exported, refused=refused)


def exported_in(project: Project) -> list[Path]:
    """Return the notebooks that a project's modules were made from; those that others run come with these.

    Args:
        project: where the source maps are.
    """
    maps = read_maps(project.root)
    return [project.root / str(known["notebook"]) for _, known in maps if not known.get("users")]


def left_behind(project: Project) -> dict[str, list[str]]:
    """Return notebooks that were exported and are not there any more, with the files that were made of them and are.

    Args:
        project: where the source maps are.
    """
    found = {}
    for path, known in read_maps(project.root):
        if (project.root / str(known["notebook"])).exists():
            continue
        files = [*known.get("files", ()), *known.get("generated", ()), path]
        found[str(known["notebook"])] = [file for file in dict.fromkeys(files) if (project.root / file).exists()]
    return found


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@contextlib.contextmanager
def _drafts(
    paths: list[Path], project: Project, allow: frozenset[str], processes: int
) -> Iterator[Iterable[Draft | None]]:
    """Give every notebook's draft in order, made ahead by other processes; None where it is to be made when its turn comes.

    A draft made ahead knows nothing of what this export writes before its turn: it holds if it runs no other notebook
    and no notebook before it became, or ran, its module.
    """
    if processes < 2 or len(paths) < _WORTH_PROCESSES:
        yield [None] * len(paths)
        return
    how = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor(processes, how, _leave_interrupts) as pool:
        waiting = [pool.submit(_draft_alone, path, project, allow) for path in paths]
        try:
            yield map(_result, waiting)
        finally:
            for future in waiting:
                future.cancel()


def _result(future: Future[Draft | None]) -> Draft | None:
    try:
        return future.result()
    except BrokenProcessPool:  # killed from outside; what it was to read is read here
        return None


def _leave_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # they are for the process that writes


def _draft_alone(path: Path, project: Project, allow: frozenset[str]) -> Draft | None:
    """Return a notebook's draft, or None where it is refused: the process that writes finds out again, and tells."""
    try:
        return Exporter(project).draft(path, allow=allow).to_write()
    except DexError:
        return None


def _not_exported(path: Path, error: DexError) -> NotExported:
    return NotExported(
        notebook=str(path),
        code=error.code,
        where=str(error.where or path),
        message=error.what,
        remedy=error.remedy or "",
    )
