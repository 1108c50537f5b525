"""Expressions: what they may stand for. Everything in them is read, so that no call is missed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dex.graph.calls import attribute, call
from dex.graph.values import (
    Entries,
    Function,
    Items,
    Module,
    Scope,
    Unknown,
    Value,
    combined,
    has_hole,
    iterated,
    join,
    known,
    one_of,
    source,
    truth,
    unknown,
)

if TYPE_CHECKING:
    from dex.graph.run import Run

_OPERATORS: dict[type[ast.operator | ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Mod: operator.mod,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
#: A longer text is not built.
_LONGEST = 200_000


def evaluate(run: Run, node: ast.expr, scope: Scope) -> Value:
    """Return what an expression may stand for, and note what it does."""
    if isinstance(node, ast.Constant):
        return known(node.value)
    if isinstance(node, ast.Name):
        return scope.get(node.id) or unknown(node.id)
    if isinstance(node, ast.Call):
        return call(run, node, scope)
    if isinstance(node, ast.Attribute):
        owner = evaluate(run, node.value, scope)
        return _each(owner, lambda each: attribute(run, each, node.attr, source(node)))
    if isinstance(node, ast.JoinedStr):
        return _texts(run, [evaluate(run, part, scope) for part in node.values])
    if isinstance(node, ast.FormattedValue):
        return _formatted(run, node, scope)
    if isinstance(node, ast.BinOp):
        return _operation(run, node, evaluate(run, node.left, scope), evaluate(run, node.right, scope))
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return _items(run, node, scope)
    if isinstance(node, ast.Dict):
        return _entries(run, node, scope)
    if isinstance(node, ast.Subscript):
        return _subscript(run, node, scope)
    if isinstance(node, ast.IfExp):
        return _choice(run, node, scope)
    if isinstance(node, ast.BoolOp):
        return _boolean(node, [evaluate(run, part, scope) for part in node.values])
    if isinstance(node, ast.UnaryOp):
        return _unary(node, evaluate(run, node.operand, scope))
    if isinstance(node, ast.Compare):
        return _comparison(run, node, scope)
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        return _listed(run, node, scope, lambda inner: evaluate(run, node.elt, inner))
    if isinstance(node, ast.DictComp):
        return _mapped(run, node, scope)
    if isinstance(node, ast.Lambda):
        return known(Function(node, scope, run.origin))
    if isinstance(node, ast.NamedExpr):
        value = evaluate(run, node.value, scope)
        scope.set(node.target.id, value)
        return value
    if isinstance(node, ast.Await | ast.Starred):
        return evaluate(run, node.value, scope)
    if isinstance(node, ast.Yield | ast.YieldFrom) and node.value is not None:
        return _yield(run, node, evaluate(run, node.value, scope))
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.expr):
            evaluate(run, part, scope)
    return unknown(source(node))


def _yield(run: Run, node: ast.Yield | ast.YieldFrom, value: Value) -> Value:
    rounds = [value] if isinstance(node, ast.Yield) else iterated(value) or [unknown(source(node))]
    if run.yields:
        run.yields[-1].extend(rounds)
    return unknown(source(node))


def _each(value: Value, ask: Callable[[Any], Value]) -> Value:
    found = join(ask(each) for each in value.alternatives)
    return Value(found.alternatives, found.assumed | value.assumed)


def _texts(run: Run, values: list[Value]) -> Value:
    return combined(values, lambda *parts: "".join(run.holes.text(part) for part in parts)[:_LONGEST])


def _formatted(run: Run, node: ast.FormattedValue, scope: Scope) -> Value:
    value = evaluate(run, node.value, scope)
    form = evaluate(run, node.format_spec, scope).one if node.format_spec is not None else ""

    def made(constant: Any) -> Any:
        if node.conversion == ord("r") and isinstance(constant, str) and not has_hole(constant):
            return repr(constant)
        if not form or not isinstance(form, str) or not isinstance(constant, str | int | float):
            return run.holes.text(constant)
        try:
            return format(constant, form)
        except (ValueError, TypeError):
            return Unknown(source(node.value))

    return combined([value], made)


def _operation(run: Run, node: ast.BinOp, left: Value, right: Value) -> Value:
    def made(one: Any, other: Any) -> Any:
        if isinstance(one, Items) and isinstance(other, Items) and isinstance(node.op, ast.Add):
            return Items([*one.values, *other.values])
        if isinstance(one, Entries) and isinstance(other, Entries) and isinstance(node.op, ast.BitOr):
            return Entries({**one.values, **other.values})
        texts = sum(isinstance(each, str) for each in (one, other))
        if (
            isinstance(node.op, ast.Add)
            and texts
            and texts + isinstance(one, Unknown) + isinstance(other, Unknown) == 2
        ):
            return (run.holes.text(one) + run.holes.text(other))[:_LONGEST]
        if isinstance(node.op, ast.Div) and (isinstance(one, str) or isinstance(other, str)):  # of a path
            return f"{run.holes.text(one).rstrip('/')}/{run.holes.text(other)}"
        if isinstance(node.op, ast.Mod) and isinstance(one, str):
            return _percent(run, one, other, node)
        plain = isinstance(one, int | float | str) and isinstance(other, int | float | str)
        how = _OPERATORS.get(type(node.op))
        if (
            how is None
            or not plain
            or (isinstance(node.op, ast.Mult) and isinstance(one, str) != isinstance(other, str))
        ):
            return Unknown(source(node))
        try:
            return how(one, other)
        except (TypeError, ValueError, ArithmeticError):
            return Unknown(source(node))

    return combined([left, right], made)


def _percent(run: Run, text: str, given: Any, node: ast.BinOp) -> Any:
    rows = [value.one for value in given.values] if isinstance(given, Items) else [given]
    try:
        return text % tuple(row if isinstance(row, int | float) else run.holes.text(row) for row in rows)
    except (TypeError, ValueError):
        return Unknown(source(node))


def _items(run: Run, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Value:
    found: list[Value] = []
    for part in node.elts:
        value = evaluate(run, part, scope)
        if isinstance(part, ast.Starred):
            rounds = iterated(value)
            if rounds is None:
                return unknown(source(node))
            found += rounds
        else:
            found.append(value)
    return known(Items(found))


def _entries(run: Run, node: ast.Dict, scope: Scope) -> Value:
    found: dict[Any, Value] = {}
    for key, part in zip(node.keys, node.values, strict=True):
        value = evaluate(run, part, scope)
        if key is None:
            if not isinstance(value.one, Entries):
                return unknown(source(node))
            found.update(value.one.values)
            continue
        name = evaluate(run, key, scope).one
        if isinstance(name, str | int | float | bool | None):
            found[name] = value
    return known(Entries(found))


def _subscript(run: Run, node: ast.Subscript, scope: Scope) -> Value:
    owner = evaluate(run, node.value, scope)
    text = source(node)
    if isinstance(node.slice, ast.Slice):
        return _slice(run, owner, node.slice, scope, text)
    key = evaluate(run, node.slice, scope)

    def found(each: Any, place: Any) -> Value:
        if isinstance(each, Entries | Items) and isinstance(place, Unknown):
            return one_of(each, unknown(text))
        if isinstance(each, Entries) and isinstance(place, str | int | float | bool | None):
            return each.values.get(place, unknown(text))
        if isinstance(each, Items) and isinstance(place, int) and -len(each.values) <= place < len(each.values):
            return each.values[place]
        if isinstance(each, Module) and each.name == "os.environ" and isinstance(place, str):
            return unknown(text, place)
        if isinstance(each, Unknown) and each.text.endswith(".schemas") and isinstance(place, str):
            return known(place)  # of an environment, whose layers stand for their schemas
        return unknown(text)

    value = _each(owner, lambda each: join(found(each, place) for place in key.alternatives))
    return Value(value.alternatives, value.assumed | key.assumed)


def _slice(run: Run, owner: Value, part: ast.Slice, scope: Scope, text: str) -> Value:
    ends = [evaluate(run, end, scope).one if end is not None else None for end in (part.lower, part.upper, part.step)]
    whole = owner.one
    if not all(end is None or isinstance(end, int) for end in ends) or 0 in ends[2:]:
        return unknown(text)
    if isinstance(whole, Items):
        return Value((Items(whole.values[slice(*ends)]),), owner.assumed)
    return (
        Value((whole[slice(*ends)],), owner.assumed)
        if isinstance(whole, str) and not has_hole(whole)
        else unknown(text)
    )


def _unary(node: ast.UnaryOp, value: Value) -> Value:
    if isinstance(node.op, ast.Not):
        sure = truth(value)
        return unknown(source(node)) if sure is None else Value((not sure,), value.assumed)
    if isinstance(node.op, ast.USub) and isinstance(value.one, int | float):
        return Value((-value.one,), value.assumed)
    return unknown(source(node))


def _choice(run: Run, node: ast.IfExp, scope: Scope) -> Value:
    test = evaluate(run, node.test, scope)
    sure = truth(test)
    if sure is not None and not test.assumed:
        return evaluate(run, node.body if sure else node.orelse, scope)
    return join([evaluate(run, node.body, scope), evaluate(run, node.orelse, scope)])


def _boolean(node: ast.BoolOp, values: list[Value]) -> Value:
    """Return what ends the row of operands: the first that is true of `or`, the first that is false of `and`."""
    ends = isinstance(node.op, ast.Or)
    if not ends:
        false = [value for value in values if truth(value) is False]
        if false:
            return min(false, key=lambda value: bool(value.assumed))
    left: list[Value] = []
    assumed = frozenset[str]()
    for value in values:
        sure = truth(value)
        if sure is not None and sure is not ends:
            assumed |= frozenset() if ends else value.assumed
            continue
        left.append(value)
        if sure is ends:
            break
    found = join(left) if left else values[-1]
    return Value(found.alternatives, found.assumed | assumed)


def _comparison(run: Run, node: ast.Compare, scope: Scope) -> Value:
    values = [evaluate(run, part, scope) for part in (node.left, *node.comparators)]
    if len(values) == 2 and isinstance(node.ops[0], ast.Is | ast.IsNot) and values[1].one is None:
        none = {None if isinstance(each, Unknown) else each is None for each in values[0].alternatives}
        sure = none.pop() if len(none) == 1 else None
        wanted = isinstance(node.ops[0], ast.Is)
        return unknown(source(node)) if sure is None else Value((sure is wanted,), values[0].assumed)
    plain = all(isinstance(value.one, str | int | bool | None) and not _is_partly(value.one) for value in values)
    how = _OPERATORS.get(type(node.ops[0]))
    if len(values) == 2 and isinstance(node.ops[0], ast.In | ast.NotIn):
        return _membership(values[0], values[1], isinstance(node.ops[0], ast.In), source(node))
    if len(values) == 2 and plain and how is not None:
        try:
            return Value((bool(how(values[0].one, values[1].one)),), values[0].assumed | values[1].assumed)
        except TypeError:  # an order of unlike things
            return unknown(source(node))
    return unknown(source(node))


def _is_partly(constant: Any) -> bool:
    """Return whether only the run knows a part of a text."""
    return isinstance(constant, str) and has_hole(constant)


def _membership(one: Value, many: Value, wanted: bool, text: str) -> Value:
    rounds = iterated(many)
    inside = [each.one for each in rounds or ()]
    every = (one.one, *inside)
    if rounds is None or not all(isinstance(each, str | int | bool | None) and not _is_partly(each) for each in every):
        return unknown(text)
    return Value(((one.one in inside) is wanted,), one.assumed | many.assumed)


def _rounds(run: Run, generators: list[ast.comprehension], scope: Scope) -> Iterator[Scope | None]:
    """Yield a scope for every round of a comprehension, None where only the run knows the rounds."""
    from dex.graph.statements import assign

    if not generators:
        yield scope
        return
    first, *rest = generators
    over = iterated(evaluate(run, first.iter, scope))
    values: Iterable[Value] = [unknown(source(first.target))] if over is None else over
    for value in values:
        run.step()
        inner = Scope(scope)
        assign(run, first.target, value, inner)
        tests = [evaluate(run, test, inner) for test in first.ifs]
        if any(truth(test) is False and not test.assumed for test in tests):
            continue
        yield from _rounds(run, rest, inner)
    if over is None:
        yield None


def _listed(
    run: Run, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope, make: Callable[[Scope], Value]
) -> Value:
    found: list[Value] = []
    complete = True
    for inner in _rounds(run, node.generators, scope):
        if inner is None:
            complete = False
        else:
            found.append(make(inner))
    return known(Items(found)) if complete else unknown(source(node))


def _mapped(run: Run, node: ast.DictComp, scope: Scope) -> Value:
    found: dict[Any, Value] = {}
    complete = True
    for inner in _rounds(run, node.generators, scope):
        if inner is None:
            complete = False
            continue
        key, value = evaluate(run, node.key, inner).one, evaluate(run, node.value, inner)
        if isinstance(key, str | int | float | bool | None):
            found[key] = value
    return known(Entries(found)) if complete else unknown(source(node))
