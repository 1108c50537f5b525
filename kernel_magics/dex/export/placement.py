"""Which statements may stand at the top of a module, and which must stay in `main`.

A statement moves out of `main` only where that changes nothing: a function whose every name is there too, a constant
that nobody changes, an import whose name means the same everywhere in the notebook.
"""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from dataclasses import dataclass, field

from dex.export.constants import is_logger, is_made, makers_of
from dex.export.context import GLOBALS
from dex.export.names import imported
from dex.export.pieces import Log, Piece

#: The builtins of every Python that exports or runs a module, so that both give the same answer.
BUILTINS = frozenset(dir(builtins)) | {
    *("aiter", "anext", "EncodingWarning", "BaseExceptionGroup", "ExceptionGroup", "PythonFinalizationError"),
    *("exit", "quit", "__name__", "__file__", "__doc__"),
}
#: Names that the generated parts of a module use.
RESERVED = frozenset(
    """
    main run Params params argparse json dataclass dataclasses field Optional Any Session load_environment get_spark
    get_dbutils builtins _flag _session _main
    """.split()
)
#: What the generated parts import; the same import in a notebook is no conflict.
GENERATED = {
    "dataclass": "dataclasses.dataclass",
    "field": "dataclasses.field",
    "dataclasses": "dataclasses",
    "Optional": "typing.Optional",
    "Any": "typing.Any",
    "argparse": "argparse",
    "json": "json",
    "Session": "dex_dbutils.Session",
    "load_environment": "dex_dbutils.load_environment",
    "get_spark": "dex_dbutils.get_spark",
}
#: What statements that were changed may need.
NEEDED = {
    "subprocess": "subprocess",
    "os": "os",
    "Path": "pathlib.Path",
    "asyncio": "asyncio",
    "NotebookExit": "dex_dbutils.utilities.NotebookExit",
    "SimpleNamespace": "types.SimpleNamespace",
}
#: Star imports that bind no name of a builtin.
_QUIET_STARS = ("pyspark.sql.types", "pyspark.sql.window", "typing", "dex_dbutils")
#: Builtins that ``from pyspark.sql.functions import *`` covers, over all versions.
_COVERED = frozenset("abs any ascii bin chr filter format hash hex len max min pow range round slice some sum".split())
CHANGING = frozenset("append extend insert pop remove clear update add discard setdefault sort reverse popitem".split())


@dataclass
class Names:
    """Who binds and who needs each name.

    Attributes:
        binders: pieces that bind a name, in order.
        readers: pieces that need a name, in order.
        makers: imported name -> what it stands for, for what makes constants.
        imports: imported name -> what it stands for, where that is the same everywhere.
        module: names bound at the top of the module.
        star: some names come from ``import *``.
    """

    binders: dict[str, list[Piece]] = field(default_factory=lambda: defaultdict(list))
    readers: dict[str, list[Piece]] = field(default_factory=lambda: defaultdict(list))
    makers: dict[str, str] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    module: set[str] = field(default_factory=set)
    star: bool = False


def place(pieces: list[Piece], log: Log) -> Names:
    """Decide for every piece that is not dropped whether it goes to the top of the module; return the names."""
    names = Names()
    live = [piece for piece in pieces if piece.place != "drop"]
    stars = [piece for piece in live if piece.flow.star and not _star_may_move(piece, live)]
    if len([p for p in live if p.flow.star and p.flow.star[0] not in _QUIET_STARS]) == 1 and stars:
        _name_star(stars[0], stars[0].flow.star[0], live, log)
    rewritten = {name for piece in live for name in piece.flow.writes_global}
    for piece in live:
        for name in piece.flow.binds:
            names.binders[name].append(piece)
        for name in piece.flow.needs:
            names.readers[name].append(piece)
    names.makers = makers_of(live)
    candidates = {id(p): p for p in live if _may_move(p, names, rewritten, live)}
    for piece in live:
        if piece.flow.star:
            names.star = True
            _check_star(piece, live, candidates, log)
    for piece in candidates.values():
        if isinstance(piece.node, ast.Import | ast.ImportFrom):
            names.imports.update(imported(piece.node))
    _settle(candidates, names)
    for piece in candidates.values():
        names.module.update(piece.flow.binds)
        if isinstance(piece.node, ast.Import | ast.ImportFrom):
            piece.place, piece.kind = "import", "import"
        else:
            piece.place = "module"
            if piece.kind == "lifted":
                continue
            piece.kind = "constant" if isinstance(piece.node, ast.Assign | ast.AnnAssign) else "definition"
    for piece in live:
        if id(piece) in candidates:
            continue
        if piece.kind == "lifted":
            log.refuse(
                piece,
                "dex: transform",
                f"The region `{piece.region}` cannot leave main: {_why_not(piece, names)}.",
                "Give the function what it reads as a parameter.",
            )
        elif isinstance(piece.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            reason = _why_not(piece, names)
            way = "; as its parameter, that would let it stand at the top" if reason.startswith("it reads") else ""
            log.note(piece, f"`{piece.node.name}` stays inside main: {reason}{way}")
    return names


def _settle(candidates: dict[int, Piece], names: Names) -> None:
    """Take out whoever needs a name that is not at the top of the module, until nobody does."""
    while True:
        at_top = {name for piece in candidates.values() for name in piece.flow.binds}
        out = [
            key
            for key, piece in candidates.items()
            if any(not _at_top(name, at_top, names) for name in piece.flow.needs)
        ]
        if not out:
            return
        for key in out:
            del candidates[key]


def _at_top(name: str, at_top: set[str], names: Names) -> bool:
    if name in at_top:
        return True
    if name in names.binders or name in GLOBALS or name in ("spark", "session", "dbutils", "params"):
        return False
    return name not in ("display", "displayHTML", "getArgument")  # builtins; undefined ones fail here and there alike


def _why_not(piece: Piece, names: Names) -> str:
    name = piece.flow.binds[-1] if piece.flow.binds else ""
    if len(names.binders[name]) > 1:
        return "its name is bound more than once"
    if name in RESERVED:
        return f"the module has a `{name}` of its own"
    if isinstance(piece.node, ast.FunctionDef) and _makes_udf(piece.node):
        return "a UDF is made by a session"
    used = [n for n in piece.flow.needs if n != name and not _at_top(n, names.module, names)]
    if not used:
        return "its defaults are computed"
    said = [f"`{n}` of cell {names.binders[n][0].cell.number}" if names.binders.get(n) else f"`{n}`" for n in used]
    return f"it reads {', '.join(said)}"


def _may_move(piece: Piece, names: Names, rewritten: set[str], live: list[Piece]) -> bool:
    node = piece.node
    if piece.kind == "lifted":
        return True
    if node is None or piece.kind == "parameter" or piece.flow.writes_global:
        return False
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return True
    if any(name in rewritten for name in piece.flow.binds):
        return False
    if isinstance(node, ast.Import | ast.ImportFrom):
        return _import_may_move(piece, node, names, live)
    if any(name in RESERVED or len(names.binders[name]) > 1 for name in piece.flow.binds):
        return False
    if any(name in BUILTINS and _needed_before(name, piece, live) for name in piece.flow.binds):
        return False
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        defaults = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
        if any(isinstance(part, ast.Call) for default in defaults for part in ast.walk(default)):
            return False
        return not _makes_udf(node)
    if isinstance(node, ast.ClassDef):
        return True
    return _constant(node, names)


def _makes_udf(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a decorator makes a UDF: its type is read by the session, which an import does not have yet."""
    for decorator in node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in ("udf", "pandas_udf", "arrow_udf", "udtf", "arrow_udtf"):
            return True
    return False


def _import_may_move(piece: Piece, node: ast.Import | ast.ImportFrom, names: Names, live: list[Piece]) -> bool:
    if piece.flow.star:
        return True
    for name, stands_for in imported(node).items():
        if name in RESERVED and GENERATED.get(name) != stands_for:
            return False
        for other in names.binders[name]:
            if other.node is None or imported(other.node).get(name) != stands_for:
                return False
            if isinstance(node, ast.Import) != isinstance(other.node, ast.Import):
                return False
        if name in BUILTINS and _needed_before(name, names.binders[name][0], live):
            return False
    return True


def _constant(node: ast.stmt, names: Names) -> bool:
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target, value = node.target, node.value
    else:
        return False
    if isinstance(target, ast.Name) and is_logger(value, names.makers):
        return True
    if not (isinstance(target, ast.Name) and target.id.isupper()):
        return False
    try:
        constant = ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return is_made(value, names.makers) and not _is_changed(target.id, names)
    return isinstance(constant, str | bytes | int | float | tuple | type(None)) or not _is_changed(target.id, names)


def _is_changed(name: str, names: Names) -> bool:
    for piece in names.readers.get(name, ()):
        if piece.node is None:
            continue
        for part in ast.walk(piece.node):
            if isinstance(part, ast.Attribute) and part.attr in CHANGING and _is(part.value, name):
                return True
            if isinstance(part, ast.Subscript) and not isinstance(part.ctx, ast.Load) and _is(part.value, name):
                return True
            if isinstance(part, ast.Assign) and _is(part.value, name):
                return True  # a second name for the same list
    return False


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _needed_before(name: str, piece: Piece, live: list[Piece]) -> bool:
    """Return whether a piece above needs the name: it would mean something else there."""
    for other in live:
        if other is piece:
            return False
        if name in other.flow.needs:
            return True
    return False


def _star_may_move(piece: Piece, live: list[Piece]) -> bool:
    """Return whether no name of a builtin that a star covers is needed above it."""
    module = piece.flow.star[0]
    if module in _QUIET_STARS or module.startswith("."):
        return True
    above = live[: next(i for i, other in enumerate(live) if other is piece)]
    return not any(_COVERED.intersection(other.flow.needs) for other in above)


def _check_star(piece: Piece, live: list[Piece], candidates: dict[int, Piece], log: Log) -> None:
    module = piece.flow.star[0]
    if module.startswith("."):
        log.refuse(piece, "import *", f"`from {module} import *` is relative to the notebook.", "Name what is used.")
    if module in _QUIET_STARS:
        return
    for other in live:
        if other is piece:
            break
        covered = sorted(_COVERED.intersection(other.flow.needs))
        if covered:
            log.refuse(
                piece,
                "import *",
                f"`from {module} import *` may give `{covered[0]}`, used above as Python's own, another meaning.",
                f"Import the names that are used, or write `from {module} import col, lit` and so on.",
            )
            candidates.pop(id(piece), None)
            return
    log.note(piece, f"`from {module} import *` hides where names come from")


def _name_star(piece: Piece, module: str, live: list[Piece], log: Log) -> None:
    """Import by name what a star brings, where it must not stand above Python's own functions."""
    at = next(i for i, other in enumerate(live) if other is piece)
    bound = {name for other in live for name in other.flow.binds} | {"spark", "session", "dbutils", "params", *GLOBALS}
    below = {name for other in live[at:] for name in other.flow.needs}
    later = {name for other in live[:at] for name in other.flow.later}
    wanted = sorted(n for n in below | later if n not in bound and (n not in BUILTINS or n in _COVERED))
    piece.retext(f"from {module} import {', '.join(wanted)}" if wanted else f"import {module}")
    log.note(piece, f"`from {module} import *` became the names that are used: above it Python's own are meant")
