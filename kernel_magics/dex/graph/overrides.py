"""What a person says about a task: in the notebook's metadata, in a comment, or in a job written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import yaml
from dex_dbutils import DexError, NotebookError, Where
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from dex.bundle import TASK_KEY, fields_of, nearest
from dex.graph.models import Place
from dex.notebook import Notebook

_COMMENT = re.compile(r"(?:#|--)\s*dex:\s*task\b(.*)$")


#: Settings of a task that a notebook may say in the words of the Jobs API.
_OF_TASK = fields_of("jobs.Task") - {"task_key", "depends_on"}


def _key(value: str) -> str:
    """Return what can be the key of a task."""
    if not TASK_KEY.fullmatch(value):
        raise ValueError(f"'{value}' is no task key: letters, digits, `-` and `_`, at most 100")
    return value


def _dependency(value: Any) -> Any:
    """Return an entry of ``depends_on`` in its long form."""
    return {"task_key": value} if isinstance(value, str) else value


class Dependency(BaseModel):
    """A task that another waits for; of a condition, also what it has to come to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_key: str
    outcome: str | None = None


class TaskSettings(BaseModel):
    """The keys of ``dex.task``.

    Attributes:
        key: key of the task; the name of the notebook's module if not given.
        depends_on: the tasks that it depends on, instead of those that were inferred.
        after: keys of tasks that it depends on too.
        ignore: tables that do not count for it; True where the notebook is no task at all.
        reads: tables that it reads too, and an answer to what only the run knows.
        writes: tables that it writes too, and an answer to what only the run knows.
        sections: False where it is one task although its sections could be several.
        task: its other settings, in the words of the Jobs API.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, AfterValidator(_key)] | None = None
    depends_on: list[Annotated[Dependency, BeforeValidator(_dependency)]] | None = None
    after: list[str] = []
    ignore: list[str] | bool = []
    reads: list[str] | None = None
    writes: list[str] | None = None
    sections: bool = True
    task: dict[str, Any] = {}


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
    known = {*TaskSettings.model_fields, *_OF_TASK} - {"task"}
    try:
        if isinstance(value, dict) and "task" not in value:
            own = {key: entry for key, entry in value.items() if key not in _OF_TASK}
            value = {**own, "task": {key: entry for key, entry in value.items() if key in _OF_TASK}}
        return TaskSettings.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        near = nearest(key, known).strip() if first["type"] == "extra_forbidden" else ""
        why = first["msg"].removeprefix("Value error, ")
        raise _unreadable(place, f"{key}: {why}" if key else "it is no mapping", near) from error


def _unreadable(place: Place, why: str, near: str = "") -> DexError:
    return DexError(
        "DEX-GRAPH-02",
        f"`dex: task` cannot be read: {why}.",
        Where(place.notebook, place.line, cell=place.cell),
        near or "Write it as `# dex: task {key: orders, after: [customers], ignore: [ops.audit]}`.",
    )
