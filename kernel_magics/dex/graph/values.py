"""What the names of a notebook may stand for, as far as its text tells."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from typing import Any

#: More alternatives than this are no longer told apart.
MOST_ALTERNATIVES = 64
#: Signs from here on are nobody's: plane 15 of Unicode, for private use.
_SEAL = 0xF0000
_SEALED = re.compile("[\U000f0000-\U000ffffd]")
_HOLE = re.compile(r"__dex_hole_(\d+)__", re.IGNORECASE)


@dataclass(frozen=True)
class Unknown:
    """Something that only the run knows.

    Attributes:
        text: the source that stands for it.
        parameter: the widget or setting without a default that it is, so that whoever runs the job says it.
        widget: it is a widget.
        outside: it was made by code from outside of the project, whose methods may do anything.
        entry: it is the name of a file in a folder that is listed.
    """

    text: str
    parameter: str = ""
    widget: bool = False
    outside: bool = False
    entry: bool = False


def source(node: ast.AST) -> str:
    """Return the text of a node, which is made once: loops come by many times."""
    text: str | None = getattr(node, "_dex_source", None)
    if text is None:
        text = ast.unparse(node)
        setattr(node, "_dex_source", text)  # noqa: B010  no attribute of the class
    return text


@dataclass(frozen=True)
class Origin:
    """The file and cell in which code stands; a module has no cell."""

    notebook: str
    cell: int | None = None


@dataclass(frozen=True)
class Value:
    """The alternatives of an expression.

    Attributes:
        alternatives: plain constants, or one of the classes of this module and of `dex.graph.platform`.
        assumed: what was assumed to know them, such as a widget's default.
    """

    alternatives: tuple[Any, ...]
    assumed: frozenset[str] = frozenset()

    @property
    def one(self) -> Any:
        """The only alternative; `Unknown` where there are several."""
        return self.alternatives[0] if len(self.alternatives) == 1 else Unknown("one of several values")

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is known of it."""
        return all(isinstance(each, Unknown) for each in self.alternatives)


@dataclass
class Items:
    """A list, tuple or set."""

    values: list[Value] = field(default_factory=list)


@dataclass
class Entries:
    """A dictionary with known keys."""

    values: dict[Any, Value] = field(default_factory=dict)


class Scope:
    """Names and their values; those not found are looked for in the scope around it."""

    def __init__(self, around: Scope | None = None) -> None:
        self.names: dict[str, Value] = {}
        self.around = around
        self.outer: set[str] = set()  # declared global or nonlocal

    def get(self, name: str) -> Value | None:
        """Return the value of a name, or None where nothing sets it."""
        found = self.names.get(name)
        return found if found is not None or self.around is None else self.around.get(name)

    def set(self, name: str, value: Value) -> None:
        """Bind a name."""
        if name in self.outer and self.around is not None:
            self.around.set(name, value)
        else:
            self.names[name] = value


@dataclass(frozen=True, eq=False)
class Function:
    """A function of the notebook, with the object that it is bound to and the class that has it."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    origin: Origin
    bound: Value | None = None
    kind: Class | None = None


@dataclass(frozen=True, eq=False)
class Class:
    """A class of the notebook."""

    node: ast.ClassDef
    scope: Scope
    bases: tuple[Class, ...] = ()

    @property
    def is_enumeration(self) -> bool:
        """Whether its members are the values of an `Enum`."""
        return any("Enum" in source(base) for base in self.node.bases)

    def holder(self, name: str) -> Class | None:
        """Return the class that has a name: this one, or the nearest above it."""
        if name in self.scope.names:
            return self
        return next((found for base in self.bases if (found := base.holder(name)) is not None), None)

    def member(self, name: str) -> Value | None:
        """Return what the class or a class above it has under a name."""
        holder = self.holder(name)
        return holder.scope.names[name] if holder is not None else None


@dataclass(eq=False)
class Instance:
    """An object of a class of the notebook."""

    kind: Class
    members: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Super:
    """What `super()` gives: the classes above one, with the object whose method calls it."""

    kind: Class
    bound: Value


def as_function(value: Any) -> Function | None:
    """Return the function that is called where a function, or an object that can be called, is."""
    if isinstance(value, Instance):
        member = value.kind.member("__call__")
        called = member.one if member is not None else None
        return replace(called, bound=known(value)) if isinstance(called, Function) else None
    return value if isinstance(value, Function) else None


@dataclass(frozen=True, eq=False)
class Partial:
    """What `functools.partial` makes of something that can be called."""

    function: Any
    positional: tuple[Value, ...]
    named: dict[str, Value]


@dataclass(frozen=True, eq=False)
class Module:
    """A module, or what was imported from one; ``scope`` is there for those of the project."""

    name: str
    scope: Scope | None = None


@dataclass
class Arguments:
    """What a call is given."""

    positional: list[Value]
    named: dict[str, Value]

    def get(self, position: int, *names: str) -> Value | None:
        """Return an argument by its position or one of its names."""
        if 0 <= position < len(self.positional):
            return self.positional[position]
        return next((self.named[name] for name in names if name in self.named), None)

    @property
    def all(self) -> list[Value]:
        """Every argument."""
        return [*self.positional, *self.named.values()]


def known(constant: Any) -> Value:
    """Return the value of one alternative."""
    return Value((constant,))


def unknown(text: str, parameter: str = "", *, widget: bool = False) -> Value:
    """Return the value that only the run knows."""
    return Value((Unknown(text, parameter, widget),))


def join(values: Iterable[Value]) -> Value:
    """Return the alternatives of several values as one."""
    found: dict[Any, Any] = {}
    assumed: frozenset[str] = frozenset()
    for value in values:
        assumed |= value.assumed
        for each in value.alternatives:
            plain = each is None or isinstance(each, str | int | float | bool | Unknown)
            found.setdefault((type(each), each) if plain else id(each), each)
    if len(found) > MOST_ALTERNATIVES:
        return Value((Unknown("one of many values"),), assumed)
    return Value(tuple(found.values()), assumed)


def combined(values: Sequence[Value], make: Callable[..., Any]) -> Value:
    """Return what a function makes of every combination of alternatives."""
    assumed = frozenset[str]().union(*(value.assumed for value in values))
    rows = islice(product(*(value.alternatives for value in values)), MOST_ALTERNATIVES + 1)
    found = join(known(make(*row)) for row in rows)
    return Value(found.alternatives, assumed)


def one_of(container: Items | Entries, lost: Value) -> Value:
    """Return what any place of a list or dictionary holds: only the run knows which; where there is none, what is lost."""
    values = container.values
    return join(values if isinstance(values, list) else values.values()) if values else lost


def truth(value: Value) -> bool | None:
    """Return whether a value counts as true in a condition; None where only the run knows.

    A list that is empty here may have been filled by code that is not followed.
    """
    found: set[bool | None] = set()
    for each in value.alternatives:
        if isinstance(each, Unknown):
            found.add(None)
        elif isinstance(each, Items | Entries):
            found.add(True if each.values else None)
        else:
            found.add(bool(each) if each is None or isinstance(each, str | int | float) else True)
    return found.pop() if len(found) == 1 else None


def iterated(value: Value) -> list[Value] | None:
    """Return what a loop over a value gives round by round; None where only the run knows."""
    found: list[Value] = []
    for each in value.alternatives:
        if isinstance(each, Items):
            rounds = each.values
        elif isinstance(each, Entries):
            rounds = [known(key) for key in each.values]
        elif isinstance(each, Class) and each.is_enumeration:
            rounds = [value for name, value in each.scope.names.items() if not name.startswith("_")]
        else:
            return None
        found += [Value(v.alternatives, v.assumed | value.assumed) for v in rounds]
    return found


def shown(value: Value) -> str:
    """Return a value as assumptions show it."""
    return " or ".join(f"`{each}`" if isinstance(each, str) else str(each) for each in value.alternatives)


class Holes:
    """Texts with parts that only the run knows: a name stands in for each, so that SQL around it can still be parsed."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._parameters: dict[str, str] = {}
        self._entries: set[str] = set()

    def text(self, constant: Any) -> str:
        """Return a constant as text, or a name that stands in for it."""
        if isinstance(constant, str):
            return constant
        if constant is None or isinstance(constant, int | float | bool):
            return str(constant)
        shown = constant.text if isinstance(constant, Unknown) else "a computed value"
        if isinstance(constant, Unknown) and constant.parameter:
            self._parameters[shown] = constant.parameter
        if isinstance(constant, Unknown) and constant.entry:
            self._entries.add(shown)
        if shown not in self._texts:
            self._texts.append(shown)
        return f"__dex_hole_{self._texts.index(shown)}__"

    def unknown(self, text: str) -> str:
        """Return the source texts of what is unknown in a text; nothing where all is known."""
        return ", ".join(dict.fromkeys(self._texts[int(number)] for number in _HOLE.findall(text)))

    def folder(self, path: str) -> str:
        """Return a path up to the first part that any file of a listed folder may be: all of them lie below."""
        parts = path.split("/")
        cut = next(
            (
                i
                for i, part in enumerate(parts)
                if any(self._texts[int(n)] in self._entries for n in _HOLE.findall(part))
            ),
            0,
        )
        return "/".join(parts[:cut]) or path

    def named(self, text: str) -> tuple[str, list[str]]:
        """Return a text with its parameters in braces, and their names; what else is unknown stays as it is."""
        found: list[str] = []

        def name(match: re.Match[str]) -> str:
            parameter = self._parameters.get(self._texts[int(match.group(1))])
            found.extend([parameter] if parameter else [])
            return f"{{{parameter}}}" if parameter else match.group()

        return _HOLE.sub(name, text), found


def sealed(text: str) -> str:
    """Return a text with one sign, which no method of texts changes, for each part that only the run knows."""
    return _HOLE.sub(lambda found: chr(_SEAL + int(found.group(1))), text)


def unsealed(text: str) -> str:
    """Return a text with the parts that are only known to the run, as they were before `sealed`."""
    return _SEALED.sub(lambda found: f"__dex_hole_{ord(found.group()) - _SEAL}__", text)


def has_hole(text: str) -> bool:
    """Return whether a part of a text is only known when it runs."""
    return _HOLE.search(text) is not None
