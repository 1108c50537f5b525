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
    "display": 'def display(*_: object, **__: object) -> None:\n    """Show nothing: a job has nobody to show it to."""',
    "displayHTML": 'def displayHTML(*_: object) -> None:\n    """Show nothing: a job has nobody to show it to."""',
}
_DISPLAY = ("display", "displayHTML")
_SHOWING = ("display", "show", "printSchema", "explain")
_REACHING = ("globals", "locals", "exec", "get_ipython")
_PROFILES = ("profile",)
_OWN_SESSION = ("getOrCreate", "get_session", "get_spark", "create")
_SESSIONS = ("SparkSession", "DatabricksSession", "get_session", "get_spark")
_CONTEXTS = ("SparkContext",)
_EXIT = "dbutils.notebook.exit"
#: Stands for a display until its line is taken out; no source holds it.
_GONE = "\0gone\0"
_OLD_SESSIONS = ("SQLContext", "HiveContext")


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
    elif _takes_session(piece, log):
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
        if _stops(value):
            log.drop(piece, f"`{short(piece.text)}`: the session belongs to the caller of main")
            return True
        if ast.unparse(value.func) == "dbutils.library.restartPython":
            log.drop(piece, f"`{short(piece.text)}`: a job has its packages before it begins")
            return True
        if owner is None and name in _DISPLAY:
            kept = [a for a in value.args if not purity.can_go(a)]
            if not kept:
                log.drop(piece, f"`{short(piece.text)}` shows something")
                return True
            piece.retext("\n".join(source_of(piece.text, argument) for argument in kept))
            log.note(piece, "display was left out, what it was given still runs")
            return False
        if owner is not None and name in _SHOWING and purity.can_go(owner):
            log.drop(piece, f"`{short(piece.text)}` shows something")
            return True
    if purity.can_go(value):
        log.drop(piece, f"`{short(piece.text)}` shows something" if last else f"`{short(piece.text)}` has no effect")
        return True
    return False


def own_session(node: ast.AST | None) -> str:
    """Return what an expression that makes a session or a context of its own stands for, or nothing."""
    if isinstance(node, ast.Attribute) and node.attr == "sparkContext":
        return "spark.sparkContext" if own_session(node.value) or ast.unparse(node.value) == "spark" else ""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    words = {part.id for part in ast.walk(function) if isinstance(part, ast.Name)}
    words |= {part.attr for part in ast.walk(function) if isinstance(part, ast.Attribute)}
    if name in _OWN_SESSION and words.intersection(_SESSIONS):
        return "spark"
    if name in _CONTEXTS or (name in _OWN_SESSION and words.intersection(_CONTEXTS)):
        return "spark.sparkContext"
    return "spark" if name in (*_OLD_SESSIONS, "SparkSession") or words.intersection(_OLD_SESSIONS) else ""


def _takes_session(piece: Piece, log: Log) -> bool:
    """Use the session that `main` is given where a notebook makes its own; return whether nothing else is left."""
    node = piece.node
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
        return False
    name, given = node.targets[0].id, own_session(node.value)
    if not given:
        return False
    if name == "session" or GLOBALS.get(name) or name == given:
        log.drop(piece, f"`{short(piece.text)}`: main uses the session it is given")
        return True
    piece.retext(f"{name} = {given}")
    log.note(piece, f"`{name}` is the session that main is given, or its context")
    return True


def _change_inside(piece: Piece, purity: Purity, log: Log) -> None:
    """Change what stands inside a statement: displays, exits, ``__name__``; refuse what has no counterpart."""
    if piece.node is None:
        return
    changes: list[tuple[ast.AST, str]] = []
    spare = _spare(piece)
    statements: set[ast.Call] = set()
    for node, inside in _walk(piece.node):
        line = piece.statement.line + getattr(node, "lineno", 1) - 1
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Name) and call.func.id in _DISPLAY:
                if all(purity.can_go(argument) for argument in call.args):
                    changes.append((node, _GONE if node in spare else "pass"))
                    log.note(piece, f"`{short(source_of(piece.text, node))}` inside the statement was left out")
                else:
                    changes.append((node, "; ".join(source_of(piece.text, a) for a in call.args)))
            elif ast.unparse(call.func) == "dbutils.library.restartPython":
                changes.append((node, "pass"))
                log.note(
                    piece,
                    f"`{short(source_of(piece.text, node))}` was left out: a job has its packages before it begins",
                )
            elif _stops(call):
                changes.append((node, "pass"))
                log.note(piece, f"`{short(source_of(piece.text, node))}` was left out: the session is the caller's")
            elif _is_exit(call):
                statements.add(call)
                value = source_of(piece.text, call.args[0]) if call.args else "None"
                changes.append((node, f"raise NotebookExit({value})" if inside == "function" else f"return {value}"))
                if inside == "function":
                    log.imports.add("NotebookExit")
        elif isinstance(node, ast.Call) and _is_exit(node) and node not in statements:
            log.refuse(
                piece,
                "dbutils.notebook.exit",
                f"`{short(source_of(piece.text, node))}` exits from inside an expression.",
                "Make it a statement of its own: `if ...:` and `dbutils.notebook.exit(...)` below it.",
                line,
            )
        elif isinstance(node, ast.Name) and node.id == "__name__" and inside != "function":
            changes.append((node, '"__main__"'))
        elif isinstance(node, ast.Call) and inside != "function" and own_session(node):
            changes.append((node, own_session(node)))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _REACHING:
            _reach(piece, node, inside, line, changes, log)
    if changes:
        kept = [line for line in replace_nodes(piece.text, changes).split("\n") if line.strip() != _GONE]
        piece.retext("\n".join(kept).replace(_GONE, ""))


def _reach(piece: Piece, call: ast.Call, inside: str, line: int, changes: list[tuple[ast.AST, str]], log: Log) -> None:
    """Carry over what reaches into the notebook where it only reads; refuse it where it makes names."""
    name = getattr(call.func, "id", "")
    if inside == "function":
        log.note(piece, f"`{name}()` in a function sees the module, not the notebook")
        return
    if name in ("globals", "locals") and not _is_changed(piece.node, call):
        if name == "globals":
            changes.append((call, "locals()"))
            log.note(piece, "`globals()` became `locals()`: the notebook's names are those of main")
        return
    if name == "get_ipython" and isinstance(piece.node, ast.Try | ast.If):
        log.note(piece, "`get_ipython()` is not there in a job")
        return
    log.refuse(
        piece,
        name,
        f"`{name}()` reaches into the notebook, which a module is not.",
        "Use plain names, or a dictionary of your own.",
        line,
    )


def _is_changed(node: ast.AST | None, call: ast.Call) -> bool:
    """Return whether a dictionary of names is written to, or given away."""
    for parent in ast.walk(node) if node is not None else ():
        if isinstance(parent, ast.Subscript) and parent.value is call:
            return not isinstance(parent.ctx, ast.Load)
        if isinstance(parent, ast.Attribute) and parent.value is call:
            return parent.attr not in ("get", "keys", "items", "values")
        if isinstance(parent, ast.Compare) and call in parent.comparators:
            return False
        if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and call in parent.args:
            return parent.func.id not in ("len", "list", "sorted", "print", "dict", "set")
    return True


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


def _stops(call: ast.Call) -> bool:
    return ast.unparse(call.func) in ("spark.stop", "sc.stop", "spark.sparkContext.stop", "session.stop")


def _is_exit(call: ast.Call) -> bool:
    function = call.func
    return isinstance(function, ast.Attribute) and function.attr == "exit" and ast.unparse(function) == _EXIT
