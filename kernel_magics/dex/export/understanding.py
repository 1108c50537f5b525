"""From a notebook to pieces: every statement with what becomes of it, before the notebooks it runs are looked at."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from dex_dbutils import NotebookError, Where

from dex.export.context import take_context
from dex.export.magics import Carrier
from dex.export.names import known_imports
from dex.export.parameters import Parameters, number_widgets, take_numbers, take_tagged, take_widgets
from dex.export.pieces import Log, Piece, replace_nodes
from dex.export.purity import Purity, quiet_among, writes
from dex.notebook import Cell, Notebook, Statement, flow_of

#: Modules that a job does not have.
_NOTEBOOK_ONLY = ("dex", "IPython", "ipywidgets")


@dataclass
class Understood:
    """A notebook's statements, each with what becomes of it.

    Attributes:
        notebook: what was read.
        shown: its path below the project.
        pieces: its statements in order.
        parameters: fields of its `Params`.
        requirements: packages that it installs.
        before: names that it needed before anything was left out.
        log: what was dropped, noted and refused.
    """

    notebook: Notebook
    shown: str
    pieces: list[Piece]
    parameters: Parameters
    before: set[str]
    requirements: list[str] = field(default_factory=list)
    log: Log = field(default_factory=Log)


def understand(notebook: Notebook, shown: str, allowed: frozenset[str] = frozenset()) -> Understood:
    """Return the statements of a notebook with what becomes of each.

    Args:
        notebook: what to look at.
        shown: its path below the project, for messages.
        allowed: constructs that may be left behind as stubs that raise.

    Raises:
        NotebookError: DEX-NOTEBOOK-05, a cell is no Python; -07, it holds bytes that are not UTF-8.
    """
    log = Log(allowed)
    pieces = _pieces(notebook, log)
    parameters = Parameters("job_params" if any("params" in p.flow.binds for p in pieces) else "params")
    before = {n for piece in pieces for n in piece.flow.needs}
    known = Understood(notebook, shown, pieces, parameters, before, log=log)
    Carrier(pieces, parameters, known.requirements, log).take()
    numbers = {key: kind for key, kind in number_widgets(pieces).items() if key not in parameters.found}  # not in SQL
    for piece in [p for p in pieces if p.place != "drop" and p.node is not None]:
        if "parameters" in piece.cell.tags:
            take_tagged(piece, parameters, log)
        take_widgets(piece, parameters, log)
    take_numbers(numbers, parameters)
    purity = purity_of(pieces)
    lasts = {p.cell.number: p for p in pieces if p.node is not None}
    for piece in [p for p in pieces if p.place != "drop" and p.node is not None and p.kind not in ("parameter", "sql")]:
        take_context(piece, purity, log, lasts.get(piece.cell.number) is piece)
    _take_notebook_imports(pieces, log)
    known.pieces = _with_globals(pieces, log)
    return known


def _pieces(notebook: Notebook, log: Log) -> list[Piece]:
    pieces: list[Piece] = []
    for cell in notebook.cells:
        text = cell.source
        if cell.type == "code" and any("\udc80" <= c <= "\udcff" for c in text):
            line = next(i for i, row in enumerate(text.split("\n"), 1) if any("\udc80" <= c <= "\udcff" for c in row))
            raise NotebookError(
                "DEX-NOTEBOOK-07",
                f"Cell {cell.number} holds bytes that are not UTF-8.",
                Where(str(notebook.path), line, cell=cell.number),
                "Save the notebook as UTF-8.",
            )
        try:
            statements = cell.statements
        except NotebookError as error:
            if "python" in log.allowed:
                pieces.append(_unread(cell, error, log))
                continue
            place_ = error.where if isinstance(error.where, Where) else Where()
            raise NotebookError(
                error.code,
                error.what,
                Where(str(notebook.path), place_.line, cell=place_.cell),
                error.remedy,
            ) from error
        for statement in statements:
            piece = Piece(cell, statement, statement.text if statement.magic is None else "")
            if statement.node is not None:
                piece.node = ast.parse(statement.text).body[0]  # positions as in the text
                piece.flow = flow_of(piece.node)
            elif statement.magic is None:
                piece.kind = "comment"
            pieces.append(piece)
    return pieces


def _unread(cell: Cell, error: NotebookError, log: Log) -> Piece:
    """Return the stub of a cell that is no Python."""
    lines = cell.source.count("\n") + 1
    piece = Piece(cell, Statement(cell.number, 1, lines, cell.source), "")
    line = error.where.line if isinstance(error.where, Where) else None
    log.refuse(piece, "python", error.what, error.remedy or "", line)
    return piece


def purity_of(pieces: list[Piece]) -> Purity:
    """Return what is known of a notebook's functions: those that only compute."""
    functions = frozenset(
        piece.node.name
        for piece in pieces
        if isinstance(piece.node, ast.FunctionDef)
        and not piece.node.decorator_list  # what stands there is not the function that is called
        and not piece.flow.writes_global
        and not writes(piece.node)
    )
    imports = known_imports(pieces)
    defined = [p.node for p in pieces if isinstance(p.node, ast.FunctionDef) and p.node.name in functions]
    return Purity(functions, imports, quiet_among(defined, imports))


def _take_notebook_imports(pieces: list[Piece], log: Log) -> None:
    """Drop imports of what only a notebook has; refuse code that still needs them."""
    for piece in pieces:
        node = piece.node
        if piece.place == "drop" or not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        if node.__class__ is ast.ImportFrom and node.level:
            log.refuse(
                piece,
                "relative import",
                f"`{piece.text}` is relative to the notebook.",
                "Import it by its full name from the project's package.",
            )
            continue
        if module.partition(".")[0] not in _NOTEBOOK_ONLY:
            continue
        users = [other for other in pieces if other.place != "drop" and set(other.flow.needs) & set(piece.flow.binds)]
        if users and module.partition(".")[0] != "dex":
            log.note(
                piece, f"`{piece.text}` stays: `{users[0].text.strip().splitlines()[0]}` needs it in the job as well"
            )
            continue
        if users:
            log.refuse(
                users[0],
                module,
                f"`{users[0].text.strip().splitlines()[0]}` needs {module}, which a job does not have.",
                "Take it out, or use what dex_dbutils has.",
            )
        log.drop(piece, f"`{piece.text}`: only a notebook needs it")


def _with_globals(pieces: list[Piece], log: Log) -> list[Piece]:
    """Turn ``global`` in functions into ``nonlocal``: the notebook's variables are `main`'s."""
    bound = {n for p in pieces if p.place != "drop" for n in p.flow.binds}
    found: list[Piece] = []
    for piece in pieces:
        if piece.place == "drop" or piece.node is None or not piece.flow.writes_global:
            found.append(piece)
            continue
        missing = [n for n in piece.flow.writes_global if n not in bound]
        if missing:
            first = Piece(piece.cell, replace(piece.statement, comments=()), "")
            first.retext("\n".join(f"{name} = None" for name in missing))
            found.append(first)
            bound.update(missing)
            log.note(
                piece, f"a function sets `{missing[0]}` with `global`, and no cell sets it first: it begins as None"
            )
        changes = [(n, f"nonlocal {', '.join(n.names)}") for n in ast.walk(piece.node) if isinstance(n, ast.Global)]
        kept = piece.flow.writes_global
        piece.retext(replace_nodes(piece.text, changes))
        piece.flow = replace(piece.flow, writes_global=kept)
        found.append(piece)
    return found
