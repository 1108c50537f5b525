"""What a recording notes of every call of a watched function: a bounded, masked sample of what it is given, and what it gives."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import json
import operator
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dex_dbutils import Session
from dex_dbutils.recorded import Unrecordable, columns_of, is_frame, make_frame, plain, plain_row
from dex_dbutils.recorded.calls import ZONE
from dex_dbutils.recorded.values import is_session, literal_of

from dex.export.recording.in_workers import noting, read_notes
from dex.export.recording.masking import Masks, is_personal, literals_of, looks_personal
from dex.export.recording.plan import Watched
from dex.export.recording.recorded import NotRecorded, RecordedFunction
from dex.export.recording.sampling import choose

#: Calls of one function that are kept.
CALLS = 3
#: Calls that are kept of one that a UDF makes for every row.
UDF_CALLS = 12
#: Rows that are fetched from a frame to choose from.
POOL = 400
#: Rows that are fetched for the values that a function asks for, or that another frame has.
EXTRA = 100


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
                self.note(function, about, given.args, given.kwargs, from_rows=True)

    def note(
        self,
        function: Callable[..., Any],
        about: Watched,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        *,
        from_rows: bool = False,
    ) -> None:
        """Note a call, unless it is one made by the recorder or the function has enough of them."""
        name = about.name
        most = UDF_CALLS if from_rows else CALLS
        if self._busy or name in self._reasons or len(self._calls.get(name, ())) >= most:
            return
        self._busy = True
        try:
            recorded = self._record(function, about, args, kwargs, from_rows)
            calls = self._calls.setdefault(name, [])
            if all(recorded["arguments"] != other["arguments"] for other in calls):
                calls.append(recorded)
        except Unrecordable as error:
            self._reasons[name] = str(error)
        except Exception as error:  # noqa: BLE001  whatever a sample does to a person's function
            self._reasons[name] = f"it fails on a sample of its input: {first_line(error)}"
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
        self, function: Callable[..., Any], about: Watched, args: Sequence[Any], kwargs: dict[str, Any], from_rows: bool
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
                arguments[parameter] = self._plain(parameter, value, from_rows)
        first = plain(self._call(function, arguments), ordered=True)
        second = plain(self._call(function, arguments, backwards=True), ordered=True)
        if _sorted(first) != _sorted(second):
            raise Unrecordable("two runs on the same rows differ: it depends on their order, on the time or on chance")
        self._masked.setdefault(about.name, set()).update(self._masks.masked)
        ordered = about.ordered and first == second
        call = {"arguments": arguments, "gives": first if ordered else _sorted(first)}
        return {**call, "unordered": True} if about.ordered and not ordered else call

    def _plain(self, parameter: str, value: Any, from_rows: bool) -> dict[str, Any]:
        value = copy.deepcopy(value) if isinstance(value, list | dict | set) else value
        if isinstance(value, str) and os.path.isabs(value) and os.path.exists(value):
            raise Unrecordable(f"`{parameter}` is a path of this machine")
        personal = is_personal(parameter) or looks_personal(value)
        if isinstance(value, str) and (personal or from_rows):  # whose column a row's text is from is not known
            masked = self._masks.value(value)
            self._masks.masked.update([parameter] if masked != value else [])
            value = masked
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


def first_line(error: BaseException) -> str:
    """Return an error's class and the first line of its text."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__
