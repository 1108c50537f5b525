"""Tests from a recording: functions give what they gave, and the tables of `main` keep what held for every row."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dex.export.models import ReportLine
from dex.export.pieces import literal
from dex.export.recording.plan import RecordingPlan, Watched
from dex.export.recording.recorded import Invariant, Recording, TableInvariants, data_folder


@dataclass
class RecordedTests:
    """What a recording gives a test file.

    Attributes:
        bodies: sources of the tests.
        names: names of those that check something.
        skipped: functions without a test, with the reason.
        replays: some test replays recorded calls.
        counts: some test counts in a table.
    """

    bodies: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    skipped: list[ReportLine] = field(default_factory=list)
    replays: bool = False
    counts: bool = False


def render_recorded(
    recording: Recording | None, plan: RecordingPlan, *, module: str, known_as: str, obstacle: str
) -> RecordedTests:
    """Return the tests that a recording gives.

    Args:
        recording: what lies below ``tests/data``; None where nothing was ever recorded.
        plan: the functions of the module as they are now.
        module: name of the module.
        known_as: its name in the test file.
        obstacle: why `main` cannot be run by a test, or nothing.
    """
    made = RecordedTests()
    if recording is None:
        return made
    for function in plan.functions:
        owner, _, method = function.name.rpartition(".")
        name = f"test_{f'{owner}_{method}' if owner else method}_gives_what_was_recorded"
        where = f"Cell {plan.numbers.get(function.cell, '?')} ({function.cell})"
        reason = _why_not(recording, function)
        if reason:
            made.skipped.append(ReportLine(text=f"`{function.name}`: {reason}", cell=plan.numbers.get(function.cell)))
            made.bodies.append(skipped(name, reason, f"{where}."))
            continue
        made.replays = True
        made.names.append(name)
        made.bodies.append(
            f'@pytest.mark.parametrize("call", read_calls(RECORDED / {literal(f"{function.name}.json")}), ids=str)\n'
            f"def {name}(spark: SparkSession, call: RecordedCall) -> None:\n"
            f'    """{where}, on rows of a recorded run."""\n'
            f"    assert call.outcome({known_as}.{function.name}, spark{f', new={known_as}.{owner}' if owner else ''})"
            " == call.gives"
        )
    for table in recording.run.tables:
        if (table.layer, table.table) in plan.tables.writes:
            _add_invariants(made, table, obstacle)
    return made


def skipped(name: str, reason: str, where: str) -> str:
    """Return the source of a test that is shown as skipped with its reason."""
    return f'@pytest.mark.skip(reason={literal(reason)})\ndef {name}() -> None:\n    """{_doc(where)}"""'


def recorded_line(module: str) -> str:
    """Return the line that says where the recording lies."""
    return f'RECORDED = Path(__file__).parent / "data" / {literal(data_folder(module).rpartition("/")[2])}'


def _why_not(recording: Recording, function: Watched) -> str:
    """Return why a function has no calls to replay, or nothing."""
    if function.reason:
        return function.reason
    found = recording.function(function.name)
    if found is not None:
        same = found.digest == function.digest
        return "" if same else "the notebook's text of it is not the recorded one: dex export --record"
    told = next((n for n in recording.run.not_recorded if n.function == function.name), None)
    if told is not None and told.digest == function.digest:
        return told.reason
    return "it was not there when the notebook was recorded: dex export --record"


def _add_invariants(made: RecordedTests, table: TableInvariants, obstacle: str) -> None:
    for invariant in table.invariants:
        ending, render = _CHECKS[invariant.kind]
        column = f"_{_word(invariant.columns[0])}" if invariant.kind in ("unique", "values") else ""
        name = f"test_{table.layer}_{table.table}_{ending}{column}"
        mark = f"@pytest.mark.skip(reason={literal(obstacle)})\n" if obstacle else ""
        made.names.append(name)
        made.counts = made.counts or invariant.kind != "columns"
        made.bodies.append(
            f"{mark}def {name}(after_main: Session) -> None:\n"
            f'    """So it was for the {table.rows} rows of the recorded run."""\n'
            f"    frame = after_main.read({literal(table.layer)}, {literal(table.table)})\n{render(invariant)}"
        )


def _columns(invariant: Invariant) -> str:
    return f"    assert frame.columns == {_list(invariant.columns)}"


def _unique(invariant: Invariant) -> str:
    return (
        f"    doubles = frame.groupBy({_list(map(_quoted, invariant.columns))}).count().where(F.col('count') > 1)\n"
        "    assert doubles.limit(5).collect() == []"
    )


def _not_null(invariant: Invariant) -> str:
    return _counted(invariant, ".isNull()")


def _not_negative(invariant: Invariant) -> str:
    return _counted(invariant, " < 0")


def _counted(invariant: Invariant, condition: str) -> str:
    return (
        f"    names = {_list(invariant.columns)}\n"
        f'    counts = [F.sum(F.when(F.col(f"`{{name}}`"){condition}, 1)) for name in names]\n'
        "    found = frame.select(counts).collect()[0]\n"
        "    assert [name for name, count in zip(names, found) if count] == []"
    )


def _values(invariant: Invariant) -> str:
    (column,) = invariant.columns
    return (
        f"    found = {{row[0] for row in frame.select({literal(_quoted(column))}).distinct().collect()}}\n"
        f"    assert found <= {{None, {', '.join(map(_source, invariant.values))}}}"
    )


_CHECKS: dict[str, tuple[str, Callable[[Invariant], str]]] = {
    "columns": ("has_its_columns", _columns),
    "unique": ("has_one_row_for_each", _unique),
    "not_null": ("has_no_nulls", _not_null),
    "values": ("has_only_known_values_of", _values),
    "not_negative": ("is_never_negative", _not_negative),
}


def _quoted(column: str) -> str:
    return column if column.isidentifier() else "`" + column.replace("`", "``") + "`"


def _list(texts: Any) -> str:
    return f"[{', '.join(map(literal, texts))}]"


def _source(value: Any) -> str:
    return literal(value) if isinstance(value, str) else json.dumps(value)


def _word(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text).strip("_").lower() or "column"


def _doc(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', "'''")
