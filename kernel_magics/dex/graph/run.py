"""A notebook read from top to bottom as a run would go, with what its names may stand for instead of their values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from dex.graph.facts import Facts, Mention, Shared, TaskValue, Use
from dex.graph.models import How, Place, Question
from dex.graph.names import FRAME, Current, Name, is_dotted, path_name, split_name, table_name
from dex.graph.values import (
    Entries,
    Function,
    Holes,
    Items,
    Origin,
    Scope,
    Super,
    Value,
    has_hole,
    join,
    known,
    unknown,
)

#: Statements of one notebook, loops and calls taken apart; more are not read.
MOST_STEPS = 20_000
_PARAMETER = re.compile(r"\{[^{}]+\}")
_DEEPEST = 20


class TooMuch(Exception):
    """A notebook has more loops and calls than are read."""


@dataclass
class Run:
    """The reading of one notebook.

    Attributes:
        root: folder of the project.
        path: file of the notebook whose code is being read.
        facts: what was found so far.
        origin: where the code stands that is being read.
        cell: cell of the task's own notebook from which it is reached.
        scope: the notebook's names.
        given: values of widgets that the caller gives.
        widgets: values of widgets that were made.
        settings: values of settings of the session that were set.
        current: catalog, schema and views of the session.
        stack: notebooks and functions that are being read, the outermost first.
        modules: names of the project's modules; None for other modules.
        package: names of the package whose module is being read, the outermost first.
        stars: modules from outside of the project of which everything was imported.
    """

    root: Path
    path: Path
    facts: Facts
    origin: Origin
    cell: int = 0
    scope: Scope = field(default_factory=Scope)
    given: Mapping[str, Value] = field(default_factory=dict)
    widgets: dict[str, Value] = field(default_factory=dict)
    settings: dict[str, Value] = field(default_factory=dict)
    current: Current = field(default_factory=Current)
    holes: Holes = field(default_factory=Holes)
    stack: list[object] = field(default_factory=list)
    modules: dict[str, Scope | None] = field(default_factory=dict)
    package: list[str] = field(default_factory=list)
    stars: set[str] = field(default_factory=set)
    returns: list[list[Value]] = field(default_factory=list)
    yields: list[list[Value]] = field(default_factory=list)
    steps: int = 0
    line: int = 1

    def __post_init__(self) -> None:
        """Note the folder in which the session works: that of its notebook, also in those of `%run`."""
        self.folder = self.path.parent

    def step(self) -> None:
        """Count one statement.

        Raises:
            TooMuch: there were too many.
        """
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooMuch

    def at(self, node: ast.AST | int | None = None) -> Place:
        """Return the place of a node, or of a line of the cell being read."""
        line = node if isinstance(node, int) else getattr(node, "lineno", self.line)
        return Place(notebook=self.origin.notebook, cell=self.origin.cell, line=line)

    @contextmanager
    def inside(self, origin: Origin) -> Iterator[None]:
        """Read code that stands elsewhere."""
        before, self.origin = self.origin, origin
        try:
            yield
        finally:
            self.origin = before

    # -- what is found -------------------------------------------------------------------------------------------------

    def use(self, how: How, value: Value, place: Place, kind: Literal["table", "path"] = "table") -> None:
        """Note that a table or path is read or written.

        Args:
            how: what is done with it.
            value: its name; where there are alternatives, or a list, each counts.
            place: where.
            kind: what the name is one of.
        """
        for each in value.alternatives:
            if isinstance(each, Items):
                for part in each.values:
                    self.use(how, part, place, kind)
                continue
            if not isinstance(each, str | int | float) and not hasattr(each, "text"):
                self.name(how, Name(kind, "?", unknown="a computed value"), place, value.assumed)
                continue
            text = self.holes.text(each)
            if kind == "path":
                self.files(how, text, place, value.assumed)
            elif parts := split_name(text):
                self.parts(how, parts, place, value.assumed)

    def parts(self, how: How, parts: list[str], place: Place, assumed: frozenset[str] = frozenset()) -> None:
        """Note a use of a table, by the parts of its name."""
        lower = [part.lower() for part in parts]
        if lower[-1] == FRAME:
            return
        if len(parts) == 1 or lower[0] == "global_temp":
            self.takes("view", lower[-1])
            if how == "read" and lower[-1] in self.current.views:
                return
        if len(parts) == 2 and lower[0] == "delta" and "/" in parts[1]:
            self.files(how, parts[1], place, assumed)
            return
        if len(parts) < 3:
            self.takes("setting", "the current schema")
        if len(parts) == 1 and self.current.schema is not None:
            parts = [self.current.schema, *parts]
        lost = self.holes.unknown(".".join(parts))
        if len(parts) > 1:
            parts, assumed = self._with_parameters(parts, place, assumed)
        named = table_name(parts[-3:], self.current, lost)
        if lost and not named.unknown and _PARAMETER.fullmatch(named.schema or ""):
            named = replace(named, unknown=lost, by_parameter=True)
        self.name(how, named, place, assumed)

    def _with_parameters(
        self, parts: list[str], place: Place, assumed: frozenset[str]
    ) -> tuple[list[str], frozenset[str]]:
        """Take a parameter of a schema's name, such as ``{env}_silver``, to be the same in every task."""
        schema, parameters = self.holes.named(parts[-2])
        if not parameters:
            return parts, assumed
        return [*parts[:-2], schema, parts[-1]], assumed | _same(parameters, place)

    def files(self, how: How, text: str, place: Place, assumed: frozenset[str] = frozenset()) -> None:
        """Note that files are read or written; a parameter that is a part of the path is the same in every task."""
        text = self.holes.folder(text)
        named, parameters = self.holes.named(text)
        if parameters and not (named.startswith("{") and named.endswith("}")):
            text, assumed = named, assumed | _same(parameters, place)
        self.name(how, path_name(text, self.holes.unknown(text)), place, assumed)

    def name(self, how: How, name: Name, place: Place, assumed: frozenset[str] = frozenset()) -> None:
        """Note a use of a name that is taken apart."""
        self.facts.uses[Use(how, name, place, self.cell, assumed)] = None

    def view(self, value: Value, place: Place) -> None:
        """Note that a temporary view is made."""
        for each in value.alternatives:
            name = (split_name(self.holes.text(each)) or ["?"])[-1].lower()
            self.current.views.add(name)
            self.facts.views.setdefault(name, place)
            self.gives("view", name)

    def mention(self, value: Value, function: str, place: Place) -> None:
        """Note texts that are given to a function of which nothing is known."""
        for each in value.alternatives:
            if not isinstance(each, str) or not is_dotted(each):
                continue
            parts = split_name(each)
            if len(parts) in (2, 3) and not has_hole(parts[-1]):
                named = table_name(parts, self.current, "")
                self.facts.mentions.append(Mention(named, function, place, self.cell))

    def task_value(self, key: Value, task: Value | None, place: Place) -> None:
        """Note a task value that is set, or got from a task."""
        texts = [self.holes.text(each) for each in key.alternatives]
        tasks = [self.holes.text(each) for each in task.alternatives] if task is not None else [None]
        for text in texts:
            self.facts.values.extend(TaskValue(text, each, place, self.cell) for each in tasks)

    def gives(self, kind: Literal["view", "widget", "setting"], name: str) -> None:
        """Note that a cell makes something for the session."""
        self._share(self.facts.gives, (kind, name))

    def takes(self, kind: Literal["view", "widget", "setting"], name: str) -> None:
        """Note that a cell needs something of the session."""
        self._share(self.facts.takes, (kind, name))

    def _share(self, where: list[tuple[Shared, int]], what: Shared) -> None:
        if (what, self.cell) not in where:
            where.append((what, self.cell))

    def ask(self, code: str, text: str, place: Place, remedy: str) -> None:
        """Note a question."""
        question = Question(code=code, text=text, places=[place], remedy=remedy)
        if (question, self.cell) not in self.facts.questions:
            self.facts.questions.append((question, self.cell))

    # -- functions of the notebook -------------------------------------------------------------------------------------

    def call(self, function: Function, positional: list[Value], named: Mapping[str, Value]) -> Value:
        """Return what a function of the notebook may return, after reading what it does."""
        from dex.graph.expressions import evaluate
        from dex.graph.statements import execute

        node = function.node
        title = getattr(node, "name", "a lambda")
        called = (node, id(function.scope))  # a decorator's inner function has another scope for each that it decorates
        if self.stack.count(called) > 1 or sum(isinstance(each, tuple) for each in self.stack) > _DEEPEST:
            return unknown(f"{title}(...)")
        if function.bound is not None:
            positional = [function.bound, *positional]
        scope = Scope(function.scope)
        if function.bound is not None and function.kind is not None:
            scope.names["super"] = known(Super(function.kind, function.bound))
        with self.inside(function.origin):
            for name, value in _bound(self, node.args, positional, named, function.scope):
                scope.names[name] = value
            self.stack.append(called)
            self.returns.append([])
            self.yields.append([])
            try:
                if isinstance(node, ast.Lambda):
                    return evaluate(self, node.body, scope)
                execute(self, node.body, scope)
                found, yielded = self.returns[-1], self.yields[-1]
            finally:
                self.stack.pop()
                self.returns.pop()
                self.yields.pop()
        if yielded:
            return known(Items(yielded))
        return join(found) if found else known(None)


def _same(parameters: Iterable[str], place: Place) -> frozenset[str]:
    return frozenset(f"`{name}` is the same in every task ({place})" for name in parameters)


def _bound(
    run: Run, arguments: ast.arguments, positional: list[Value], named: Mapping[str, Value], scope: Scope
) -> Iterator[tuple[str, Value]]:
    """Yield the parameters of a function with what a call gives them."""
    from dex.graph.expressions import evaluate

    places = [*arguments.posonlyargs, *arguments.args]
    first = len(places) - len(arguments.defaults)
    for number, parameter in enumerate(places):
        if number < len(positional):
            yield parameter.arg, positional[number]
        elif parameter.arg in named:
            yield parameter.arg, named[parameter.arg]
        elif number >= first:
            yield parameter.arg, evaluate(run, arguments.defaults[number - first], scope)
        else:
            yield parameter.arg, unknown(parameter.arg)
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if parameter.arg in named:
            yield parameter.arg, named[parameter.arg]
        else:
            yield parameter.arg, evaluate(run, default, scope) if default is not None else unknown(parameter.arg)
    known_names = {parameter.arg for parameter in (*places, *arguments.kwonlyargs)}
    if arguments.vararg:
        yield arguments.vararg.arg, known(Items(positional[len(places) :]))
    if arguments.kwarg:
        yield arguments.kwarg.arg, known(Entries({k: v for k, v in named.items() if k not in known_names}))
