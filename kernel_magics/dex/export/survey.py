"""Export of every notebook below a folder, to see what would become of each."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dex_dbutils import DexError, ExportError, Where
from dex_dbutils.config import Project, find_project

from dex.export.exporting import Exporter, module_name
from dex.export.models import ExportRefused, Model
from dex.files import write_all, write_atomically
from dex.notebook import is_source

Progress = Callable[[str], None]

#: Folders that hold copies, not notebooks of their own.
_PASSED_OVER = frozenset({".git", ".ipynb_checkpoints", "__pycache__", "node_modules", ".venv"})
#: Suffixes of files that are notebooks where their first line says so.
_SOURCES = frozenset({".py", ".sql", ".scala", ".r"})
#: What an error is about that names no construct.
_CONSTRUCTS = {
    "DEX-NOTEBOOK-01": "unreadable file",
    "DEX-NOTEBOOK-02": "no JSON",
    "DEX-NOTEBOOK-03": "unknown format",
    "DEX-NOTEBOOK-05": "no Python",
    "DEX-NOTEBOOK-07": "no UTF-8",
}
_BASE = """\
# Made by `dex export --survey`.
project: {name: survey, package: survey}
"""


class Exported(Model):
    """A notebook that became a module.

    Attributes:
        notebook: its path below the folder surveyed.
        module: the module's file.
    """

    notebook: str
    module: str


class Empty(Model):
    """A notebook without code to export."""

    notebook: str


@dataclass(frozen=True)  # no Model: pydantic's have an attribute `construct` of their own
class Refused:
    """A notebook that cannot become a module, and the first place that is in the way.

    Attributes:
        notebook: its path below the folder surveyed.
        cell: number of the cell, counted from 1; 0 where the file as a whole cannot be read.
        line: line in the cell, or in the file where there is no cell.
        construct: what stands there, in the words that refusals are counted by.
        message: what is in the way.
        remedy: the way out.
    """

    notebook: str
    cell: int
    line: int
    construct: str
    message: str
    remedy: str


class Crashed(Model):
    """A notebook that made the export fail: a defect of the export."""

    notebook: str
    error: str


class SurveyReport(Model):
    """What became of every notebook below a folder; each notebook is in exactly one of the four lists.

    Attributes:
        notebooks: how many were found.
        seconds: wall time of reading, exporting and writing.
    """

    notebooks: int
    seconds: float
    exported: list[Exported]
    empty: list[Empty]
    refused: list[Refused]
    crashed: list[Crashed]

    def to_text(self) -> str:
        """Return the counts for logs and terminals, the most frequent refusals first."""
        share = 100 * (len(self.exported) + len(self.empty)) / (self.notebooks or 1)
        lines = [
            f"{self.notebooks} notebooks in {self.seconds:.1f} s",
            f"  exported  {len(self.exported)}",
            f"  empty     {len(self.empty)}",
            f"  refused   {len(self.refused)}",
        ]
        counted = sorted(Counter(entry.construct for entry in self.refused).items(), key=lambda pair: (-pair[1], pair))
        for construct, count in counted:
            first = next(entry for entry in self.refused if entry.construct == construct)
            lines.append(f"    {count:>4}  {construct}, as {_place(first)}")
        lines += [f"  crashed   {len(self.crashed)}", *(f"    {e.notebook}: {e.error}" for e in self.crashed)]
        return "\n".join([*lines, f"{share:.1f} % exported or empty"] if self.notebooks else lines)


def survey(folder: Path, out: Path, *, progress: Progress | None = None) -> SurveyReport:
    """Export every notebook below a folder into a project elsewhere, and return what became of each.

    Nothing below the folder is written. Each notebook's files are written whole as soon as it is exported, so an
    interrupt leaves what was done so far.

    Args:
        folder: is searched with all folders below it; `%run` finds its targets there.
        out: folder of the project; made where it is missing.
        progress: told of every notebook before it is exported.

    Raises:
        ExportError: DEX-EXPORT-30, there is no such folder; DEX-EXPORT-31, ``out`` is inside it.
        DexError: DEX-FILE-01, a file cannot be written.
    """
    started = time.perf_counter()
    root, target = folder.resolve(), out.resolve()
    if not root.is_dir():
        raise ExportError(
            "DEX-EXPORT-30", f"There is no folder {folder}.", Where(str(folder)), "Give a folder that holds notebooks."
        )
    if target == root or root in target.parents:
        raise ExportError(
            "DEX-EXPORT-31",
            f"{out} is inside {folder}, where a survey writes nothing.",
            Where(str(out)),
            "Give --out a folder elsewhere.",
        )
    paths = list(find_notebooks(root))
    project, names = _project(target), module_names(root, paths)
    made = _Survey(root, project, Exporter(project, root=root, names=names))
    for number, path in enumerate(paths, start=1):
        if progress is not None:
            progress(f"{number} of {len(paths)}: {_shown(path, root)}")
        made.take(path)
    return SurveyReport(
        notebooks=len(paths),
        seconds=round(time.perf_counter() - started, 3),
        exported=made.exported,
        empty=made.empty,
        refused=made.refused,
        crashed=made.crashed,
    )


def find_notebooks(root: Path) -> Iterator[Path]:
    """Yield every .ipynb and every source file with the header of a notebook below a folder, in order of their paths."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER)
        for name in sorted(files):
            path = Path(folder, name)
            suffix = path.suffix.lower()
            if suffix == ".ipynb" or (suffix in _SOURCES and is_source(path, _first_line(path))):
                yield path


def notebooks_in(paths: Iterable[Path]) -> list[Path]:
    """Return the notebooks that paths name, each once: files as they are, and every notebook below a folder."""
    return list(dict.fromkeys(file for p in paths for file in (find_notebooks(p) if p.is_dir() else [p])))


def module_names(root: Path, paths: list[Path]) -> dict[Path, str]:
    """Return a name for each notebook's module: its own where no other has it, else with its folders before it."""
    names: dict[Path, str] = {}
    taken: set[str] = set()
    shared = Counter(module_name(path) for path in paths)
    for path in paths:
        name = module_name(path)
        if shared[name] > 1:
            name = module_name(Path("_".join(path.relative_to(root).with_suffix("").parts)))
        base, count = name, 1
        while name in taken or (name != module_name(path) and name in shared):
            count += 1
            name = f"{base}_{count}"
        taken.add(name)
        names[path] = name
    return names


@dataclass
class _Survey:
    """A survey on its way."""

    root: Path
    project: Project
    exporter: Exporter
    exported: list[Exported] = field(default_factory=list)
    empty: list[Empty] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    crashed: list[Crashed] = field(default_factory=list)

    def take(self, path: Path) -> None:
        """Export one notebook and note what became of it."""
        shown = _shown(path, self.root)
        try:
            draft = self.exporter.draft(path)
        except DexError as error:
            self.refused.append(_refused(shown, error))
            return
        except Exception as error:  # noqa: BLE001 - whatever it is: a survey goes on, and says what failed
            lines = str(error).splitlines()
            self.crashed.append(Crashed(notebook=shown, error=": ".join([type(error).__name__, *lines[:1]])))
            return
        if draft.empty:
            self.empty.append(Empty(notebook=shown))
            return
        root = self.project.root
        write_all(root, {file: text for each in (*draft.linked, draft) for file, text in each.generated.items()})
        self.exported.append(Exported(notebook=shown, module=str(root / draft.source(self.project.package))))


def _shown(path: Path, root: Path) -> str:
    """Return a path below the root as text that any output takes, whatever bytes its name holds."""
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "replace")


def _project(target: Path) -> Project:
    if not (target / "config/base.yaml").exists():
        write_atomically(target / "config/base.yaml", _BASE)
    project = find_project(target)
    package = target / "src" / project.package / "__init__.py"
    if not package.exists():
        write_atomically(package, f'"""Modules of the notebooks surveyed in {project.name}."""\n')
    return project


def _refused(shown: str, error: DexError) -> Refused:
    where = error.where if isinstance(error.where, Where) else Where()
    construct = (
        error.refusals[0].construct if isinstance(error, ExportRefused) else _CONSTRUCTS.get(error.code, error.code)
    )
    return Refused(
        notebook=shown,
        cell=where.cell or 0,
        line=where.line or 1,
        construct=construct,
        message=error.what,
        remedy=error.remedy or "",
    )


def _place(entry: Refused) -> str:
    return f"in {entry.notebook}, cell {entry.cell}, line {entry.line}"


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.readline(200).decode("utf-8", "surrogateescape")
    except OSError:
        return ""
