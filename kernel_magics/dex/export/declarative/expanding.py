"""Loops over known values and calls of functions that write, taken apart: one statement for every table."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dex.export.declarative.models import Refused, Spot, Step
from dex.export.declarative.substituting import substituted, target_names
from dex.export.purity import is_query
from dex.export.slicing import changed_in_place
from dex.notebook import flow_of

#: More rounds of a loop than this are not one table each.
MOST_ROUNDS = 64
_DEEPEST = 5
_SAVING = frozenset(
    "saveAsTable insertInto writeTo toTable createOrReplaceTempView createTempView registerTempTable".split()
)
#: What is the same wherever it stands, while its names are.
_WRITTEN_OUT = (
    *(ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Name, ast.JoinedStr, ast.FormattedValue, ast.BinOp),
    *(ast.UnaryOp, ast.operator, ast.unaryop, ast.expr_context),
)
_OUT = (ast.Break, ast.Continue, ast.Return)


class Expander:
    """Takes the statements of one notebook apart.

    Args:
        steps: its statements.
        refused: where refusals go.
    """

    def __init__(self, steps: Sequence[Step], refused: list[Refused]) -> None:
        self._refused = refused
        self._bound = {name for step in steps for name in step.flow.binds}
        self._helpers = _helpers(steps)
        self._constants = _constants(steps)
        self._needed = [(step, set(step.flow.needs)) for step in steps]

    def expanded(self, steps: Sequence[Step]) -> list[Step]:
        """Return the statements, in order; functions that only write are no longer among them."""
        found: list[Step] = []
        texts: dict[str, ast.expr] = {}
        for step in steps:
            if isinstance(step.node, ast.FunctionDef) and step.node.name in self._helpers:
                continue
            found += self._one(_with_its_text(step, texts), 0)
            bound = set(step.flow.binds)
            texts = {name: text for name, text in texts.items() if not bound & {name, *flow_of(ast.Expr(text)).needs}}
            texts |= _text_of(step.node, {}) or {}
        return found

    def _one(self, step: Step, depth: int) -> list[Step]:
        if isinstance(step.node, ast.For) and (self._writes(step.node) or self._runs_texts(step.node)):
            return self._loop(step, step.node, depth)
        if isinstance(step.node, ast.If) and (body := _branch(step.node)) is not None:
            return [made for inner in body for made in self._again(step, inner, {}, depth)]
        call = step.node.value if isinstance(step.node, ast.Expr | ast.Assign) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in self._helpers:
            return self._helper(step, call, depth)
        used = [name for name in step.flow.needs if name in self._helpers and self._writes(self._helpers[name])]
        if "foreachBatch" not in step.text and used and not isinstance(step.node, ast.FunctionDef):
            self._refuse(
                step.spot,
                f"`{used[0]}` writes a table, and is called inside of something else.",
                f"Call it as a statement of its own: `{used[0]}(...)`.",
            )
            return []
        return [step]

    def _writes(self, node: ast.AST) -> bool:
        return _saves(node) or any(isinstance(n, ast.Name) and n.id in self._helpers for n in ast.walk(node))

    def _runs_texts(self, loop: ast.For) -> bool:
        """Return whether a loop runs SQL that the notebook's text says, one statement a round."""
        names = target_names(loop.target)
        queries = [_sql_of(part) for part in ast.walk(loop)]
        runs = any(isinstance(query, ast.Name) and query.id in names for query in queries)
        return runs and self._rounds(loop.iter) is not None

    def _refuse(self, spot: Spot, message: str, remedy: str) -> None:
        self._refused.append(Refused(spot, message, remedy))

    # -- loops ---------------------------------------------------------------------------------------------------------

    def _loop(self, step: Step, loop: ast.For, depth: int) -> list[Step]:
        rounds = self._rounds(loop.iter)
        targets = target_names(loop.target)
        carried = _carried(loop, targets)
        if rounds is None or len(rounds) > MOST_ROUNDS:
            why = (
                "over data, or over what only the run knows" if rounds is None else f"of more than {MOST_ROUNDS} rounds"
            )
            self._refuse(
                step.spot,
                f"A table is written in a loop {why}.",
                'Loop over a literal list of names, such as `for name in ("orders", "items"):`; what data decides '
                "is a task of its own.",
            )
            return []
        if loop.orelse or any(isinstance(n, _OUT) for n in ast.walk(loop)) or carried:
            what = f"`{carried[0]}` goes from one round to the next" if carried else "it is left before its end"
            self._refuse(
                step.spot, f"A table is written in a loop, and {what}.", "Let each round make its table by itself."
            )
            return []
        found: list[Step] = []
        for value in rounds:
            given = _matched(loop.target, value)
            if given is None:
                self._refuse(step.spot, "A table is written in a loop whose values do not fit its names.", "Mend it.")
                return []
            outside = {name for other, names in self._needed if other is not step for name in names}
            found += self._body(step, loop.body, given, depth, outside)
        return found

    def _body(
        self, step: Step, body: Sequence[ast.stmt], given: dict[str, ast.expr], depth: int, outside: set[str]
    ) -> list[Step]:
        """Return the statements of a loop or function with values in place of names; texts are written out.

        Args:
            outside: names that are read elsewhere.
        """
        found: list[Step] = []
        for inner in body:
            text = _text_of(inner, given)
            if text is not None:
                given |= text
            if text is None or outside & set(text):
                found += self._again(
                    step, inner, {n: v for n, v in given.items() if text is None or n not in text}, depth
                )
        return found

    def _again(self, step: Step, inner: ast.stmt, given: Mapping[str, ast.expr], depth: int) -> list[Step]:
        """Return a statement of a loop or function as it would be with values in place of names."""
        made = Step.of(ast.unparse(substituted(inner, given)), step)
        spot = Spot(step.spot.notebook, step.spot.cell, step.spot.line + _below(step.node, inner))
        made.spot, made.comments = spot, ()
        if depth >= _DEEPEST:
            self._refuse(step.spot, "Functions that write call each other too deep.", "Call them one by one.")
            return []
        return self._one(made, depth + 1)

    def _rounds(self, node: ast.expr) -> list[ast.expr] | None:
        """Return what a loop goes through, as far as the notebook's text says it."""
        whole = substituted(node, self._constants)
        if isinstance(whole, ast.Call) and isinstance(whole.func, ast.Attribute) and not whole.args:
            owner = whole.func.value
            if isinstance(owner, ast.Dict) and whole.func.attr in ("items", "keys", "values"):
                return _entries(owner, whole.func.attr)
        if isinstance(whole, ast.Call) and isinstance(whole.func, ast.Name) and not whole.keywords:
            return self._made(whole.func.id, whole.args)
        if isinstance(whole, ast.Dict):
            return _entries(whole, "keys")
        return _elements(whole)

    def _made(self, name: str, given: list[ast.expr]) -> list[ast.expr] | None:
        """Return what one of Python's own functions makes of known values."""
        if name in self._bound:
            return None
        lists = [_elements(argument) for argument in given]
        known = [each for each in lists if each is not None]
        if name == "enumerate" and len(known) == len(given) == 1:
            return [ast.Tuple([ast.Constant(n), each], ast.Load()) for n, each in enumerate(known[0])]
        if name == "zip" and known and len(known) == len(given):
            return [ast.Tuple(list(each), ast.Load()) for each in zip(*known, strict=False)]
        makers: dict[str, Any] = {"sorted": sorted, "range": range, "list": list, "set": sorted}
        try:
            values = [*makers[name](*(ast.literal_eval(argument) for argument in given))][: MOST_ROUNDS + 1]
        except (KeyError, ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return None
        return [ast.parse(repr(value), mode="eval").body for value in values]

    # -- functions that write ------------------------------------------------------------------------------------------

    def _helper(self, step: Step, call: ast.Call, depth: int) -> list[Step]:
        function = self._helpers[call.func.id]  # type: ignore[attr-defined]  # a name, as `_one` has seen
        given = _given(function.args, call)
        body = [n for n in function.body if not _is_docstring(n)]
        returned = body[-1].value if body and isinstance(body[-1], ast.Return) else None
        body = body[:-1] if body and isinstance(body[-1], ast.Return) else body
        if given is None or any(isinstance(n, _OUT) for statement in body for n in ast.walk(statement)):
            self._refuse(
                step.spot,
                f"`{function.name}` writes a table in a way that cannot be followed from here.",
                "Let it take plain arguments, write, and do nothing else; or write the table in the notebook.",
            )
            return []
        local = {name for statement in body for name in flow_of(statement).binds}
        names = {name: ast.Name(f"{function.name}_{name}", ast.Load()) for name in local if name in self._bound}
        found: list[Step] = []
        for name in [name for name in given if name in local]:  # the function sets its parameter anew
            target = names.get(name, ast.Name(name, ast.Load()))
            found.append(Step.of(f"{target.id} = {ast.unparse(given.pop(name))}", step))
        self._bound |= local
        given |= names
        found += self._body(step, body, given, depth, set())
        if isinstance(step.node, ast.Assign):
            value = substituted(returned, given) if returned is not None else ast.Constant(None)
            targets = "".join(f"{ast.unparse(target)} = " for target in step.node.targets)
            found.append(Step.of(f"{targets}{ast.unparse(value)}", step))
        if found:
            found[0].comments = step.comments
        for each in found:
            each.spot = step.spot
        return found


def _branch(node: ast.If) -> list[ast.stmt] | None:
    """Return what an `if` over two literal texts runs, such as that over `__name__`, which an export has written out."""
    test = node.test
    literal = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq | ast.NotEq) and len(test.ops) == 1
    if not literal or not isinstance(test, ast.Compare):
        return None
    left, right = test.left, test.comparators[0]
    if not isinstance(left, ast.Constant) or not isinstance(right, ast.Constant):
        return None
    return node.body if (left.value == right.value) == isinstance(test.ops[0], ast.Eq) else node.orelse


def _text_of(node: ast.stmt, given: Mapping[str, ast.expr]) -> dict[str, ast.expr] | None:
    """Return the name and value of a statement that sets a name to a text."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return None
    value = substituted(node.value, given)
    parts = [part for part in ast.walk(value) if isinstance(part, ast.expr)]
    plain = (ast.Constant, ast.JoinedStr, ast.FormattedValue, ast.Name, ast.Attribute, ast.BinOp, ast.expr_context)
    is_text = isinstance(value, ast.Constant | ast.JoinedStr) or any(isinstance(p, ast.JoinedStr) for p in parts)
    if not is_text or not all(isinstance(part, plain) for part in parts):
        return None
    return {node.targets[0].id: value}


def _constants(steps: Sequence[Step]) -> dict[str, ast.expr]:
    """Return names that are set once, to what is written out, of literals and of names that are set once."""
    times: Counter[str] = Counter(name for step in steps for name in step.flow.binds)
    changed = {name for step in steps for name in changed_in_place(step.node)}
    found: dict[str, ast.expr] = {}
    for step in steps:
        node = step.node
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            written_out = all(isinstance(part, _WRITTEN_OUT) for part in ast.walk(node.value))
            once = all(times[name] <= 1 for name in (node.targets[0].id, *step.flow.needs))
            if written_out and once and node.targets[0].id not in changed and not isinstance(node.value, ast.Name):
                found[node.targets[0].id] = node.value
    return found


def _saves(node: ast.AST) -> bool:
    """Return whether code writes a table or makes a temporary view, by the calls in it."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and part.attr in _SAVING:
            return True
        query = _sql_of(part)
        if isinstance(query, ast.Constant | ast.JoinedStr) and not is_query(query):
            return True
    return False


def _helpers(steps: Sequence[Step]) -> dict[str, ast.FunctionDef]:
    """Return the functions that write, or run what they are given, themselves or by others of them."""
    own = {s.node.name: s.node for s in steps if isinstance(s.node, ast.FunctionDef) and not s.node.decorator_list}
    found = {name: node for name, node in own.items() if _saves(node) or _runs_what_it_is_given(node)}
    while True:
        more = {name: node for name, node in own.items() if name not in found and found.keys() & _called(node)}
        if not more:
            return found
        found |= more


def _called(node: ast.AST) -> set[str]:
    """Return the names that code calls."""
    calls = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    return {function.id for function in calls if isinstance(function, ast.Name)}


def _runs_what_it_is_given(function: ast.FunctionDef) -> bool:
    """Return whether a function runs SQL that its caller gives: what it does, only the call says."""
    names = {argument.arg for argument in function.args.args}
    queries = [_sql_of(part) for part in ast.walk(function)]
    return any(isinstance(query, ast.Name) and query.id in names for query in queries)


def _with_its_text(step: Step, texts: Mapping[str, ast.expr]) -> Step:
    """Return a statement that runs a text with the text in it, where that is more than a query."""
    value = step.node.value if isinstance(step.node, ast.Expr | ast.Assign) else None
    query = _sql_of(value) if value is not None else None
    text = texts.get(query.id) if isinstance(query, ast.Name) else None
    if text is None or is_query(text) or not isinstance(query, ast.Name):
        return step
    made = Step.of(ast.unparse(substituted(step.node, {query.id: text})), step)
    made.comments = step.comments
    return made


def _sql_of(node: ast.AST) -> ast.expr | None:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sql"
    return node.args[0] if is_call and node.args else None  # type: ignore[attr-defined]  # a call


def _carried(loop: ast.For, targets: set[str]) -> list[str]:
    """Return names that a round needs of the one before."""
    bound: set[str] = set(targets)
    every = {name for statement in loop.body for name in flow_of(statement).binds}
    found: list[str] = []
    for statement in loop.body:
        flow = flow_of(statement)
        found += [name for name in flow.uses if name in every and name not in bound]
        bound |= set(flow.binds)
    return found


def _elements(node: ast.expr) -> list[ast.expr] | None:
    """Return the elements of a list that is written out."""
    plain = isinstance(node, ast.List | ast.Tuple) and not any(isinstance(e, ast.Starred) for e in node.elts)
    return list(node.elts) if plain and isinstance(node, ast.List | ast.Tuple) else None


def _entries(node: ast.Dict, what: str) -> list[ast.expr] | None:
    """Return the items, keys or values of a dictionary that is written out."""
    keys = [key for key in node.keys if key is not None]
    if len(keys) != len(node.values):
        return None
    if what == "items":
        return [ast.Tuple([key, value], ast.Load()) for key, value in zip(keys, node.values, strict=True)]
    return keys if what == "keys" else list(node.values)


def _matched(target: ast.expr, value: ast.expr) -> dict[str, ast.expr] | None:
    if isinstance(target, ast.Name):
        return {target.id: value}
    if not isinstance(target, ast.Tuple | ast.List) or not isinstance(value, ast.Tuple | ast.List):
        return None
    if len(target.elts) != len(value.elts):
        return None
    found: dict[str, ast.expr] = {}
    for each, part in zip(target.elts, value.elts, strict=True):
        inner = _matched(each, part)
        if inner is None:
            return None
        found |= inner
    return found


def _given(parameters: ast.arguments, call: ast.Call) -> dict[str, ast.expr] | None:
    """Return the argument of each parameter; None where that cannot be told."""
    names = [each.arg for each in (*parameters.posonlyargs, *parameters.args)]
    if parameters.vararg or parameters.kwarg or len(call.args) > len(names):
        return None
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return None
    found: dict[str, ast.expr] = dict(
        zip(names[len(names) - len(parameters.defaults) :], parameters.defaults, strict=True)
    )
    for each, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
        names.append(each.arg)
        if default is not None:
            found[each.arg] = default
    found |= dict(zip(names, call.args, strict=False))
    found |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return found if set(found) == set(names) else None


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _below(outer: ast.stmt, inner: ast.stmt) -> int:
    return max(0, inner.lineno - outer.lineno)
