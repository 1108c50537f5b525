"""What a notebook has and a job has not: displays, its own session, an exit; and what stands in for each."""

from __future__ import annotations

import ast

from dex.export.pieces import Log, Piece, replace_nodes, short, source_of
from dex.export.purity import Purity, root_name

#: Names that a notebook on the platform has without binding them, and the line of `main` that binds each.
GLOBALS = {
    "sc": "sc = spark.sparkContext",
    "sql": "sql = spark.sql",
    "table": "table = spark.table",
    "sqlContext": "sqlContext = spark",
    "udf": "from pyspark.sql.functions import udf",
}
_DISPLAY = ("display", "displayHTML")
_SHOWING = ("display", "show", "printSchema", "explain")
_REACHING = ("globals", "exec", "get_ipython")
_PROFILES = ("profile",)
_OWN_SESSION = ("getOrCreate", "get_session", "get_spark")


def take_context(piece: Piece, purity: Purity, log: Log, last: bool) -> None:
    """Drop or change what only a notebook has.

    Args:
        piece: a Python statement.
        purity: knows which expressions only look.
        log: where drops and refusals go.
        last: it is the last statement of its cell.
    """
    node = piece.node
    if isinstance(node, ast.Expr):
        if _bare(piece, node.value, purity, log, last):
            return
    elif _own_session(node):
        log.drop(piece, f"`{short(piece.text)}`: main uses the session it is given")
        return
    elif isinstance(node, ast.Global):
        log.drop(piece, "`global` at the top of a notebook says nothing")
        return
    _change_inside(piece, purity, log)


def _bare(piece: Piece, value: ast.expr, purity: Purity, log: Log, last: bool) -> bool:
    """Drop an expression that stands alone, if it only shows something; return whether that is all."""
    if isinstance(value, ast.Call):
        name = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
        owner = value.func.value if isinstance(value.func, ast.Attribute) else None
        if name in _PROFILES and (owner is None or root_name(owner) in ("dex", "dex_dbutils")):
            log.drop(piece, f"`{short(piece.text)}` profiles")
            return True
        if name == "stop" and isinstance(owner, ast.Name) and owner.id == "spark":
            log.drop(piece, "`spark.stop()`: the session belongs to the caller of main")
            return True
        if owner is None and name in _DISPLAY:
            kept = [a for a in value.args if not purity.looks_only(a)]
            if not kept:
                log.drop(piece, f"`{short(piece.text)}` shows something")
                return True
            piece.retext("\n".join(source_of(piece.text, argument) for argument in kept))
            log.note(piece, "display was left out, what it was given still runs")
            return False
        if owner is not None and name in _SHOWING and purity.looks_only(owner):
            log.drop(piece, f"`{short(piece.text)}` shows something")
            return True
    if purity.looks_only(value):
        log.drop(piece, f"`{short(piece.text)}` shows something" if last else f"`{short(piece.text)}` has no effect")
        return True
    return False


def _own_session(node: ast.stmt | None) -> bool:
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
        return False
    if node.targets[0].id not in ("spark", "session") or not isinstance(node.value, ast.Call):
        return False
    function = node.value.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in _OWN_SESSION


def _change_inside(piece: Piece, purity: Purity, log: Log) -> None:
    """Change what stands inside a statement: displays, exits, ``__name__``; refuse what has no counterpart."""
    if piece.node is None:
        return
    changes: list[tuple[ast.AST, str]] = []
    spare = _spare(piece)
    for node, inside in _walk(piece.node):
        line = piece.statement.line + getattr(node, "lineno", 1) - 1
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Name) and call.func.id in _DISPLAY:
                if all(purity.looks_only(argument) for argument in call.args):
                    changes.append((node, "" if node in spare else "pass"))
                    log.note(piece, f"`{short(source_of(piece.text, node))}` inside the statement was left out")
                else:
                    changes.append((node, "; ".join(source_of(piece.text, a) for a in call.args)))
            elif _is_exit(call) and inside != "function":
                value = source_of(piece.text, call.args[0]) if call.args else "None"
                changes.append((node, f"return {value}"))
        elif isinstance(node, ast.Name) and node.id == "__name__" and inside != "function":
            changes.append((node, '"__main__"'))
        elif isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) and inside != "function":
            log.refuse(piece, "await", "A job's main is not a coroutine, so it cannot await.", "Use asyncio.run.", line)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _REACHING:
            log.refuse(
                piece,
                node.func.id,
                f"`{node.func.id}()` reaches into the notebook, which a module is not.",
                "Use plain names, or a dictionary of your own.",
                line,
            )
    if changes:
        piece.retext(replace_nodes(piece.text, changes))


def _spare(piece: Piece) -> set[ast.stmt]:
    """Return displays that may go without a ``pass`` in their place: other statements stay in their block."""
    found: set[ast.stmt] = set()
    if piece.node is None:
        return found
    lines = piece.text.split("\n")
    for parent in ast.walk(piece.node):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if not isinstance(block, list):
                continue
            shown = [s for s in block if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)]
            shown = [s for s in shown if getattr(getattr(s.value, "func", None), "id", "") in _DISPLAY]
            if len(shown) < len(block):
                found.update(s for s in shown if ";" not in lines[s.lineno - 1] and lines[s.lineno - 1][:1].isspace())
    return found


def _walk(node: ast.AST, inside: str = "") -> list[tuple[ast.AST, str]]:
    found = [(node, inside)]
    deeper = "function" if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) else inside
    for child in ast.iter_child_nodes(node):
        found += _walk(child, deeper)
    return found


def _is_exit(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "dbutils.notebook.exit"
