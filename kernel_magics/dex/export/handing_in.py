"""What a notebook that `%run` runs reads of the notebook that runs it: its imports are made there, variables are given."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dex.export.context import GLOBALS
from dex.export.parameters import Parameter
from dex.export.pieces import Piece
from dex.export.placement import BUILTINS
from dex.export.stars import star_names
from dex.notebook import Statement

if TYPE_CHECKING:
    from dex.export.linking import Link, Unit


@dataclass(frozen=True)
class Lacking:
    """Names that a notebook reads and does not set.

    Attributes:
        now: read when it runs.
        later: read when its functions are called.
        star: a star import that may bring some of them, with its place; empty where there is none.
    """

    now: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    star: str = ""


#: Names that are there without a statement that binds them.
GIVEN = frozenset({"spark", "session", "dbutils", "params", "job_params", *GLOBALS, *BUILTINS})


def hand_in(units: list[Unit]) -> None:
    """Note in every notebook what those that run it give to it, and take that in.

    A function that reads what is only set below the ``%run`` is refused there: `main` of its module would not know it.
    So is a notebook whose star import may bring the very name that it would be given.

    Args:
        units: the notebooks of an export, each after those that it runs.
    """
    lacking: dict[str, Lacking] = {}
    for unit in units:
        lacking[unit.name] = _lacking(unit, lacking)
    for unit in reversed(units):
        own = {name for names in unit.gives.values() for name in names}
        for link in unit.links:
            lacks = lacking[link.target.name]
            given = {**_imports_below(unit, link, lacks.later), **_given(unit, link, lacks.now | lacks.later, own)}
            if lacks.star and given:
                _refuse_star(unit, link, lacks.star, min(given))
            elif given or unit.known.shown in link.target.gives:
                link.target.gives[unit.known.shown] = given
            _check_below(unit, link, lacks.later, given)
    for unit in units:
        _take_in(unit)


def _lacking(unit: Unit, known: dict[str, Lacking]) -> Lacking:
    """Return the names that a notebook reads and does not set."""
    links = {id(link.piece): link.target for link in unit.links}
    above: set[str] = set(GIVEN)
    now: set[str] = set()
    later: set[str] = set()
    star = ""
    for piece in (p for p in unit.known.pieces if p.place != "drop"):
        now |= set(piece.flow.uses) - above
        later |= set(piece.flow.later)
        above |= set(piece.flow.binds)
        for module in piece.flow.star:
            names = star_names(module)
            above |= names or set()
            if names is None and not star:
                place = f"cell {piece.cell.number}, line {piece.statement.line} of {unit.known.shown}"
                star = f"`from {module} import *` in {place}"
        if target := links.get(id(piece)):
            lacks = known.get(target.name, Lacking())
            now |= lacks.now - above
            later |= lacks.later
            above |= target.offers
            star = star or lacks.star
    return Lacking(now, later - above, star)


def _refuse_star(unit: Unit, link: Link, star: str, name: str) -> None:
    unit.known.log.refuse(
        link.piece,
        "%run",
        f"{link.target.known.shown} reads `{name}`: whether it is this notebook's, or comes by {star}, is not known.",
        f"Name what is imported there instead of the star; or give `{name}` as a widget of {link.target.known.shown}.",
    )


def _given(unit: Unit, link: Link, names: set[str], own: set[str]) -> dict[str, str]:
    """Return which of the names are set above a ``%run``, each with the import that sets it, if one does."""
    links = {id(each.piece): each.target for each in unit.links}
    found = dict.fromkeys(names & own, "")
    for piece in unit.known.pieces:
        if piece is link.piece:
            break
        if target := links.get(id(piece)):
            found.update(dict.fromkeys(names & target.offers, ""))
        if piece.place != "drop":
            found.update({name: _import_of(name, piece.node) for name in names.intersection(piece.flow.binds)})
        for module in piece.flow.star if piece.place != "drop" else ():
            found.update({name: f"from {module} import {name}" for name in names & (star_names(module) or set())})
    return found


def _imports_below(unit: Unit, link: Link, later: set[str]) -> dict[str, str]:
    """Return imports below a ``%run`` of names that only functions need: they can as well stand above."""
    at = next(i for i, piece in enumerate(unit.known.pieces) if piece is link.piece)
    below = [p for p in unit.known.pieces[at + 1 :] if p.place != "drop"]
    found = {n: _import_of(n, p.node) for p in reversed(below) for n in later.intersection(p.flow.binds)}
    return {name: text for name, text in found.items() if text}


def _import_of(name: str, node: ast.AST | None) -> str:
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return ""
    alias = next(a for a in node.names if (a.asname or a.name.partition(".")[0]) == name)
    own = ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], node.level)
    return ast.unparse(own)


def _check_below(unit: Unit, link: Link, later: set[str], given: dict[str, str]) -> None:
    """Look at what is set below a ``%run`` and read by a function that it brings, which sees what was there before."""
    pieces = unit.known.pieces
    at = next(i for i, piece in enumerate(pieces) if piece is link.piece)
    seen: set[str] = set()
    for piece in pieces[at + 1 :]:
        for name in later.intersection(piece.flow.binds) - seen if piece.place != "drop" else ():
            seen.add(name)
            place = f"cell {piece.cell.number}, line {piece.statement.line}"
            shown = link.target.known.shown
            if name not in given:
                unit.known.log.refuse(
                    link.piece,
                    "%run",
                    f"A function of {shown} reads `{name}`, which this notebook sets only below, in {place}.",
                    f"Set `{name}` above the `%run`, or give it to the function as an argument.",
                )
            elif not given[name]:
                unit.known.log.note(
                    link.piece, f"{shown} is given `{name}` as it is here; that it is set again in {place} is not seen"
                )


def _take_in(unit: Unit) -> None:
    """Make imports and parameters of what a notebook is given."""
    ways: dict[str, set[str]] = {}
    for names in unit.gives.values():
        for name, text in names.items():
            ways.setdefault(name, set()).add(text)
    first = next((p for p in unit.known.pieces if p.place != "drop"), None)
    lines: list[str] = []
    for name, texts in sorted(ways.items()):
        if len(texts) == 1 and (text := next(iter(texts))):
            lines.append(text)
        elif first is not None:
            parameter = unit.known.parameters.add(
                Parameter(
                    f"variable {name}",
                    f"{name}_" if name == "env" else name,
                    "Any",
                    "None",
                    "of the notebook that runs this one",
                    first.cell.id,
                    variable=name,
                )
            )
            lines.append(f"{name} = {unit.known.parameters.variable}.{parameter.name}")
    made: list[Piece] = []
    for line in lines if first is not None else ():
        assert first is not None
        at = first.statement.line
        piece = Piece(first.cell, Statement(first.cell.number, at, at, line), "")
        piece.retext(line)
        piece.kind = "statement" if line.startswith(("import ", "from ")) else "parameter"
        made.append(piece)
    unit.known.pieces[:0] = made
    unit.known.before |= {name for piece in made for name in piece.flow.binds}


def arguments_of(parameters: list[Parameter], given: dict[str, str]) -> list[str]:
    """Return the arguments by which a notebook gives its variables to the module of one that it runs."""
    return [f"{p.name}={p.variable}" for p in parameters if p.variable in given and not given[p.variable]]
