"""The process that records: it runs `main` of an exported module once and watches the functions of the module.

Run as ``python -m dex.export.recording.process JOB OUT``; both are JSON files.
"""

from __future__ import annotations

import ast
import importlib
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dex_dbutils import Session, load_environment
from dex_dbutils.session import copy_table, scratch_session

from dex.export.modules_from_text import ModuleFromText
from dex.export.recording.invariants import invariants_of
from dex.export.recording.masking import is_personal
from dex.export.recording.plan import RecordingJob, scratch_name
from dex.export.recording.recorded import AssertOutcome, RecordedRun, Recording, TableInvariants
from dex.export.recording.recorder import Recorder, first_line

_NOTE = "_dex_note_assert"


class _NotedAsserts(ast.NodeTransformer):
    """Turns the asserts of `main` into notes, so that one that does not hold ends nothing."""

    def __init__(self, lines: set[int]) -> None:
        self._lines = lines

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        if node.lineno not in self._lines:
            return node
        line = node.lineno
        test = ast.Lambda(
            args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]), body=node.test
        )
        call = ast.Call(func=ast.Name(id=_NOTE, ctx=ast.Load()), args=[ast.Constant(line), test], keywords=[])
        return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), node))


def record(job: RecordingJob, notes: Path) -> Recording:
    """Return the recording of one run of `main`; workers note what they call in a folder."""
    root = Path(job.root)
    sys.path.insert(0, str(root / "src"))
    base = load_environment(job.environment, start=root)
    name = scratch_name(job.module)
    session = scratch_session(base, name, f"{name}_", writes=job.writes)
    for layer, table in job.reads:
        copy_table(base, session, layer, table)
    path = root / "src" / job.package / f"{job.module}.py"
    source = path.read_text("utf-8")
    tree = _NotedAsserts({a.module_line for a in job.asserts}).visit(ast.parse(source))
    name = f"{job.package}.{job.module}"
    sys.meta_path.insert(0, ModuleFromText(name, path, tree))
    outcomes: dict[int, bool] = {}

    def note(line: int, test: Callable[[], Any]) -> None:
        held = bool(test())
        outcomes[line] = outcomes.get(line, True) and held

    module = importlib.import_module(name)
    setattr(module, _NOTE, note)
    recorder = Recorder(session, job.seed, source, notes)
    recorder.watch(module, job.functions)
    if hasattr(module, "load_environment"):
        module.load_environment = lambda *_, **__: session.environment  # type: ignore[attr-defined]
    error, cell = "", None
    try:
        module.main(session.spark, module.Params(env=session.environment.name, **job.params))
    except Exception as caught:  # noqa: BLE001  a notebook that fails is recorded as far as it came
        error = first_line(caught)
        cell = _cell_of(caught, str(path), job.cells)
    recorder.note_workers(job.functions)
    recorded, others = recorder.result(job.functions)
    asserts = [
        AssertOutcome(cell=a.cell, line=a.line, digest=a.digest, holds=outcomes[a.module_line])
        for a in job.asserts
        if a.module_line in outcomes
    ]
    tables = [] if error else _tables(session, job.writes)
    run = RecordedRun(
        seed=job.seed,
        error=error or None,
        error_cell=cell,
        asserts=asserts,
        not_recorded=others,
        tables=tables,
    )
    return Recording(run=run, functions=recorded)


def _cell_of(error: BaseException, path: str, cells: Sequence[tuple[int, str]]) -> str | None:
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path and f.lineno]
    found = [cell for start, cell in cells if lines and start <= lines[0]]
    return found[-1] if found else None


def _tables(session: Session, writes: Sequence[tuple[str, str]]) -> list[TableInvariants]:
    from dex_dbutils import profile

    found: list[TableInvariants] = []
    for layer, table in writes:
        if not session.spark.catalog.tableExists(
            session.table(layer, table)
        ):  # written by a function that is not called
            found.append(TableInvariants(layer=layer, table=table, rows=0, invariants=[]))
            continue
        frame = session.read(layer, table)
        made = profile(frame, name=f"{layer}.{table}")
        invariants = invariants_of(made, personal=is_personal)
        found.append(TableInvariants(layer=layer, table=table, rows=made.rows, invariants=invariants))
    return found


if __name__ == "__main__":
    asked, told = map(Path, sys.argv[1:])
    made = record(RecordingJob.model_validate_json(asked.read_text("utf-8")), told.parent / "calls")
    told.write_text(made.model_dump_json(), "utf-8")
