"""The tables that a notebook reads and writes, as far as its text names them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from dex.export.own_names import OwnNames, OwnTables, in_sql, read_by, written_as
from dex.export.pieces import Piece, source_of

Table = tuple[str, str]
Values = dict[str, tuple[str, ...]]
_FILE_WRITERS = frozenset(
    "save to_csv to_parquet to_sql to_json to_excel write_text write_bytes unlink rmtree remove makedirs".split()
)
_WRITERS = ("saveAsTable", "insertInto", "writeTo", "toTable")


@dataclass(frozen=True)
class Tables:
    """Tables by layer and name.

    Attributes:
        reads: read before they were written, in order.
        writes: written, in order.
        fixed: something is written that no environment turns elsewhere; the first such source text.
        unclear: something is read whose name is only known when it runs.
        own: tables under names that the notebook has itself, such as ``gold.orders``.
    """

    reads: tuple[Table, ...] = ()
    writes: tuple[Table, ...] = ()
    fixed: str | None = None
    unclear: bool = False
    own: OwnTables = field(default_factory=OwnTables)

    def before(self, later: Tables) -> Tables:
        """Return what both do, this one first."""
        return Tables(
            tuple(dict.fromkeys([*self.reads, *(t for t in later.reads if t not in self.writes)])),
            tuple(dict.fromkeys([*self.writes, *later.writes])),
            self.fixed or later.fixed,
            self.unclear or later.unclear,
            self.own.before(later.own),
        )


def tables_of(pieces: list[Piece]) -> Tables:
    """Return the tables of a notebook's statements, in order."""
    constants = _constants(pieces)
    reads: dict[Table, None] = {}
    writes: dict[Table, None] = {}
    fixed: str | None = None
    unclear = False
    own = OwnTables()
    certain = True
    for piece in pieces:
        if piece.node is None or piece.place == "drop":
            continue
        calls, values = _calls(piece.node, constants)
        targets, hard, names = _written(piece, calls, values)
        fixed = fixed or hard
        certain = certain and not _may_return(piece.node)
        for each in [*map(read_by, calls), *names]:
            own.take(each, certain=certain and isinstance(piece.node, ast.Expr | ast.Assign))
        for call in calls:
            for table in named(call, values):
                if table in targets or table in writes:
                    continue
                unclear = unclear or not all(table)
                if all(table):
                    reads[table] = None
        writes.update(dict.fromkeys(t for t in targets if all(t)))
    return Tables(tuple(reads), tuple(writes), fixed, unclear, own)


def written_by(pieces: list[Piece]) -> list[list[Table]]:
    """Return for every piece the tables that it writes."""
    constants = _constants(pieces)
    found: list[list[Table]] = []
    for piece in pieces:
        calls, values = _calls(piece.node, constants) if piece.node is not None else ([], {})
        found.append([t for t in _written(piece, calls, values)[0] if all(t)])
    return found


def named(call: ast.Call, values: Values | None = None) -> list[Table]:
    """Return the tables that ``session.table("silver", name)`` may name; an empty text where only the run knows."""
    function = call.func
    is_session = (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "session"
        and function.attr in ("table", "read")
    )
    is_name = isinstance(function, ast.Name) and function.id == "get_table_name"
    if not (is_session or is_name):
        return []
    words = call.args[1:] if is_name else call.args
    if len(words) != 2:
        return [("", "")]
    layers, names = (_texts(word, values or {}) for word in words)
    return [(layer, name) for layer in layers for name in names]


def _texts(node: ast.expr, values: Values) -> tuple[str, ...]:
    """Return the texts that an expression may be; one empty text where only the run knows."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (node.value,)
    if isinstance(node, ast.Name):
        return values.get(node.id, ("",))
    return ("",)


def _literals(node: ast.expr) -> tuple[str, ...]:
    try:
        value = ast.literal_eval(node)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple | set | dict) and all(isinstance(item, str) for item in value):
        return tuple(sorted(value)) if isinstance(value, set) else tuple(value)
    return ()


def _constants(pieces: list[Piece]) -> Values:
    """Return names that hold the same texts wherever they are used."""
    found: Values = {}
    several: set[str] = set()
    for piece in pieces:
        node = piece.node
        for name in piece.flow.binds:
            several |= {name} if name in found else set()
            plain = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
            found[name] = _literals(node.value) if plain and isinstance(node, ast.Assign) else ()
    return {name: texts for name, texts in found.items() if texts and name not in several}


def _calls(node: ast.AST, constants: Values) -> tuple[list[ast.Call], Values]:
    """Return the calls in a statement, and the texts of constants and of what the variables of its loops run over."""
    calls: list[ast.Call] = []
    values = dict(constants)
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            calls.append(part)
        elif isinstance(part, ast.For | ast.comprehension) and isinstance(part.target, ast.Name):
            over = part.iter
            values[part.target.id] = (
                constants.get(over.id, ("",)) if isinstance(over, ast.Name) else _literals(over) or ("",)
            )
    return calls, values


def _written(piece: Piece, calls: list[ast.Call], values: Values) -> tuple[list[Table], str | None, list[OwnNames]]:
    """Return the tables that a statement's calls write: by layer, what no environment turns elsewhere, by own names."""
    found: list[Table] = []
    fixed: str | None = None
    own: list[OwnNames] = []
    for call in [call for call in calls if isinstance(call.func, ast.Attribute)]:
        attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if attribute in _WRITERS and call.args:
            tables = named(call.args[0], values) if isinstance(call.args[0], ast.Call) else []
            if not tables:  # a stream may write when its test is over
                own.append(written_as(_texts(call.args[0], values) if attribute != "toTable" else ("",)))
                fixed = fixed or (source_of(piece.text, call.args[0]) if own[-1].fixed else None)
            found += tables
        elif attribute == "sql":
            own.append(in_sql(call.args[0] if call.args else None))
            with_values = bool(own[-1].writes) and (len(call.args) > 1 or bool(call.keywords))  # no local engine has it
            fixed = fixed or (source_of(piece.text, call) if own[-1].fixed or with_values else None)
        elif (
            attribute in _FILE_WRITERS
            or (attribute == "start" and ".writeStream" in ast.unparse(call.func))  # it writes after its test is over
            or (attribute in ("parquet", "csv", "json", "orc", "text") and ".write" in ast.unparse(call.func))
            or (attribute in ("cp", "mv", "rm", "put", "mkdirs") and "dbutils.fs" in ast.unparse(call.func))
        ):
            fixed = fixed or source_of(piece.text, call)
    for call in [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "open"]:
        if not _reads_only(call):
            fixed = fixed or source_of(piece.text, call)
    return found, fixed, own


def _may_return(node: ast.AST) -> bool:
    """Return whether `main` may end in a statement."""
    inner = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return not inner and any(isinstance(part, ast.Return) for part in ast.walk(node))


def _reads_only(call: ast.Call) -> bool:
    mode = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "mode"), None)
    if mode is None:
        return True
    return isinstance(mode, ast.Constant) and isinstance(mode.value, str) and not set(mode.value) & set("wax+")
