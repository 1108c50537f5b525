"""Tests from a notebook: its asserts, its recording, and a run of `main` on tables of its own.

Asserts stay in `main` as well: a job whose data is not what the notebook was sure of must fail, as the notebook did.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass

from dex.export.formatting import format_python
from dex.export.models import ReportLine
from dex.export.parameters import Parameters
from dex.export.pieces import Piece, literal
from dex.export.placement import Names
from dex.export.recording.plan import RecordingPlan
from dex.export.recording.recorded import Recording
from dex.export.recording.tests import recorded_line, render_recorded, skipped
from dex.export.regions import indent
from dex.export.running_main import (
    Run,
    fixtures,
    session_import,
    smoke,
    third_party,
    where_it_runs,
    without_values,
)
from dex.export.slicing import TAKEN, DerivedTest, NotDerived, cell_word

#: ``tests/conftest.py`` of a project that has none.
CONFTEST = '''"""What the tests of this project share: made once by `dex export`, yours from then on."""

from __future__ import annotations

import pytest
from dex_dbutils import get_spark
from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark() -> SparkSession:
    """The engine of the tests: the environment's. Return another session here to run them on another engine."""
    return get_spark()
'''


@dataclass(frozen=True)
class TestFile:
    """A test file.

    Attributes:
        source: its text.
        names: names of the tests that check something where they can run.
        skipped: what no test was made of, with the reason.
        needs_spark: some test asks for the fixture `spark`.
    """

    __test__ = False

    source: str
    names: list[str]
    skipped: list[ReportLine]
    needs_spark: bool


def render_tests(
    derived: tuple[list[DerivedTest], list[NotDerived]],
    pieces: list[Piece],
    names: Names,
    parameters: Parameters,
    run: Run,
    plan: RecordingPlan,
    recording: Recording | None,
    *,
    notebook: str,
    package: str,
    module: str,
) -> TestFile:
    """Return the test file of a module.

    Args:
        derived: tests of the notebook's asserts, and asserts without one.
        pieces: the notebook's statements, placed.
        names: who binds what.
        parameters: fields of `Params`.
        run: what a run of `main` needs and touches.
        plan: functions and tables of the module.
        recording: what was recorded, or None.
        notebook: path of the notebook.
        package: package of the module.
        module: its name.
    """
    tests, not_derived = derived
    tables = run.tables
    obstacle = without_values(parameters) or run.obstacle or _ends_early(pieces, not_derived, plan, recording)
    needed = {n for test in tests for n in test.needs}
    known_as = module if module not in TAKEN and module not in names.module else "module_under_test"
    imported_as = module if known_as == module else f"{module} as {known_as}"
    recorded = render_recorded(recording, plan, module=module, known_as=known_as, obstacle=obstacle)
    imports = [p for p in pieces if p.place == "import"]
    lines = _imports(imports, needed)
    own = sorted(n for n in needed & names.module if n not in names.imports)
    head = [
        f'"""Tests of {package}.{module}, made from {notebook} by `dex export`.',
        "",
        where_it_runs(tables),
        "Set DEX_ENV to run in another environment than the project's default; the fixture `spark` says on which engine.",
        '"""',
        "",
        "from pathlib import Path",
        "",
        "import pytest",
        "from dex_dbutils import Session, load_environment",
        *(["from dex_dbutils.recorded import RecordedCall, read_calls"] if recorded.replays else []),
        session_import(tables),
        "from pyspark.sql import SparkSession",
        *(["from pyspark.sql import functions as F"] if recorded.counts else []),
        *lines,
        "",
        *third_party(pieces, package),
        f"from {package} import {imported_as}",
        f"from {package}.{module} import {', '.join(sorted({'Params', *own}))}",
        *(["", recorded_line(module)] if recorded.replays else []),
    ]
    empty = {(t.layer, t.table) for t in recording.run.tables if not t.rows} if recording else set()
    body = [fixtures(run, package=package, module=module, known_as=known_as)]
    body.append(smoke([t for t in run.own.writes if t not in empty], run.own.own, obstacle))
    shown = ["test_main_runs_to_its_end"]
    for test in tests:
        body.append(_render(test, obstacle))
        shown.append(test.name)
    body += recorded.bodies
    shown += recorded.names
    body += _not_derived(not_derived)
    source = "\n".join(head) + "\n\n\n" + "\n\n\n".join(body) + "\n"
    return TestFile(
        format_python(source, package, sort_imports=True),
        shown,
        [*(each.line for each in not_derived), *recorded.skipped],
        recorded.replays or not obstacle,
    )


def _not_derived(asserts: list[NotDerived]) -> list[str]:
    """Return tests that are shown as skipped, one for each assert that no test is made of."""
    numbers: Counter[str] = Counter()
    bodies: list[str] = []
    for each in asserts:
        base = cell_word(each.piece.cell.id)
        numbers[base] += 1
        cell, line = each.piece.cell, each.piece.statement.line
        name = f"test_{base}_without_a_test_{numbers[base]}"
        bodies.append(skipped(name, each.reason, f"Cell {cell.number} ({cell.id}), line {line}."))
    return bodies


def _ends_early(
    pieces: list[Piece], not_derived: list[NotDerived], plan: RecordingPlan, recording: Recording | None
) -> str:
    """Return why `main` is known not to reach its end, or nothing."""
    for piece in pieces:
        if piece.place == "main" and piece.node is not None:
            if piece.cell.failed:
                return f"main ends in cell {piece.cell.number}, whose saved output is an error"
            if "raises-exception" in piece.cell.tags:
                return f"main ends in cell {piece.cell.number}, which is tagged as one that fails"
    for each in not_derived:
        if each.ends_main:
            return f"main ends at line {each.piece.statement.line} of cell {each.piece.cell.number}: {each.reason}"
    if recording is not None and recording.run.error:
        cell = plan.numbers.get(recording.run.error_cell or "")
        return f"main ended{f' in cell {cell}' if cell else ''} when it was recorded: {recording.run.error}"
    return ""


def _imports(pieces: list[Piece], needed: set[str]) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        node = piece.node
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        kept = [
            a
            for a in node.names
            if a.name == "*"
            or (a.asname or (a.name.partition(".")[0] if isinstance(node, ast.Import) else a.name)) in needed
        ]
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            continue
        if kept:
            text = ast.unparse(
                ast.Import(kept) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, kept, node.level)
            )
            if text not in lines:
                lines.append(text)
    return lines


def _render(test: DerivedTest, obstacle: str) -> str:
    piece = test.piece
    where = f"Cell {piece.cell.number} ({piece.cell.id}), line {piece.statement.line}."
    lines = [f'"""{where}"""']
    argument = ""
    mark = ""
    if test.on_tables:
        argument = "after_main: Session"
        if "session" in test.needs:
            lines.append("session = after_main")
        if "spark" in test.needs:
            lines.append("spark = after_main.spark")
        if obstacle:
            mark = f"@pytest.mark.skip(reason={literal(obstacle)})\n"
    for name in sorted({"params", "job_params"} & test.needs):
        lines.append(f"{name} = Params({'env=after_main.environment.name' if test.on_tables else ''})")
        if obstacle:
            mark = f"@pytest.mark.skip(reason={literal(obstacle)})\n"
    lines += [p.text for p in test.setup]
    lines.append(piece.text)
    return f"{mark}def {test.name}({argument}) -> None:\n" + indent("\n".join(lines))
