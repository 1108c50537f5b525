"""What a recording notes of every call of a watched function: a bounded, masked sample of what it is given, and what it gives."""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import inspect
import json
import operator
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from dex_dbutils import Session
from dex_dbutils.recorded import Unrecordable, called, columns_of, is_frame, plain, plain_row
from dex_dbutils.recorded.calls import ZONE
from dex_dbutils.recorded.values import is_session, literal_of

from dex.export.recording.in_workers import noting, read_notes
from dex.export.recording.masking import Masks, is_personal, literals_of, looks_personal
from dex.export.recording.plan import Function, Watched
from dex.export.recording.recorded import NotRecorded, RecordedFunction
from dex.export.recording.sampling import choose, without_a_partner

#: Calls of one function that are kept.
CALLS = 3
#: Calls that are kept of one that a UDF makes for every row.
UDF_CALLS = 12
#: Objects of the module's classes whose making is kept.
OBJECTS = 100
#: Words of a function that takes doubles out.
_ONCE = ("dropDuplicates", "drop_duplicates", "distinct")
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
        """Return how to make it again elsewhere, which is in a worker; a method stays one."""
        if "." in self._about.name:
            return operator.itemgetter(0), ([self._function],)
        return functools.partial, (noting(self._function, str(self._recorder.notes / self._about.name)),)


class WatchNew(Watch):
    """The `__init__` of a class whose methods are watched; called, it notes what an object is made from."""

    def __call__(self, made: object, *args: Any, **kwargs: Any) -> Any:
        """Make the object."""
        self._recorder.note_new(self._function, made, args, kwargs)
        return self._function(made, *args, **kwargs)


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
        self._watched: dict[str, Callable[..., Any]] = {}
        self._made: dict[int, tuple[object, dict[str, Any]]] = {}  # with the object, so that its id stays its own

    def watch(self, module: ModuleType, functions: Sequence[Watched]) -> None:
        """Put watches in the place of a module's functions, and of the methods of its classes."""
        for about in functions:
            owner, _, method = about.name.rpartition(".")
            place = getattr(module, owner, None) if owner else module
            function = vars(place).get(method) if isinstance(place, type | ModuleType) else None
            if about.reason or not inspect.isfunction(function):
                continue
            self._watched[about.name] = function
            for name, kind in {method: Watch, **({"__init__": WatchNew} if owner else {})}.items():
                if inspect.isfunction(plain_one := vars(place).get(name)):
                    setattr(place, name, kind(plain_one, self, about))

    def note_new(self, function: Callable[..., Any], made: object, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """Note what an object is made from, of the first ones."""
        if not self._busy and len(self._made) < OBJECTS and id(made) not in self._made:
            with contextlib.suppress(TypeError):  # as the call itself is going to say
                bound = inspect.signature(function).bind(made, *args, **kwargs)
                if _plain_names(bound):
                    self._made[id(made)] = (made, dict(list(bound.arguments.items())[1:]))

    def note_workers(self, watched: Sequence[Watched]) -> None:
        """Note calls that workers made of functions, those at the edges first."""
        for about in watched:
            if about.name in self._watched and "." not in about.name:
                self._note_workers(self._watched[about.name], about)

    def _note_workers(self, function: Callable[..., Any], about: Watched) -> None:
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
        if not _plain_names(bound):
            raise Unrecordable("it takes arguments without names of their own")
        text = inspect.cleandoc("\n" + _text_of(self._source, about.name))
        asked = _Asked(literals_of(text), once=any(word in text for word in _ONCE), joins=".join(" in text)
        self._masks.masked.clear()
        arguments: dict[str, Any] = {}
        new: type | None = None
        for number, (parameter, value) in enumerate(bound.arguments.items()):
            if number == 0 and "." in about.name:
                new, arguments[parameter] = self._object(value, about.name, asked)
            else:
                arguments[parameter] = self._value(parameter, value, asked, from_rows)
        first = plain(called(function, arguments, self._spark, new=new), ordered=True)
        second = plain(called(function, arguments, self._spark, new=new, backwards=True), ordered=True)
        if _sorted(first) != _sorted(second):
            raise Unrecordable("two runs on the same rows differ: it depends on their order, on the time or on chance")
        self._masked.setdefault(about.name, set()).update(self._masks.masked)
        ordered = about.ordered and first == second
        call = {"arguments": arguments, "gives": first if ordered else _sorted(first)}
        return {**call, "unordered": True} if about.ordered and not ordered else call

    def _value(self, parameter: str, value: Any, asked: _Asked, from_rows: bool = False) -> dict[str, Any]:
        if is_session(value):
            return {"session": "spark"}
        if is_frame(value):
            return self._sample(value, asked)
        return self._plain(parameter, value, from_rows)

    def _object(self, value: object, name: str, asked: _Asked) -> tuple[type, dict[str, Any]]:
        """Return the class of an object, and what it was made from."""
        kind = type(value)
        if kind.__name__ != name.partition(".")[0]:
            raise Unrecordable(f"it is called on a {kind.__name__}")
        _, made = self._made.get(id(value), (value, None))
        if made is None and kind.__init__ is object.__init__ and kind.__new__ is object.__new__:
            made = {}
        if made is None:
            raise Unrecordable("what its object was made from is not known")
        return kind, {"new": {parameter: self._value(parameter, inner, asked) for parameter, inner in made.items()}}

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

    def _sample(self, frame: Any, asked: _Asked) -> dict[str, Any]:
        columns = columns_of(frame)
        names = list(columns)
        literals, near = asked.literals, asked.near
        pool = self._pool(frame, columns, literals, near)
        rows = choose(names, pool, seed=self._seed, literals=literals, near=near)
        if asked.joins and len(rows) == len(pool):
            rows = without_a_partner(names, rows, near)
        for index, name in enumerate(names):
            if isinstance(columns[name], str):
                near.setdefault(name, set()).update(row[index] for row in rows if row[index] is not None)
        if asked.once and rows and len({json.dumps(row) for row in rows}) == len(rows):
            rows = [
                *rows,
                *(rows[n * (len(rows) - 1) // 3] for n in range(4)),
            ]  # else no test notices doubles that stay
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


@dataclass
class _Asked:
    """What a function asks for.

    Attributes:
        literals: values that its text spells out.
        once: it takes doubles out.
        joins: it joins.
        near: values that the frames sampled before have, by column.
    """

    literals: frozenset[Any]
    once: bool
    joins: bool
    near: dict[str, set[Any]] = field(default_factory=dict)


def _plain_names(bound: inspect.BoundArguments) -> bool:
    """Return whether every argument can be given by a name of its own."""
    odd = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    return all(p.kind not in odd or n not in bound.arguments for n, p in bound.signature.parameters.items())


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
        if isinstance(node, Function | ast.ClassDef) and node.name == name.partition(".")[0]:
            return ast.get_source_segment(source, node) or ""
    return ""


def first_line(error: BaseException) -> str:
    """Return an error's class and the first line of its text."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__
