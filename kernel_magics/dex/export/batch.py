"""Export of several notebooks in one process: each whole or not at all, and one refusal keeps no other from its files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dex_dbutils import DexError, ExportError, NotebookError, Where
from dex_dbutils.config import Project

from dex.export.exporting import Exporter
from dex.export.models import ExportReport, Model
from dex.export.survey import find_notebooks


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
) -> BatchReport:
    """Export notebooks, and those below folders, one after the other, and return what became of each.

    An interrupt leaves what was done so far.

    Args:
        paths: notebooks and folders inside the project.
        project: where the files go.
        check: write nothing; the report's ``drift`` says whether files differ from what the notebooks say now.
        force: write over generated files that were changed by hand.
        allow: constructs that may be left behind as stubs that raise.
        progress: told of every notebook before it is exported.

    Raises:
        ExportError: DEX-EXPORT-30, a path is neither a file nor a folder; nothing was written.
        DexError: DEX-FILE-01, the disk refuses; the notebooks before are exported, this one's files are what they were.
    """
    notebooks: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise ExportError(
                "DEX-EXPORT-30", f"There is no file or folder {path}.", Where(str(path)), "Give notebooks or folders."
            )
        notebooks.update(dict.fromkeys(find_notebooks(path) if path.is_dir() else [path]))
    allow = frozenset(allow)
    exporter = Exporter(project)
    exported: list[ExportReport] = []
    refused: list[NotExported] = []
    for number, path in enumerate(notebooks, start=1):
        if progress is not None:
            progress(f"{number} of {len(notebooks)}: {path}")
        try:
            exported.append(exporter.export(path, check=check, force=force, allow=allow))
        except (ExportError, NotebookError) as error:
            refused.append(_not_exported(path, error))
    return BatchReport(exported=exported, refused=refused)


def _not_exported(path: Path, error: DexError) -> NotExported:
    return NotExported(
        notebook=str(path),
        code=error.code,
        where=str(error.where or path),
        message=error.what,
        remedy=error.remedy or "",
    )
