"""Statements read in the order in which they would run: both branches of a condition, every round of a known loop."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dex.graph.expressions import evaluate
from dex.graph.imports import bind_imports
from dex.graph.pipelines import take_decorators
from dex.graph.values import (
    Class,
    Entries,
    Function,
    Instance,
    Items,
    Scope,
    Unknown,
    Value,
    iterated,
    join,
    known,
    shown,
    source,
    truth,
    unknown,
)

if TYPE_CHECKING:
    from dex.graph.run import Run

#: `except*` is a class of its own, from Python 3.11 on.
_TRY = (ast.Try, getattr(ast, "TryStar", ast.Try))


def execute(run: Run, body: Sequence[ast.stmt], scope: Scope) -> bool:
    """Read statements; return whether what stands below them is never reached."""
    return any(_one(run, node, scope) for node in body)


def _one(run: Run, node: ast.stmt, scope: Scope) -> bool:
    run.step()
    run.line = node.lineno
    if isinstance(node, ast.Expr):
        evaluate(run, node.value, scope)
        return _exits(node.value)
    if isinstance(node, ast.Assign):
        value = evaluate(run, node.value, scope)
        for target in node.targets:
            assign(run, target, value, scope)
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        assign(run, node.target, evaluate(run, node.value, scope), scope)
    elif isinstance(node, ast.AugAssign):
        total = ast.BinOp(_loaded(node.target), node.op, node.value)
        assign(run, node.target, evaluate(run, ast.copy_location(ast.fix_missing_locations(total), node), scope), scope)
    elif isinstance(node, ast.If):
        return _if(run, node, scope)
    elif isinstance(node, ast.For | ast.AsyncFor):
        _for(run, node, scope)
    elif isinstance(node, ast.While):
        evaluate(run, node.test, scope)
        _branches(run, [node.body, []], scope)
        return execute(run, node.orelse, scope)
    elif isinstance(node, _TRY):
        return _try(run, node, scope)
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            value = evaluate(run, item.context_expr, scope)
            if item.optional_vars is not None:
                assign(run, item.optional_vars, value, scope)
        return execute(run, node.body, scope)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        function = Function(node, scope, run.origin)
        scope.set(node.name, _decorated(run, node, function, scope))
        take_decorators(run, node, function, scope)
    elif isinstance(node, ast.ClassDef):
        _class(run, node, scope)
    elif isinstance(node, ast.Import | ast.ImportFrom):
        bind_imports(run, node, scope)
    elif isinstance(node, ast.Return):
        value = evaluate(run, node.value, scope) if node.value is not None else known(None)
        if run.returns:
            run.returns[-1].append(value)
        return True
    elif isinstance(node, ast.Global | ast.Nonlocal):
        scope.outer.update(node.names)
    elif isinstance(node, ast.Match):
        evaluate(run, node.subject, scope)
        for case in node.cases:
            for part in ast.walk(case.pattern):
                if name := getattr(part, "name", None):
                    scope.set(name, unknown(name))
        _branches(run, [*(case.body for case in node.cases), []], scope)
    elif isinstance(node, ast.Raise | ast.Assert):
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.expr):
                evaluate(run, part, scope)
        return isinstance(node, ast.Raise)
    return isinstance(node, ast.Break | ast.Continue)


def _decorated(run: Run, node: ast.FunctionDef | ast.AsyncFunctionDef, function: Function, scope: Scope) -> Value:
    """Return what the notebook's own decorators make of a function; those of others are taken to leave it as it is."""
    made = known(function)
    for mark in reversed(node.decorator_list):
        decorator = evaluate(run, mark, scope).one
        if isinstance(decorator, Function):
            found = run.call(decorator, [made], {})
            made = found if isinstance(found.one, Function) else made
    return made


def assign(run: Run, target: ast.expr, value: Value, scope: Scope) -> None:
    """Bind a target of an assignment."""
    if isinstance(target, ast.Name):
        scope.set(target.id, value)
    elif isinstance(target, ast.Starred):
        assign(run, target.value, value, scope)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(run, target, value, scope)
    elif isinstance(target, ast.Attribute):
        owner = evaluate(run, target.value, scope)
        for each in owner.alternatives:
            if isinstance(each, Instance):
                each.members[target.attr] = value
            elif isinstance(each, Class):
                each.scope.names[target.attr] = value
    elif isinstance(target, ast.Subscript):
        owner, key = evaluate(run, target.value, scope), evaluate(run, target.slice, scope).one
        for each in owner.alternatives:
            inside = isinstance(each, Items) and isinstance(key, int) and -len(each.values) <= key < len(each.values)
            if inside or (isinstance(each, Entries) and isinstance(key, str | int)):
                each.values[key] = value


def _unpack(run: Run, target: ast.Tuple | ast.List, value: Value, scope: Scope) -> None:
    rows = [each.values for each in value.alternatives if isinstance(each, Items)]
    star = next((i for i, part in enumerate(target.elts) if isinstance(part, ast.Starred)), None)
    if star is not None:
        rest = len(target.elts) - star - 1
        long = [row for row in rows if len(row) > star + rest - 1]
        rows = [[*row[:star], known(Items(row[star : len(row) - rest])), *row[len(row) - rest :]] for row in long]
    fitting = [row for row in rows if len(row) == len(target.elts)]
    if not fitting or len(rows) < len(value.alternatives):
        for part in target.elts:
            assign(run, part, unknown(source(part)), scope)
        return
    for number, part in enumerate(target.elts):
        found = join(row[number] for row in fitting)
        assign(run, part, Value(found.alternatives, found.assumed | value.assumed), scope)


def _if(run: Run, node: ast.If, scope: Scope) -> bool:
    test = evaluate(run, node.test, scope)
    sure = truth(test)
    if sure is not None and not test.assumed:
        return execute(run, node.body if sure else node.orelse, scope)
    return _branches(run, [node.body, node.orelse], scope)


def _branches(run: Run, bodies: Sequence[Sequence[ast.stmt]], scope: Scope) -> bool:
    """Read bodies of which any may run; a name has the values of all of them behind that."""
    before = dict(scope.names)
    after: list[dict[str, Value]] = []
    for body in bodies:
        scope.names = dict(before)
        if not execute(run, body, scope):
            after.append(scope.names)
    if not after:
        scope.names = before
        return True
    scope.names = {name: join(names[name] for names in after if name in names) for names in after for name in names}
    return False


def _for(run: Run, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
    over = evaluate(run, node.iter, scope)
    rounds = iterated(over)
    if rounds is None:
        before = dict(scope.names)
        assign(run, node.target, unknown(source(node.target)), scope)
        execute(run, node.body, scope)
        scope.names = {
            name: join([before[name], value]) if name in before else value for name, value in scope.names.items()
        }
    else:
        for each in rounds:
            assign(run, node.target, each, scope)
            execute(run, node.body, scope)
    execute(run, node.orelse, scope)


def _try(run: Run, node: Any, scope: Scope) -> bool:
    before = dict(scope.names)
    ended = execute(run, node.body, scope) or execute(run, node.orelse, scope)
    after = [] if ended else [scope.names]
    tried = scope.names
    for handler in node.handlers:
        scope.names = {**before, **({handler.name: unknown(handler.name)} if handler.name else {})}
        if not execute(run, handler.body, scope):
            after.append(scope.names)
    scope.names = {
        name: _with_default(run, [names[name] for names in after if name in names]) for names in after for name in names
    } or tried
    return execute(run, node.finalbody, scope) or not after


def _with_default(run: Run, values: list[Value]) -> Value:
    """Return what a name is behind `try`: what the handler sets is the default of a widget that was tried."""
    first, *rest = values
    widget = next((each.text for each in first.alternatives if isinstance(each, Unknown) and each.widget), None)
    if widget is None or not rest:
        return join(values)
    found = join(rest)
    note = f"`{widget}` is {shown(found)}, as where there is no such widget ({run.at(run.line)})"
    return Value(found.alternatives, found.assumed | {note})


def _class(run: Run, node: ast.ClassDef, scope: Scope) -> None:
    bases = [evaluate(run, base, scope).one for base in node.bases]
    inner = Scope(scope)
    kind = Class(node, inner, tuple(base for base in bases if isinstance(base, Class)))
    execute(run, node.body, inner)
    inner.around = scope
    scope.set(node.name, known(kind))


def _loaded(target: ast.expr) -> ast.expr:
    """Return the target of an assignment as an expression."""
    found: ast.expr = ast.parse(source(target), mode="eval").body
    return found


def _exits(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and source(node.func) in ("dbutils.notebook.exit", "sys.exit", "exit")
