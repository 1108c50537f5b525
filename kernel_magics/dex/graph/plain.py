"""What Python's own types and functions give: texts, lists, dictionaries, JSON."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import prod
from string import Template
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from dex.graph.files import of_path
from dex.graph.values import (
    Arguments,
    Class,
    Entries,
    Instance,
    Items,
    Scope,
    Unknown,
    Value,
    combined,
    has_hole,
    iterated,
    join,
    known,
    one_of,
    sealed,
    source,
    unknown,
    unsealed,
)

if TYPE_CHECKING:
    from dex.graph.run import Run

_TEXT_METHODS = frozenset(
    "lower upper casefold strip lstrip rstrip replace title capitalize removeprefix removesuffix zfill split rsplit "
    "partition rpartition splitlines startswith endswith".split()
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


def of_text(run: Run, owner: str, name: str, given: Arguments, node: ast.Call) -> Value:
    """Return what a method of a text gives."""
    text = source(node)

    def written(constant: Any) -> Any:
        return constant if isinstance(constant, str | int | float) else run.holes.text(constant)

    def formatted(*values: Any) -> Any:
        positional = [written(value) for value in values[: len(given.positional)]]
        named = {key: written(value) for key, value in zip(given.named, values[len(positional) :], strict=True)}
        try:
            return owner.format(*positional, **named)
        except (IndexError, KeyError, ValueError, AttributeError, TypeError):
            return Unknown(text)

    if name == "format":
        return combined(given.all, formatted)
    parts = iterated(given.positional[0]) if given.positional else None
    if name == "join" and parts is not None:
        found = combined(parts, lambda *each: owner.join(run.holes.text(part) for part in each))
        return Value(found.alternatives, found.assumed | given.positional[0].assumed)
    if name in ("substitute", "safe_substitute"):  # of a `string.Template`
        named = {key: run.holes.text(value.one) for key, value in given.named.items()}
        return Value((Template(owner).safe_substitute(named),), _assumed(given))
    if name not in _TEXT_METHODS:
        return of_path(run, owner, name, given, node) or unknown(text)
    return combined(given.all, lambda *values: _of_method(run, owner, name, values, text))


def _of_method(run: Run, owner: str, name: str, given: Sequence[Any], text: str) -> Any:
    if name == "replace" and isinstance(given[-1], Unknown):
        given = (*given[:-1], run.holes.text(given[-1]))
    if not all(isinstance(value, str | int) for value in given):
        return Unknown(text)
    try:
        found = getattr(sealed(owner), name)(*(sealed(v) if isinstance(v, str) else v for v in given))
    except (TypeError, ValueError):
        return Unknown(text)
    if isinstance(found, bool):
        return found if found or not has_hole(owner) else Unknown(text)
    return unsealed(found) if isinstance(found, str) else Items([known(unsealed(part)) for part in found])


def _assumed(given: Arguments) -> frozenset[str]:
    return frozenset[str]().union(*(value.assumed for value in given.all))


def of_container(owner: Items | Entries, name: str, given: Arguments) -> Value | None:
    """Return what a method of a list or dictionary gives; None for any that is not followed."""
    first = given.get(0, "default")
    if isinstance(owner, Items):
        if name in ("append", "add") and first is not None:
            owner.values.append(first)
        elif name == "insert" and len(given.positional) == 2:
            owner.values.append(given.positional[1])
        elif name in ("extend", "update") and first is not None:
            owner.values.extend(iterated(first) or [unknown("one of many values")])
        elif name in ("pop", "popleft"):
            return one_of(owner, unknown("what a list holds"))
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
    if name in ("get", "setdefault", "pop") and first is not None:
        default = given.get(1, "default") or known(None)
        if name == "setdefault" and isinstance(first.one, str | int):
            owner.values.setdefault(first.one, default)
        keys = first.alternatives
        if any(isinstance(key, Unknown) for key in keys):
            return join([one_of(owner, default), default]) if default.one is not None else one_of(owner, default)
        return join(owner.values.get(key, default) for key in keys)
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


def _dedented(given: Arguments) -> Value | None:
    return combined(given.all, lambda *texts: dedent(texts[0]) if isinstance(texts[0], str) else texts[0])


def _chained(given: Arguments) -> Value | None:
    rows = [iterated(value) for value in given.positional]
    return None if None in rows else known(Items([value for row in rows for value in row or ()]))


def _crossed(given: Arguments) -> Value | None:
    rows = [iterated(value) for value in given.positional]
    if None in rows or prod(len(row or ()) for row in rows) > 1000:
        return None
    return known(Items([known(Items(list(row))) for row in product(*(row or () for row in rows))]))


def _named_tuple(given: Arguments) -> Value | None:
    """Return the class that `collections.namedtuple` makes."""
    fields = given.get(1, "field_names")
    one = fields.one if fields is not None else None
    names = (
        one.replace(",", " ").split()
        if isinstance(one, str)
        else [v.one for v in one.values]
        if isinstance(one, Items)
        else []
    )
    if not names or not all(isinstance(name, str) and name.isidentifier() for name in names):
        return None
    node = ast.parse("class Made:\n" + "\n".join(f"    {name}: object" for name in names)).body[0]
    return known(Class(node, Scope())) if isinstance(node, ast.ClassDef) else None


def _namespace(given: Arguments) -> Value | None:
    return known(Instance(Class(ast.ClassDef("SimpleNamespace", [], [], [], []), Scope()), dict(given.named)))


#: Functions of Python's own modules.
FUNCTIONS: Mapping[str, Callable[[Arguments], Value | None]] = {
    "functools.wraps": lambda _: None,  # it calls nothing
    "textwrap.dedent": _dedented,
    "inspect.cleandoc": _dedented,
    "string.Template": lambda given: given.get(0, "template"),
    "itertools.chain": _chained,
    "itertools.product": _crossed,
    "collections.namedtuple": _named_tuple,
    "collections.OrderedDict": _as_entries,
    "types.SimpleNamespace": _namespace,
    "copy.copy": lambda given: given.get(0, "x"),
    "copy.deepcopy": lambda given: given.get(0, "x"),
}
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
