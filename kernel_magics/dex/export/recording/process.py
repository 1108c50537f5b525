"""The process that records: it runs `main` of an exported module once and watches the functions of the module.

Run as ``python -m dex.export.recording.process JOB OUT``; both are JSON files.
"""

from __future__ import annotations

import ast
import copy
import functools
import importlib
import inspect
import json
import operator
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dex_dbutils import Session, get_session, load_environment
from dex_dbutils.config import Environment
from dex_dbutils.recorded import Unrecordable, columns_of, is_frame, make_frame, plain, plain_row
from dex_dbutils.recorded.calls import ZONE
from dex_dbutils.recorded.values import is_session, literal_of

from dex.export.modules_from_text import ModuleFromText
from dex.export.recording.in_workers import noting, read_notes
from dex.export.recording.invariants import invariants_of
from dex.export.recording.masking import Masks, is_personal, literals_of, looks_personal
from dex.export.recording.plan import RecordingJob, Watched
from dex.export.recording.recorded import (
    AssertOutcome,
    NotRecorded,
    RecordedFunction,
    RecordedRun,
    Recording,
    TableInvariants,
)
from dex.export.recording.sampling import choose

#: Calls of one function that are kept.
CALLS = 3
#: Calls that are kept of one that a UDF makes for every row.
UDF_CALLS = 12
#: Rows that are fetched from a frame to choose from.
POOL = 400
#: Rows that are fetched for the values that a function asks for, or that another frame has.
EXTRA = 100
_NOTE = "_dex_note_assert"


class Watch:
    """A function that is watched; called, it notes a sample of what it is given, then does what it does.

    It is pickled as the function itself, which notes what it is given: so that a UDF may use it.
    """

    def __init__(self, function: Callable[..., Any], recorder: Recorder, about: Watched) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._recorder = recorder
        self._about = about

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns."""
        self._recorder.note(self._function, self._about, args, kwargs)
        return self._function(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Return the function bound to an instance, as a function would be."""
        return self if instance is None else functools.partial(self, instance)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make it again elsewhere, which is in a worker."""
        return functools.partial, (noting(self._function, str(self._recorder.notes / self._about.name)),)


class Recorder:
    """Collects the calls of one run.

    Args:
        session: where the notebook runs.
        seed: seed of every choice.
        source: text of the module.
        notes: folder where workers note what functions are given, one folder for each.
    """

    def __init__(self, session: Session, seed: int, source: str, notes: Path) -> None:
        self._spark = session.spark
        self.notes = notes
        self._seed = seed
        self._masks = Masks(seed, literals_of(source))
        self._calls: dict[str, list[dict[str, Any]]] = {}
        self._masked: dict[str, set[str]] = {}
        self._reasons: dict[str, str] = {}
        self._source = source
        self._busy = False

    def note_workers(self, function: Callable[..., Any], about: Watched) -> None:
        """Note calls that workers made of a function, those at the edges first."""
        calls, odd = read_notes(self.notes / about.name)
        if odd and not calls:
            self._reasons.setdefault(about.name, f"a {odd}, which it is given by a UDF, cannot be written down")
        literals = literals_of(_text_of(self._source, about.name))
        signature = inspect.signature(function)
        alike: dict[tuple[str, ...], list[list[Any]]] = {}
        for args, kwargs in calls:
            bound = signature.bind(*args, **kwargs).arguments
            alike.setdefault(tuple(bound), []).append(list(bound.values()))
        for names in sorted(alike):
            for values in choose(names, alike[names], seed=self._seed, literals=literals, limit=UDF_CALLS):
                given = inspect.BoundArguments(signature, dict(zip(names, values, strict=True)))
                self.note(function, about, given.args, given.kwargs, most=UDF_CALLS)

    def note(
        self,
        function: Callable[..., Any],
        about: Watched,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        most: int = CALLS,
    ) -> None:
        """Note a call, unless it is one made by the recorder or the function has enough of them."""
        name = about.name
        if self._busy or name in self._reasons or len(self._calls.get(name, ())) >= most:
            return
        self._busy = True
        try:
            recorded = self._record(function, about, args, kwargs)
            calls = self._calls.setdefault(name, [])
            if all(recorded["arguments"] != other["arguments"] for other in calls):
                calls.append(recorded)
        except Unrecordable as error:
            self._reasons[name] = str(error)
        except Exception as error:  # noqa: BLE001  whatever a sample does to a person's function
            self._reasons[name] = f"it fails on a sample of its input: {_first_line(error)}"
        finally:
            self._busy = False

    def result(self, watched: Sequence[Watched]) -> tuple[list[RecordedFunction], list[NotRecorded]]:
        """Return the recorded functions, and the others with the reason."""
        recorded: list[RecordedFunction] = []
        others: list[NotRecorded] = []
        for about in watched:
            reason = about.reason or self._reasons.get(about.name, "")
            calls = self._calls.get(about.name, [])
            if not reason and not calls:
                reason = "the notebook does not call it"
            if reason:
                others.append(NotRecorded(function=about.name, digest=about.digest, reason=reason))
            else:
                recorded.append(
                    RecordedFunction(
                        function=about.name,
                        cell=about.cell,
                        digest=about.digest,
                        ordered=about.ordered and not self._unordered(about.name),
                        time_zone=self._zone(),
                        masked=sorted(self._masked.get(about.name, ())),
                        calls=calls,
                    )
                )
        return recorded, others

    def _zone(self) -> str:
        return str(self._spark.conf.get(ZONE) or "UTC")

    def _unordered(self, name: str) -> bool:
        return any(call.pop("unordered", False) for call in self._calls.get(name, []))

    def _record(
        self, function: Callable[..., Any], about: Watched, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        bound = inspect.signature(function).bind(*args, **kwargs)
        if any(
            p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY) and n in bound.arguments
            for n, p in bound.signature.parameters.items()
        ):
            raise Unrecordable("it takes arguments without names of their own")
        literals = literals_of(inspect.cleandoc("\n" + _text_of(self._source, about.name)))
        self._masks.masked.clear()
        arguments: dict[str, Any] = {}
        near: dict[str, set[Any]] = {}
        for parameter, value in bound.arguments.items():
            if is_session(value):
                arguments[parameter] = {"session": "spark"}
            elif is_frame(value):
                arguments[parameter] = self._sample(value, literals, near)
            else:
                arguments[parameter] = self._plain(parameter, value)
        first = plain(self._call(function, arguments), ordered=True)
        second = plain(self._call(function, arguments, backwards=True), ordered=True)
        if _sorted(first) != _sorted(second):
            raise Unrecordable("two runs on the same rows differ: it depends on their order, on the time or on chance")
        self._masked.setdefault(about.name, set()).update(self._masks.masked)
        ordered = about.ordered and first == second
        call = {"arguments": arguments, "gives": first if ordered else _sorted(first)}
        return {**call, "unordered": True} if about.ordered and not ordered else call

    def _plain(self, parameter: str, value: Any) -> dict[str, Any]:
        value = copy.deepcopy(value) if isinstance(value, list | dict | set) else value
        if isinstance(value, str) and os.path.isabs(value) and os.path.exists(value):
            raise Unrecordable(f"`{parameter}` is a path of this machine")
        if isinstance(value, str) and (is_personal(parameter) or looks_personal(value)):
            self._masks.masked.add(parameter)
            value = self._masks.value(value)
        return {"literal": literal_of(value)}

    def _sample(self, frame: Any, literals: frozenset[Any], near: dict[str, set[Any]]) -> dict[str, Any]:
        columns = columns_of(frame)
        names = list(columns)
        pool = self._pool(frame, columns, literals, near)
        rows = choose(names, pool, seed=self._seed, literals=literals, near=near)
        for index, name in enumerate(names):
            if isinstance(columns[name], str):
                near.setdefault(name, set()).update(row[index] for row in rows if row[index] is not None)
        personal = self._masks.personal_columns(names, rows)
        return {"columns": columns, "rows": self._masks.rows(names, rows, personal)}

    def _pool(self, frame: Any, columns: dict[str, Any], literals: frozenset[Any], near: dict[str, set[Any]]) -> Any:
        """Return rows to choose from: some of all, and all that matter to the function, each as often as it is there."""
        from pyspark.sql import functions as F

        def column(name: str) -> Any:
            return F.col("`" + name.replace("`", "``") + "`")

        def fetch(selected: Any, most: int) -> list[list[Any]]:
            ordered = [column(n) for n, kind in columns.items() if isinstance(kind, str) and kind != "binary"]
            chosen = selected.orderBy(F.xxhash64(F.lit(self._seed), *ordered)) if ordered else selected
            return [plain_row(row) for row in chosen.limit(most).collect()]

        found = fetch(frame, POOL)
        if len(found) < POOL:
            return found
        conditions = [
            column(name).isin(sorted(values))
            for name, kind in columns.items()
            if (values := {v for v in literals if _fits(v, kind)})
        ]
        shared = [
            column(name).isin(sorted(near[name])[:200])
            for name, kind in columns.items()
            if near.get(name) and kind in ("string", "integer", "long")
        ]
        known = {json.dumps(row) for row in found}
        for group in (conditions, shared):
            if group:
                extra = fetch(frame.where(functools.reduce(operator.or_, group)), EXTRA)
                found += [row for row in extra if json.dumps(row) not in known]
                known.update(json.dumps(row) for row in extra)
        return found

    def _call(self, function: Callable[..., Any], arguments: dict[str, Any], *, backwards: bool = False) -> Any:
        given: dict[str, Any] = {}
        for name, recorded in arguments.items():
            if "columns" in recorded:
                rows = recorded["rows"][::-1] if backwards else recorded["rows"]
                given[name] = make_frame(self._spark, recorded["columns"], rows)
            else:
                given[name] = self._spark if "session" in recorded else ast.literal_eval(recorded["literal"])
        return function(**given)


def _sorted(value: Any) -> Any:
    if "items" in value:
        return {"items": [_sorted(item) for item in value["items"]]}
    if "rows" not in value:
        return value
    rows = sorted(value["rows"], key=lambda row: json.dumps(row, ensure_ascii=False, sort_keys=True))
    return {**value, "rows": rows}


def _fits(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):
        return False
    return (isinstance(value, str) and kind == "string") or (isinstance(value, int) and kind in ("integer", "long"))


def _text_of(source: str, name: str) -> str:
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_source_segment(source, node) or ""
    return ""


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__


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
    named = {"name": f"{base.name}_record_{job.module}", "schema_prefix": f"{base.schema_prefix}record_{job.module}_"}
    own = base.model_copy(update=named)
    shutil.rmtree(own.warehouse, ignore_errors=True)  # tables of an earlier recording that was killed
    try:
        return _record(job, base, own, notes)
    finally:
        shutil.rmtree(own.warehouse, ignore_errors=True)


def _record(job: RecordingJob, base: Environment, own: Environment, notes: Path) -> Recording:
    root = Path(job.root)
    for layer in base.schemas:  # for names that do not follow the environment: here they harm nobody's tables
        (own.warehouse / own.catalog / base.schema_of(layer)).mkdir(parents=True, exist_ok=True)
    session = get_session(own)
    _copy_inputs(session, base, job.reads)
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
    watches = {
        a.name: f for a in job.functions if not a.reason and inspect.isfunction(f := getattr(module, a.name, None))
    }
    for about in job.functions:
        if about.name in watches:
            setattr(module, about.name, Watch(watches[about.name], recorder, about))
    if hasattr(module, "load_environment"):
        module.load_environment = lambda *_, **__: session.environment  # type: ignore[attr-defined]
    error, cell = "", None
    try:
        module.main(session.spark, module.Params(env=session.environment.name, **job.params))
    except Exception as caught:  # noqa: BLE001  a notebook that fails is recorded as far as it came
        error = _first_line(caught)
        cell = _cell_of(caught, str(path), job.cells)
    for about in job.functions:
        if about.name in watches:
            recorder.note_workers(watches[about.name], about)
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


def _copy_inputs(session: Session, base: Environment, reads: Sequence[tuple[str, str]]) -> None:
    from dex_dbutils.catalog import prepare_warehouse

    if reads:
        prepare_warehouse(session.spark, base)
    for layer, table in reads:
        theirs = base.table_name(layer, table)
        if session.spark.catalog.tableExists(theirs):
            session.spark.table(theirs).write.mode("overwrite").saveAsTable(session.table(layer, table))


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
