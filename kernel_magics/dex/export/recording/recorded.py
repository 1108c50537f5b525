"""What a recording keeps, below ``tests/data/<module>/``: one file a function, and one of the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from dex.export.models import Model

#: File of a recording that is about the run and not about one function.
RUN_FILE = "_run.json"

InvariantKind = Literal["columns", "unique", "not_null", "values", "not_negative"]


class RecordedFunction(Model):
    """Calls of one function.

    Attributes:
        function: its name in the module.
        cell: id of the cell that its text comes from.
        digest: SHA-256 of that text; with another text the recording is stale.
        ordered: the order of a frame's rows is part of what it gives.
        time_zone: time zone of the session.
        masked: columns and arguments whose values were replaced.
        calls: ``arguments`` and ``gives`` of each.
    """

    version: Literal[1] = 1
    function: str
    cell: str
    digest: str
    ordered: bool = False
    time_zone: str = "UTC"
    masked: list[str] = Field(default_factory=list)
    calls: list[dict[str, Any]] = Field(default_factory=list)


class NotRecorded(Model):
    """A function that has no calls to replay, and why."""

    function: str
    digest: str
    reason: str


class AssertOutcome(Model):
    """Whether an assert of `main` held when the notebook was recorded."""

    cell: str
    line: int
    digest: str
    holds: bool


class Invariant(Model):
    """Something that held for every row of a table that `main` writes.

    Attributes:
        kind: columns: these and no others; unique: a key; not_null; values: one of few; not_negative.
        columns: what it is about.
        values: the values of ``values``.
    """

    kind: InvariantKind
    columns: list[str]
    values: list[Any] = Field(default_factory=list)


class TableInvariants(Model):
    """Invariants of one table, and the number of rows that they were seen on."""

    layer: str
    table: str
    rows: int
    invariants: list[Invariant]


class RecordedRun(Model):
    """What was seen of the whole notebook.

    Attributes:
        seed: seed of every choice.
        error: how `main` ended, if not at its end.
        error_cell: id of the cell where it ended.
        asserts: outcome of each assert at the top level of the notebook.
        not_recorded: functions without calls.
        tables: invariants of the tables that `main` writes.
    """

    version: Literal[1] = 1
    seed: int
    error: str | None = None
    error_cell: str | None = None
    asserts: list[AssertOutcome] = Field(default_factory=list)
    not_recorded: list[NotRecorded] = Field(default_factory=list)
    tables: list[TableInvariants] = Field(default_factory=list)


class Recording(Model):
    """A recording as a whole."""

    run: RecordedRun
    functions: list[RecordedFunction] = Field(default_factory=list)

    @property
    def broken(self) -> frozenset[tuple[str, str]]:
        """Asserts that did not hold: id of the cell and digest of the text."""
        return frozenset((a.cell, a.digest) for a in self.run.asserts if not a.holds)

    def function(self, name: str) -> RecordedFunction | None:
        """Return the calls of a function, or None."""
        return next((f for f in self.functions if f.function == name), None)

    def files(self, module: str) -> dict[str, str]:
        """Return the files of the recording: content by path below the project."""
        folder = data_folder(module)
        files = {f"{folder}/{f.function}.json": as_json(f.model_dump(mode="json")) for f in self.functions}
        return {**files, f"{folder}/{RUN_FILE}": as_json(self.run.model_dump(mode="json"))}


def data_folder(module: str) -> str:
    """Return where the recording of a module lies, below the project."""
    return f"tests/data/{module}"


def read_recording(root: Path, module: str) -> Recording | None:
    """Return the recording of a module, or None where there is none that can be used."""
    folder = root / data_folder(module)
    try:
        run = RecordedRun.model_validate_json((folder / RUN_FILE).read_text("utf-8"))
        functions = [
            RecordedFunction.model_validate_json(path.read_text("utf-8"))
            for path in sorted(folder.glob("*.json"))
            if path.name != RUN_FILE
        ]
    except (OSError, ValidationError, UnicodeDecodeError):
        return None
    return Recording(run=run, functions=functions)


def as_json(value: Any, depth: int = 0) -> str:
    """Return JSON that reads well in a review: a row of a frame is one line."""
    pad = " " * (depth + 1)
    end = "\n" if depth == 0 else ""
    if isinstance(value, dict) and value and not _is_flat(value):
        items = [f"{pad}{json.dumps(k, ensure_ascii=False)}: {as_json(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + pad[1:] + "}" + end
    if isinstance(value, list) and value and not _is_flat(value):
        return "[\n" + ",\n".join(f"{pad}{as_json(v, depth + 1)}" for v in value) + "\n" + pad[1:] + "]" + end
    return json.dumps(value, ensure_ascii=False) + end


def _is_flat(value: Any) -> bool:
    """Return whether a value goes on one line: a list of plain values or of short lists, or a short object."""
    if isinstance(value, list):
        return not any(isinstance(item, dict) or (isinstance(item, list) and len(value) > 8) for item in value) and (
            not value or not all(isinstance(item, list) for item in value)
        )
    if isinstance(value, dict):
        return len(json.dumps(value)) < 80 and not any(isinstance(v, list | dict) and v for v in value.values())
    return True
