"""What a person says about a task: in the notebook's metadata, in a comment, or in a job written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from dex_dbutils import ConfigError, DexError, NotebookError, Where
from dex_dbutils.config import Document, Project, read_document
from pydantic import BaseModel, ConfigDict, ValidationError

from dex.export import module_name
from dex.graph.models import Place
from dex.notebook import Notebook

_COMMENT = re.compile(r"(?:#|--)\s*dex:\s*task\b(.*)$")
#: First line of resource files that dex wrote: what stands there was inferred, not said.
_GENERATED = "# Made from "
_NOTEBOOK_ENDINGS = {".py", ".ipynb", ".sql", ".scala", ".r"}


class TaskSettings(BaseModel):
    """The keys of ``dex.task``.

    Attributes:
        key: key of the task; the name of the notebook's module if not given.
        depends_on: keys of the tasks that it depends on, instead of those that were inferred.
        after: keys of tasks that it depends on too.
        ignore: tables that do not count for it; True where the notebook is no task at all.
        reads: tables that it reads too, and an answer to what only the run knows.
        writes: tables that it writes too, and an answer to what only the run knows.
        sections: False where it is one task although its sections could be several.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str | None = None
    depends_on: list[str] | None = None
    after: list[str] = []
    ignore: list[str] | bool = []
    reads: list[str] | None = None
    writes: list[str] | None = None
    sections: bool = True


@dataclass(frozen=True)
class Said:
    """Settings of a task, and where they stand."""

    settings: TaskSettings = field(default_factory=TaskSettings)
    place: Place | None = None


def settings_of(notebook: Notebook, shown: str) -> dict[int, Said]:
    """Return what a notebook says about its task, by the cell in which it says so; 0 for its metadata.

    Raises:
        DexError: DEX-GRAPH-02, it cannot be read.
    """
    found: dict[int, Said] = {}
    document = notebook.document.get("json")
    metadata = document.get("metadata") if isinstance(document, Mapping) else None
    dex = metadata.get("dex") if isinstance(metadata, Mapping) else None
    if isinstance(dex, Mapping) and "task" in dex:
        place = Place(notebook=shown)
        found[0] = Said(_settings(dex["task"], place), place)
    for number, line, words in _comments(notebook):
        place = Place(notebook=shown, cell=number, line=line)
        try:
            value = yaml.safe_load(words)
        except yaml.YAMLError as error:
            raise _unreadable(place, "it is not YAML") from error
        found[number] = Said(_settings(value, place), place)
    return found


def _comments(notebook: Notebook) -> Iterator[tuple[int, int, str]]:
    """Yield cell, line and text of the comments that speak of the task."""
    for cell in notebook.cells:
        if cell.type != "code" or "dex:" not in cell.source:
            continue
        lines: Sequence[tuple[int, str]] = ()
        try:
            lines = [line for statement in cell.statements for line in statement.comments]
        except NotebookError:
            pass
        if cell.language == "sql" or cell.source.lstrip().startswith(("%sql", "%%sql")):
            lines = list(enumerate(cell.source.split("\n"), start=1))
        for number, text in lines:
            match = _COMMENT.match(text.strip())
            if match:
                yield cell.number, number, match.group(1).strip()


def _settings(value: Any, place: Place) -> TaskSettings:
    try:
        return TaskSettings.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise _unreadable(place, f"{key}: {first['msg']}" if key else "it is no mapping") from error


def _unreadable(place: Place, why: str) -> DexError:
    return DexError(
        "DEX-GRAPH-02",
        f"`dex: task` cannot be read: {why}.",
        Where(place.notebook, place.line, cell=place.cell),
        "Write it as `# dex: task {key: orders, after: [customers], ignore: [ops.audit]}`.",
    )


@dataclass
class Resources:
    """What jobs written by hand say.

    Attributes:
        keys: task keys of a notebook, by its path.
        order: pairs of notebooks, the first before the second, with the place that says so.
    """

    keys: dict[Path, str] = field(default_factory=dict)
    order: list[tuple[Path, Path, Place]] = field(default_factory=list)


def read_resources(project: Project, notebooks: Sequence[Path]) -> Resources:
    """Return what the jobs of the project's bundle say about notebooks; files that dex wrote say nothing."""
    found = Resources()
    known = {path.resolve(): path for path in notebooks}
    modules = {module_name(path): path for path in notebooks}
    files = [project.root / "databricks.yml", *sorted((project.root / "resources").rglob("*.y*ml"))]
    for file in files:
        if not file.is_file() or file.read_text("utf-8", errors="replace").startswith(_GENERATED):
            continue
        try:
            document = read_document(file)
        except ConfigError:
            continue  # `dex bundle validate` says what is wrong with it
        jobs = _below(document.values, "resources", "jobs")
        for key, job in jobs.items() if isinstance(jobs, dict) else ():
            _job(found, document, file, project, ("resources", "jobs", key), job, known, modules)
    return found


def _job(
    found: Resources,
    document: Document,
    file: Path,
    project: Project,
    above: tuple[str, ...],
    job: Any,
    known: Mapping[Path, Path],
    modules: Mapping[str, Path],
) -> None:
    tasks = job.get("tasks") if isinstance(job, dict) else None
    meant: dict[str, Path] = {}
    for task in tasks if isinstance(tasks, list) else ():
        path = _notebook_of(task, file, project, known, modules) if isinstance(task, dict) else None
        if path is not None:
            meant[str(task.get("task_key"))] = path
            found.keys.setdefault(path, str(task.get("task_key")))
    for number, task in enumerate(tasks if isinstance(tasks, list) else ()):
        path = meant.get(str(task.get("task_key"))) if isinstance(task, dict) else None
        before = task.get("depends_on") if isinstance(task, dict) else None
        for place_in_list, each in enumerate(before if isinstance(before, list) and path is not None else ()):
            first = meant.get(str(each.get("task_key"))) if isinstance(each, dict) else None
            position = document.positions.get((*above, "tasks", number, "depends_on", place_in_list))
            if first is not None and path is not None:
                place = Place(
                    notebook=file.relative_to(project.root).as_posix(), line=position.line if position else None
                )
                found.order.append((first, path, place))


def _notebook_of(
    task: Mapping[str, Any], file: Path, project: Project, known: Mapping[Path, Path], modules: Mapping[str, Path]
) -> Path | None:
    named = _below(task, "notebook_task", "notebook_path")
    if isinstance(named, str):
        path = (file.parent / PurePosixPath(named)).resolve()
        if path.suffix in _NOTEBOOK_ENDINGS:
            return known.get(path)
        return next((shown for full, shown in known.items() if full.with_suffix("") == path), None)
    if _below(task, "python_wheel_task", "package_name") == project.package:
        return modules.get(str(_below(task, "python_wheel_task", "entry_point")))
    return None


def _below(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
