"""Marked regions: ``# dex: transform NAME`` and what stands below it in the cell becomes a function."""

from __future__ import annotations

import ast
import keyword
import re
from dataclasses import replace

from dex.export.names import imported
from dex.export.parameters import Parameters, literal_type
from dex.export.pieces import Log, Piece
from dex.export.placement import BUILTINS, RESERVED
from dex.export.purity import root_name, writes
from dex.notebook import lex

MARK = re.compile(r"#\s*dex:\s*transform\b\s*(\S*)\s*$")
END = re.compile(r"#\s*dex:\s*end\s*$")


def is_mark(comment: str) -> bool:
    """Return whether a comment begins or ends a region; such a comment is not carried over."""
    return bool(MARK.match(comment) or END.match(comment))


def lift(pieces: list[Piece], log: Log, parameters: Parameters) -> list[Piece]:
    """Return the pieces with every marked region replaced by a function and a call of it.

    A region that defines a function of its name is left as it is: that function moves like any other.

    Args:
        pieces: the notebook's statements.
        log: where refusals go.
        parameters: fields of `Params`, which know their types.
    """
    result: list[Piece] = []
    index = 0
    taken = {name for piece in pieces for name in piece.flow.binds}
    while index < len(pieces):
        piece = pieces[index]
        mark = next((m for _, text in piece.statement.comments if (m := MARK.match(text))), None)
        if mark is None:
            result.append(piece)
            index += 1
            continue
        end = index + 1
        while end < len(pieces) and pieces[end].cell is piece.cell and not _ends(pieces[end]):
            end += 1
        region = [p for p in pieces[index:end] if p.place != "drop"]
        lifted = _lift(mark.group(1), region, pieces, index, end, taken, log, parameters)
        result += lifted
        result += [p for p in pieces[index:end] if p.place == "drop"]
        index = end
    return result


def _ends(piece: Piece) -> bool:
    return any(is_mark(text) for _, text in piece.statement.comments)


def _lift(
    name: str,
    region: list[Piece],
    pieces: list[Piece],
    start: int,
    end: int,
    taken: set[str],
    log: Log,
    parameters: Parameters,
) -> list[Piece]:
    if not region:
        return []
    first = region[0]
    if not name.isidentifier() or keyword.iskeyword(name):
        log.refuse(
            first, "dex: transform", f"`{name}` is no name of a function.", "Write `# dex: transform clean_orders`."
        )
        return region
    if any(isinstance(p.node, ast.FunctionDef | ast.AsyncFunctionDef) and p.node.name == name for p in region):
        return region
    imports = [p for p in region if isinstance(p.node, ast.Import | ast.ImportFrom)]
    body = [p for p in region if p not in imports and p.node is not None]
    if not body:
        log.refuse(first, "dex: transform", f"There is nothing to lift below the mark of `{name}`.", "Take it out.")
        return region
    if name in taken or name in RESERVED or name in BUILTINS:
        log.refuse(first, "dex: transform", f"The name `{name}` is taken.", "Choose another name for the region.")
        return region
    for piece in body:
        if piece.node is not None and (writes(piece.node) or isinstance(piece.node, ast.Assert | ast.Return)):
            log.refuse(
                piece,
                "dex: transform",
                f"The region `{name}` does more than transform: `{piece.text.strip().splitlines()[0]}`.",
                "End the region above it with `# dex: end`.",
            )
            return region
    return [*imports, *_as_function(name, first, body, pieces, start, end, parameters)]


def _as_function(
    name: str, first: Piece, body: list[Piece], pieces: list[Piece], start: int, end: int, parameters: Parameters
) -> list[Piece]:
    bound: dict[str, None] = {}
    live_in: dict[str, None] = {}
    at_top = _module_names(pieces)
    known = {n for p in pieces for n in p.flow.binds} | {"spark", "session", "dbutils", "params"}
    for piece in body:
        for needed in piece.flow.needs:
            if needed not in bound and needed not in at_top and needed in known:
                live_in[needed] = None
        bound.update(dict.fromkeys(piece.flow.binds))
    used_later = {n for p in pieces[end:] for n in p.flow.needs} | {n for p in pieces[:start] for n in p.flow.later}
    live_out = [n for n in bound if n in used_later] or list(bound)[-1:]
    frames = frames_of(pieces[:start])
    ordered = [n for n in live_in if n in frames] + [n for n in live_in if n not in frames]
    inside = frames_of(body, set(ordered) & frames)
    lines = []
    for piece in body:
        lines += [text for _, text in piece.statement.comments if not is_mark(text)]
        lines.append(piece.text)
    types = {**_values(pieces[:start], parameters), **dict.fromkeys(frames, "DataFrame")}
    arguments = ", ".join(f"{n}: {types[n]}" if n in types else n for n in ordered)
    result = ""
    if inside.issuperset(live_out):
        result = " -> DataFrame" if len(live_out) == 1 else f" -> tuple[{', '.join('DataFrame' for _ in live_out)}]"
    text = indent("\n".join(lines))
    give = f"    return {', '.join(live_out)}"
    function = Piece(first.cell, first.statement, "", kind="lifted", region=name)
    function.retext(f"def {name}({arguments}){result}:\n{text}\n{give}\n")
    call = Piece(first.cell, replace(first.statement, comments=()), "", kind="statement", region=name)
    call.retext(f"{', '.join(live_out)} = {name}({', '.join(ordered)})")
    return [function, call]


def _module_names(pieces: list[Piece]) -> set[str]:
    """Return names that are the same wherever the code stands: imports, functions."""
    names: set[str] = set()
    for piece in pieces:
        if piece.node is not None:
            names.update(imported(piece.node))
            if isinstance(piece.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(piece.node.name)
    return names


def _values(pieces: list[Piece], parameters: Parameters) -> dict[str, str]:
    """Return the types of names that hold a literal or a parameter, whichever of their assignments was the last."""
    fields = {field.name: field.type for field in parameters.found.values() if "[" not in field.type}
    found: dict[str, set[str]] = {}
    for piece in pieces:
        node = piece.node
        value = node.value if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        known = literal_type(value) if value is not None else None
        if isinstance(value, ast.Attribute) and ast.unparse(value.value) == parameters.variable:
            known = fields.get(value.attr)
        for name in piece.flow.binds:
            found.setdefault(name, set()).add(known or "")
    return {name: kinds.pop() for name, kinds in found.items() if len(kinds) == 1 and not kinds & {"", "Optional[str]"}}


def frames_of(pieces: list[Piece], known: set[str] | None = None) -> set[str]:
    """Return names that hold frames, as far as their assignments show."""
    frames = set(known or ())
    for piece in pieces:
        node = piece.node
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            (frames.add if is_frame(node.value, frames) else frames.discard)(name)
    return frames


_NOT_FRAMES = (
    "count",
    "collect",
    "toPandas",
    "first",
    "head",
    "take",
    "columns",
    "schema",
    "tail",
    "isEmpty",
    "groupBy",
)


def is_frame(value: ast.expr, frames: set[str]) -> bool:
    """Return whether an expression gives a frame, as far as it tells.

    Args:
        value: the expression.
        frames: names that are bound to frames.
    """
    root = root_name(value)
    if isinstance(value, ast.Name):
        return value.id in frames
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)) or value.func.attr in _NOT_FRAMES:
        return False
    if root == "session":
        return ast.unparse(value.func).startswith("session.read") or ".spark." in ast.unparse(value)
    if root == "spark":
        return any(
            word in ast.unparse(value) for word in (".table(", ".read.", ".sql(", ".createDataFrame(", ".range(")
        )
    return root in frames


def indent(text: str, by: str = "    ") -> str:
    """Return a source indented, except for lines that begin inside a string."""
    return "\n".join(
        f"{by}{line.text}" if line.start != "string" and line.text.strip() else line.text for line in lex(text).lines
    )
