"""What Python's own types and functions give: texts, lists, dictionaries, JSON."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dex.graph.values import Arguments, Entries, Items, Unknown, Value, has_hole, iterated, known, source, unknown

if TYPE_CHECKING:
    from dex.graph.run import Run

_TEXT_METHODS = frozenset(
    "lower upper strip lstrip rstrip replace title capitalize removeprefix removesuffix split startswith endswith".split()
)
_TYPES: Mapping[str, type] = {
    "str": str,
    "int": int,
    "bool": bool,
    "float": float,
    "list": Items,
    "tuple": Items,
    "set": Items,
    "dict": Entries,
}
_KEEP_HOLES = frozenset({"strip", "lstrip", "rstrip", "lower"})


def loaded(value: Value, text: str) -> Value:
    """Return what a JSON text holds."""
    try:
        return Value((_of_plain(json.loads(value.one)),), value.assumed)
    except (TypeError, ValueError, RecursionError):
        return unknown(text)


def _of_plain(value: Any) -> Any:
    if isinstance(value, dict):
        return Entries({key: known(_of_plain(each)) for key, each in value.items()})
    return Items([known(_of_plain(each)) for each in value]) if isinstance(value, list) else value


def of_text(run: Run, owner: str, name: str, given: Arguments, node: ast.Call) -> Value:
    """Return what a method of a text gives."""
    text = source(node)
    if name == "format":
        positional = [run.holes.text(value.one) for value in given.positional]
        named = {key: run.holes.text(value.one) for key, value in given.named.items()}
        try:
            return Value((owner.format(*positional, **named),), _assumed(given))
        except (IndexError, KeyError, ValueError, AttributeError):
            return unknown(text)
    if name == "join" and given.positional and isinstance(given.positional[0].one, Items):
        parts = [run.holes.text(value.one) for value in given.positional[0].one.values]
        return Value((owner.join(parts),), _assumed(given))
    plain = all(isinstance(value.one, str | int) for value in given.all)
    if name not in _TEXT_METHODS or not plain or (has_hole(owner) and name not in _KEEP_HOLES):
        return unknown(text)
    try:
        found = getattr(owner, name)(*(value.one for value in given.positional))
    except (TypeError, ValueError):
        return unknown(text)
    made = Items([known(part) for part in found]) if isinstance(found, list) else found
    return Value((made,), _assumed(given))


def _assumed(given: Arguments) -> frozenset[str]:
    return frozenset[str]().union(*(value.assumed for value in given.all))


def of_container(owner: Items | Entries, name: str, given: Arguments) -> Value | None:
    """Return what a method of a list or dictionary gives; None for any that is not followed."""
    first = given.get(0, "default")
    if isinstance(owner, Items):
        if name in ("append", "add") and first is not None:
            owner.values.append(first)
        elif name in ("extend", "update") and first is not None and isinstance(first.one, Items):
            owner.values.extend(first.one.values)
        elif name == "copy":
            return known(Items(list(owner.values)))
        else:
            return None
        return known(None)
    if name == "items":
        return known(Items([known(Items([known(key), value])) for key, value in owner.values.items()]))
    if name == "keys":
        return known(Items([known(key) for key in owner.values]))
    if name == "values":
        return known(Items(list(owner.values.values())))
    if name == "copy":
        return known(Entries(dict(owner.values)))
    if name == "update" and first is not None and isinstance(first.one, Entries):
        owner.values.update(first.one.values)
        return known(None)
    if name in ("get", "setdefault", "pop") and first is not None and isinstance(first.one, str | int):
        default = given.get(1, "default")
        found = owner.values.get(first.one)
        return found if found is not None else default or known(None)
    return None


def _listed(given: Arguments) -> Value | None:
    rounds = iterated(given.positional[0]) if given.positional else []
    return None if rounds is None else known(Items(rounds))


def _zipped(given: Arguments) -> Value | None:
    rows = [iterated(value) for value in given.positional]
    if any(row is None for row in rows):
        return None
    return known(Items([known(Items(list(row))) for row in zip(*(r for r in rows if r is not None), strict=False)]))


def _numbered(given: Arguments) -> Value | None:
    rounds = iterated(given.positional[0]) if given.positional else None
    start = given.get(1, "start")
    first = start.one if start is not None and isinstance(start.one, int) else 0
    if rounds is None:
        return None
    return known(Items([known(Items([known(number), value])) for number, value in enumerate(rounds, first)]))


def _ranged(given: Arguments) -> Value | None:
    numbers = [value.one for value in given.positional]
    if not all(isinstance(number, int) for number in numbers):
        return None
    try:
        found = range(*numbers)
    except (TypeError, ValueError):
        return None
    return known(Items([known(number) for number in found])) if len(found) <= 1000 else None


def _length(given: Arguments) -> Value | None:
    one = given.positional[0].one if given.positional else None
    if isinstance(one, Items | Entries) and one.values:  # one that is empty here may be filled by what is not followed
        return Value((len(one.values),), given.positional[0].assumed)
    return None


def _is_of(given: Arguments) -> Value | None:
    """Return whether a value is of types of Python; lists, tuples and sets are not told apart."""
    kinds = given.get(1)
    wanted = kinds.alternatives if kinds is not None else ()
    wanted = tuple(part.one for part in wanted[0].values) if wanted and isinstance(wanted[0], Items) else wanted
    names = [each.text for each in wanted if isinstance(each, Unknown)]
    if not names or len(names) < len(wanted) or not all(name in _TYPES for name in names):
        return None
    types = tuple(_TYPES[name] for name in names)
    value = given.positional[0]
    if any(isinstance(each, Unknown) for each in value.alternatives):
        return None
    found = {isinstance(each, types) for each in value.alternatives}
    return Value((found.pop(),), value.assumed) if len(found) == 1 else None


def _as_text(given: Arguments) -> Value | None:
    value = given.get(0) or known("")
    if all(isinstance(each, str | int | float | Unknown) for each in value.alternatives):
        texts = tuple(str(each) if isinstance(each, int | float) else each for each in value.alternatives)
        return Value(texts, value.assumed)
    return None


def _as_entries(given: Arguments) -> Value | None:
    found = given.positional[0].one if given.positional else Entries()
    return known(Entries(dict(found.values) | given.named)) if isinstance(found, Entries) else None


BUILTINS: Mapping[str, Callable[[Arguments], Value | None]] = {
    "list": _listed,
    "tuple": _listed,
    "set": _listed,
    "sorted": _listed,
    "reversed": _listed,
    "frozenset": _listed,
    "zip": _zipped,
    "enumerate": _numbered,
    "range": _ranged,
    "len": _length,
    "isinstance": _is_of,
    "str": _as_text,
    "dict": _as_entries,
}
