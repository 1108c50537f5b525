"""What depends on the order in which cells run, or on what a job does not have: told with its place, never mended."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from dex.export.handing_in import GIVEN
from dex.export.handover import own_scope
from dex.export.pieces import Log, Piece, short
from dex.export.purity import root_name
from dex.export.slicing import changed_in_place
from dex.notebook import Magic

_GIVEN = GIVEN | {"replace"}
_PYLAB = frozenset({"np", "plt", "numpy", "pylab", "mlab", "matplotlib", "figsize", "display"})
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_CONTAINERS = (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
_SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Assert)


def note_order(pieces: list[Piece], log: Log) -> None:
    """Note names that are used before a statement sets them, and values that another cell changes in place.

    Args:
        pieces: the notebook's statements, those of the notebooks that it runs linked in.
        log: where the notes go.
    """
    _note_early(pieces, log)
    _note_changed(pieces, log)


def note_undefined(pieces: list[Piece], star: bool, log: Log) -> list[str]:
    """Note names that no statement sets, with the magic that sets them where it is one, and return them.

    Args:
        pieces: the notebook's statements, placed.
        star: some names come from ``import *``, so that nothing is known.
        log: where the notes go.
    """
    found: list[str] = []
    if star:
        return found
    known = {*_GIVEN, *log.imports, *(n for p in pieces if p.place != "drop" for n in p.flow.binds)}
    for piece in pieces:
        if piece.place == "drop":
            continue
        for name in piece.flow.needs:
            if name not in known:
                known.add(name)
                found.append(name)
                log.note(piece, _never_set(name, pieces))
    return found


def _never_set(name: str, pieces: list[Piece]) -> str:
    for piece in pieces:
        for magic in (piece.statement.magic, *piece.statement.inner):
            if magic is None:
                continue
            place = f"`{short(_shown(magic))}` (cell {piece.cell.number}, line {magic.line})"
            if name in _set_by(magic):
                return f"`{name}` is only set by the magic {place}, which a job does not have"
            if magic.name == "run" and piece.stub is not None:
                return f"`{name}` is never set here: {place}, which was not carried over, may set it"
    return f"`{name}` is never set"


def _set_by(magic: Magic) -> set[str]:
    """Return names that a magic may set: its words, as in ``%%capture out``, ``-o frame`` and ``result <<``."""
    if magic.sigil not in ("%", "%%"):
        return set()
    words = set(re.findall(r"[^\W\d]\w*", magic.arguments))
    return words | _PYLAB if magic.name == "pylab" else words


def _shown(magic: Magic) -> str:
    return f"{magic.title} {magic.arguments}".strip()


def _note_early(pieces: list[Piece], log: Log) -> None:
    binders: dict[str, list[int]] = {}
    for at, piece in enumerate(pieces):
        for name in piece.flow.binds:
            binders.setdefault(name, []).append(at)
    above: set[str] = set()
    later: dict[str, tuple[str, ...]] = {}  # function -> what it needs when it is called
    told: set[str] = set(_GIVEN)
    for at, piece in enumerate(pieces):
        if piece.flow.star:
            break  # below, any name may be set
        if piece.place != "drop" and piece.node is not None:
            own = () if isinstance(piece.node, _SIMPLE) else piece.flow.binds  # set in a branch or a loop, it may be
            for name, through in _needed_now(piece, later):
                if name in above or name in told or name in own or name not in binders:
                    continue
                told.add(name)
                log.note(piece, _early(name, through, piece, pieces[binders[name][0]]))
        above.update(piece.flow.binds)
        later.update(dict.fromkeys(piece.flow.binds, piece.flow.later if _is_function(piece.node) else ()))
    else:
        _note_lower(pieces, binders, told, log)


def _needed_now(piece: Piece, later: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return the names that a statement needs when it runs, each with the function through which, if any."""
    found = [(name, "") for name in piece.flow.uses]
    calls = [n.func.id for n in own_scope(piece.node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    for called in dict.fromkeys(calls):
        done = {called}
        todo = list(later.get(called, ()))
        while todo:
            name = todo.pop(0)
            if name not in done:
                done.add(name)
                found.append((name, called))
                todo += later.get(name, ())
    return found


def _is_function(node: ast.AST | None) -> bool:
    value = node.value if isinstance(node, ast.Assign) else node
    return isinstance(value, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def _early(name: str, through: str, piece: Piece, binder: Piece) -> str:
    what = f"`{through}` is called here and needs `{name}`" if through else f"`{name}` is used here"
    if binder is piece:
        return f"{what} before anything sets it"
    if binder.cell is piece.cell:
        return f"{what} before line {binder.statement.line} of the cell sets it"
    return f"{what}, and only cell {binder.cell.number} below sets it: run from top to bottom, the notebook fails here"


def _note_lower(pieces: list[Piece], binders: dict[str, list[int]], told: Iterable[str], log: Log) -> None:
    """Note functions that read what only a lower cell sets: they hold for calls below it."""
    done = set(told)
    for at, piece in enumerate(pieces):
        if piece.place == "drop" or not isinstance(piece.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for name in piece.flow.later:
            binder = pieces[binders[name][0]] if name in binders else piece
            if name in done or binders.get(name, [at])[0] <= at or binder.cell is piece.cell:
                continue
            if not isinstance(binder.node, _DEFINITIONS):
                done.add(name)
                log.note(piece, f"`{piece.node.name}` reads `{name}`, which only cell {binder.cell.number} below sets")


def _note_changed(pieces: list[Piece], log: Log) -> None:
    """Note values that a cell below the one that set them changes in place: each run of it changes them again."""
    setters: dict[str, Piece] = {}
    told: set[tuple[str, int]] = set()
    for piece in pieces:
        if piece.place == "drop" or piece.node is None:
            continue
        for name in sorted(_changed(piece)):
            setter = setters.get(name)
            if setter is None or setter.cell is piece.cell or (name, piece.cell.number) in told:
                continue
            told.add((name, piece.cell.number))
            what = f"`{name}`, set in cell {setter.cell.number}, is changed in place"
            if isinstance(piece.node, ast.FunctionDef):
                log.note(piece, f"{what} by `{piece.node.name}`: each call changes it again")
            else:
                log.note(piece, f"{what} here: each run of this cell changes it again")
        for name in piece.flow.binds:
            if isinstance(piece.node, _DEFINITIONS):
                setters.pop(name, None)
            elif not isinstance(piece.node, ast.AugAssign):
                setters[name] = piece


def _changed(piece: Piece) -> set[str]:
    node = piece.node
    if isinstance(node, ast.FunctionDef):
        inside = {name for statement in node.body for name in changed_in_place(statement)}
        return inside & set(piece.flow.later)
    found = changed_in_place(node)
    for part in own_scope(node):
        if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name):
            found |= {part.target.id} if isinstance(part.value, _CONTAINERS) else set()
        elif isinstance(part, ast.Call) and any(k.arg == "inplace" and _is_true(k.value) for k in part.keywords):
            found.add(root_name(part.func))
    return found


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
