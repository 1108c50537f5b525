"""Calls: of the notebook's own functions and classes, of Python's builtins, and of what the platform gives."""

from __future__ import annotations

import ast
import builtins
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dex.graph.facts import SAY_BOTH
from dex.graph.files import ProjectFile, file_function, of_project_file
from dex.graph.pipelines import pipeline_call
from dex.graph.plain import BUILTINS, FUNCTIONS, of_container, of_text
from dex.graph.platform import Delta, Reader, Target, Writer, known_call, platform_attribute, platform_call
from dex.graph.values import (
    Arguments,
    Class,
    Entries,
    Function,
    Instance,
    Items,
    Module,
    Partial,
    Scope,
    Super,
    Unknown,
    Value,
    as_function,
    iterated,
    join,
    known,
    source,
    truth,
    unknown,
)

if TYPE_CHECKING:
    from dex.graph.run import Run

_PLATFORM = (Reader, Writer, Target, Delta)
#: Modules whose functions do not read or write a table that they are given the name of.
_HARMLESS = frozenset(
    {*sys.stdlib_module_names, "pyspark", "pandas", "numpy", "delta", "IPython", "dex", "dex_dbutils"}
)
_SHOWING = ("display", "displayHTML", "udf")


def call(run: Run, node: ast.Call, scope: Scope) -> Value:
    """Return what a call may give, and note what it does."""
    from dex.graph.expressions import evaluate

    run.line = node.lineno
    if isinstance(node.func, ast.Attribute):
        owner = evaluate(run, node.func.value, scope)
        given = _arguments(run, node, scope)
        run.line = node.func.end_lineno or node.lineno
        name = node.func.attr
        found = join(_method(run, each, name, given, node) for each in owner.alternatives)
        return Value(found.alternatives, found.assumed | owner.assumed)
    given = _arguments(run, node, scope)
    run.line = node.lineno
    if isinstance(node.func, ast.Name) and scope.get(node.func.id) is None:
        return _bare(run, node.func.id, given, node)
    function = evaluate(run, node.func, scope)
    return join(_called(run, each, given, node) for each in function.alternatives)


def attribute(run: Run, owner: Any, name: str, text: str) -> Value:
    """Return an attribute of an object."""
    if isinstance(owner, Instance):
        own = owner.members.get(name)
        return own if own is not None else _member(run, owner.kind, name, known(owner), text)
    if isinstance(owner, Class):
        return _member(run, owner, name, None, text)
    if isinstance(owner, Super):
        above = (base for base in owner.kind.bases if base.holder(name) is not None)
        found = next(above, None)
        return _member(run, found, name, owner.bound, text) if found is not None else unknown(text)
    if isinstance(owner, Module):
        if owner.scope is not None:
            return owner.scope.get(name) or unknown(text)
        return known(Module(f"{owner.name}.{name}"))
    if isinstance(owner, str | int) and name == "value":  # of a member of an enumeration
        return known(owner)
    if isinstance(owner, str) and name in ("parent", "name") and "/" in owner:  # of a path
        return known(owner.rpartition("/")[0 if name == "parent" else 2])
    return platform_attribute(owner, name, text)


def _member(run: Run, kind: Class, name: str, bound: Value | None, text: str) -> Value:
    holder = kind.holder(name)
    if holder is None:
        return unknown(text)
    found = holder.scope.names[name]
    function = found.one
    if not isinstance(function, Function) or isinstance(function.node, ast.Lambda):
        return found
    marks = {source(mark) for mark in function.node.decorator_list}
    if "classmethod" in marks:
        return known(replace(function, bound=known(kind), kind=holder))
    if bound is None or "staticmethod" in marks:
        return found
    method = replace(function, bound=bound, kind=holder)
    if marks & {"property", "cached_property", "functools.cached_property"}:
        return run.call(method, [], {})
    return known(method)


def _arguments(run: Run, node: ast.Call, scope: Scope) -> Arguments:
    from dex.graph.expressions import evaluate

    positional: list[Value] = []
    for part in node.args:
        value = evaluate(run, part, scope)
        if isinstance(part, ast.Starred):
            positional += iterated(value) or []
        else:
            positional.append(value)
    named: dict[str, Value] = {}
    for keyword in node.keywords:
        value = evaluate(run, keyword.value, scope)
        if keyword.arg is not None:
            named[keyword.arg] = value
        elif isinstance(value.one, Entries):
            named |= {key: each for key, each in value.one.values.items() if isinstance(key, str)}
    return Arguments(positional, named)


def _called(run: Run, function: Any, given: Arguments, node: ast.Call) -> Value:
    text = source(node)
    own = as_function(function)
    if own is not None:
        return run.call(own, given.positional, given.named)
    if isinstance(function, Class):
        return _instance(run, function, given)
    if isinstance(function, Super):
        return known(function)
    if isinstance(function, Partial):
        both = Arguments([*function.positional, *given.positional], function.named | given.named)
        return _called(run, function.function, both, node)
    if isinstance(function, Module) and function.name == "functools.partial" and given.positional:
        rest = tuple(given.positional[1:])
        return Value(tuple(Partial(each, rest, given.named) for each in given.positional[0].alternatives))
    if isinstance(function, Module) and (read := file_function(run, function.name, given, node)) is not None:
        return read
    found = known_call(run, text_of_name(function, node), given, node, function)
    if found is None and isinstance(function, Unknown):
        found = _by_another_name(run, function, given, node)
    if found is not None:
        return found
    if isinstance(function, Module) and function.name in FUNCTIONS:
        return FUNCTIONS[function.name](given) or unknown(text)
    if isinstance(function, Module) and pipeline_call(run, function, given, node):
        return unknown(text)
    if isinstance(function, Module) and function.name == "dataclasses.field":
        return _field(run, given, node)
    if isinstance(function, Module) and function.name in ("os.environ.get", "os.getenv"):
        return _of_process(run, given, node)
    outside = isinstance(function, Module) and not is_harmless(function.name)
    if outside:
        _mention(run, function.name.rpartition(".")[2], given, node)
    made = _hand_over(run, given, function.name if isinstance(function, Module) else "", node)
    return made or Value((Unknown(text, outside=outside),))


def _by_another_name(run: Run, function: Unknown, given: Arguments, node: ast.Call) -> Value | None:
    """Return what a method gives that has got a name of its own, as in `read = spark.table`."""
    owner, dot, name = function.text.rpartition(".")
    return platform_call(run, Unknown(owner), name, given, node) if dot and name.isidentifier() else None


def _field(run: Run, given: Arguments, node: ast.Call) -> Value:
    """Return what a field of a dataclass is where nobody gives it."""
    default, factory = given.named.get("default"), given.named.get("default_factory")
    if factory is not None and isinstance(factory.one, Function | Class | Partial):
        return _called(run, factory.one, Arguments([], {}), node)
    return default or unknown(source(node))


def _of_process(run: Run, given: Arguments, node: ast.Call) -> Value:
    """Return a variable of the process: its default is assumed."""
    default = given.get(1, "default")
    if default is None or default.is_unknown:
        key = given.get(0, "key")
        return unknown(source(node), key.one if key is not None and isinstance(key.one, str) else "")
    return Value(default.alternatives, default.assumed | {f"`{source(node)}` gives its default ({run.at(node)})"})


def text_of_name(function: Any, node: ast.Call) -> str:
    """Return the last part of the name under which something is called."""
    if isinstance(function, Module):
        return function.name.rpartition(".")[2]
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _bare(run: Run, name: str, given: Arguments, node: ast.Call) -> Value:
    """Return what a name gives that nothing in the notebook sets."""
    found = known_call(run, name, given, node)
    if found is not None:
        return found
    builtin = BUILTINS.get(name)
    if builtin is not None:
        made = builtin(given)
        if made is not None:
            return made
    if name == "exec":
        run.ask("DEX-GRAPH-16", f"What `{source(node)}` reads and writes is not known.", run.at(node), SAY_BOTH)
    known_stars = bool(run.stars) and all(is_harmless(module) for module in run.stars)
    if not hasattr(builtins, name) and name not in _SHOWING and not known_stars:
        _mention(run, name, given, node)
    return _hand_over(run, given, name, node) or unknown(source(node))


def _method(run: Run, owner: Any, name: str, given: Arguments, node: ast.Call) -> Value:
    text = source(node)
    if isinstance(owner, Instance | Class | Super):
        member = attribute(run, owner, name, text)
        if not member.is_unknown:
            return join(_called(run, each, given, node) for each in member.alternatives)
        owner = Unknown(text)
    if isinstance(owner, Module):
        if owner.scope is not None:
            found = owner.scope.get(name)
            if found is not None:
                return join(_called(run, each, given, node) for each in found.alternatives)
        else:
            return _called(run, Module(f"{owner.name}.{name}"), given, node)
    if isinstance(owner, str):
        return of_text(run, owner, name, given, node)
    if isinstance(owner, ProjectFile):
        return of_project_file(owner, name) or unknown(text)
    if isinstance(owner, Items | Entries):
        found = of_container(owner, name, given)
        if found is not None:
            return found
        return unknown(text)
    found = known_call(run, name, given, node, owner)
    if found is not None:
        return found
    found = platform_call(run, owner, name, given, node)
    if found is not None:
        return found
    if isinstance(owner, Unknown) and owner.parameter and name in ("lower", "upper", "strip"):
        return known(replace(owner, text=text))
    made = _hand_over(run, given, name, node)
    outside = isinstance(owner, Unknown) and owner.outside
    if outside:
        _mention(run, name, given, node)
    return made or Value((Unknown(text, outside=outside),))


def is_harmless(module: str) -> bool:
    """Return whether the functions of a module leave a table alone whose name they are given."""
    return module.partition(".")[0] in _HARMLESS


def _instance(run: Run, kind: Class, given: Arguments) -> Value:
    made = Instance(kind)
    start = _member(run, kind, "__init__", known(made), "").one
    if isinstance(start, Function):
        run.call(start, given.positional, given.named)
    else:
        fields = [
            n.target.id for n in kind.node.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
        ]
        made.members.update(zip(fields, given.positional, strict=False))
        made.members.update(given.named)
    return known(made)


def _hand_over(run: Run, given: Arguments, name: str, node: ast.Call) -> Value | None:
    """Read functions of the notebook that are given to something that will call them; return what `map` and `filter` give."""
    made: Value | None = None
    for number, value in enumerate(given.positional):
        for each in value.alternatives:
            method = isinstance(each, Unknown) and each.text.endswith((".table", ".sql")) and "(" not in each.text
            if not isinstance(each, Function | Partial) and not method:
                continue
            behind = given.positional[number + 1 :]
            rounds = [row for over in behind if (row := iterated(over)) is not None]
            if rounds and ("map" in name or name == "filter"):
                rows = [list(row) for row in zip(*rounds, strict=False)]
                if "starmap" in name:
                    rows = [iterated(row[0]) or [] for row in rows]
                results = [_called(run, each, Arguments(row, {}), node) for row in rows]
                if name == "filter":
                    results = [row[0] for row, kept in zip(rows, results, strict=True) if truth(kept) is not False]
                made = known(Items(results))
            else:
                positional = behind if name.endswith(("submit", "run_in_executor")) else []
                if name == "apply_async" and rounds:
                    positional = rounds[0]
                _called(run, each, Arguments(positional, given.named if positional else {}), node)
    target = given.named.get("target")
    for each in target.alternatives if target is not None else ():
        if isinstance(each, Function | Partial):
            arguments = given.named.get("args")
            given_there = iterated(arguments) if arguments is not None else None
            _called(run, each, Arguments(given_there or [], {}), node)
    return made


def _mention(run: Run, function: str, given: Arguments, node: ast.Call) -> None:
    for value in given.all:
        run.mention(value, function, run.at(node))
