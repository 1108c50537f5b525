"""The statements of a notebook on their way into a module."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from dex.export.models import Refusal, ReportLine
from dex.notebook import Cell, Flow, Statement, flow_of

#: Where a piece goes. ``test`` pieces are asserts: they stay in `main` as checks and tests are derived from them.
Place = Literal["main", "module", "import", "params", "drop"]

NOTHING = Flow((), (), ())


@dataclass
class Piece:
    """One statement, its text as it will stand in the module, and where that is.

    Attributes:
        cell: the cell it stands in.
        statement: the statement as it is in the notebook.
        text: source for the module, changed where the notebook's own words do not hold there.
        node: syntax tree of ``text``; None for comments that stand alone.
        flow: names of ``text``.
        place: where it goes.
        kind: statement, definition, constant, import, parameter, assert, comment, lifted, sql.
        changed: ``text`` is not the notebook's own.
        region: name of the marked region it belongs to.
        stub: why it could not be carried over, where the person allowed that.
    """

    cell: Cell
    statement: Statement
    text: str
    node: ast.stmt | None = None
    flow: Flow = NOTHING
    place: Place = "main"
    kind: str = "statement"
    changed: bool = False
    region: str | None = None
    stub: Refusal | None = None

    def retext(self, text: str) -> None:
        """Give it another text.

        Raises:
            SyntaxError: the text is no Python; a fault of the change that made it.
        """
        self.text = text
        self.changed = True
        body = ast.parse(text).body
        self.node = body[0] if len(body) == 1 else ast.Module(body, [])  # type: ignore[assignment]
        self.flow = flow_of(self.node) if self.node is not None else NOTHING


@dataclass
class Log:
    """What is dropped, noted and refused on the way.

    Attributes:
        allowed: constructs that may be left behind as stubs that raise, by the words of `ALLOWED`.
        imports: names that changed statements need, of those that `placement.GENERATED` knows.
    """

    allowed: frozenset[str] = frozenset()
    imports: set[str] = field(default_factory=set)
    dropped: list[ReportLine] = field(default_factory=list)
    notes: list[ReportLine] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def drop(self, piece: Piece, why: str) -> None:
        """Leave a piece out, with a line in the report."""
        piece.place = "drop"
        self.dropped.append(ReportLine(text=why, cell=piece.cell.number, line=piece.statement.line))

    def note(self, piece: Piece, text: str) -> None:
        """Tell the person something about a piece."""
        self.notes.append(ReportLine(text=text, cell=piece.cell.number, line=piece.statement.line))

    def refuse(self, piece: Piece, construct: str, message: str, remedy: str, line: int | None = None) -> None:
        """Say that the notebook cannot be exported, and go on to find the other reasons.

        Args:
            piece: the statement; it becomes a stub where what it uses may be left behind.
            construct: what it uses, such as ``%run``.
            message: what is in the way.
            remedy: the way out.
            line: line of the cell; the statement's first if not given.
        """
        refusal = Refusal(piece.cell.number, line or piece.statement.line, construct, message, remedy)
        if allowed_word(construct) in self.allowed or construct in self.allowed:
            piece.stub = piece.stub or refusal
        else:
            self.refusals.append(refusal)


#: Words of ``--allow``: what each may leave behind as a stub that raises.
ALLOWED = {
    "run": "`%run` of a notebook that is not there, is outside the project, or cannot be exported itself",
    "scala": "a Scala cell",
    "r": "an R cell",
    "sql": "SQL that cannot be read",
    "fs": "a command of `%fs` that is none",
    "magic": "a magic that a job does not have",
    "python": "a cell that is no Python",
    "widgets": "a widget whose name is only known when the notebook runs",
    "import": "an import that a module cannot have",
    "exec": "code that reaches into the notebook: `exec`, `globals`, `get_ipython`",
}
_REACHING = ("exec", "globals", "locals", "get_ipython")


def allowed_word(construct: str) -> str:
    """Return the word of ``--allow`` for a construct that was refused."""
    word = construct.lstrip("%!")
    if word in ALLOWED and (construct[:1] in "%!" or word == construct):
        return word
    if construct[:1] in "%!" or not construct:
        return "magic"
    if construct in _REACHING:
        return "exec"
    if "widgets" in construct:
        return "widgets"
    return "import" if "import" in construct else construct


def short(text: str) -> str:
    """Return the first line of a source, shortened for a report."""
    first = text.strip().split("\n", 1)[0]
    return first if len(first) <= 60 else f"{first[:57]}..."


def literal(text: str) -> str:
    """Return a text as Python source, the same from every Python: what ``repr`` escapes depends on its version."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7f")


def replace_nodes(text: str, changes: Iterable[tuple[ast.AST, str]]) -> str:
    """Return a source with some nodes of its syntax tree written otherwise.

    Args:
        text: the source that was parsed.
        changes: node and new text; a node inside another changed node is ignored.
    """
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def place(line: int, column: int) -> int:
        raw = lines[line - 1].encode("utf-8", "surrogatepass")[:column]
        return starts[line - 1] + len(raw.decode("utf-8", "surrogatepass"))

    spans = sorted(
        (
            (place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset), new)  # type: ignore[attr-defined]
            for node, new in changes
        ),
        key=lambda span: (span[0], -span[1]),
    )
    parts: list[str] = []
    done = 0
    for start, end, new in spans:
        if start < done:
            continue
        parts += [text[done:start], new]
        done = end
    return "".join([*parts, text[done:]])


def source_of(text: str, node: ast.AST) -> str:
    """Return the source of a node in its text."""
    return ast.get_source_segment(text, node) or ast.unparse(node)


def parsed(piece: Piece) -> list[ast.stmt]:
    """Return the statements of a piece's text, with positions in that text."""
    return ast.parse(piece.text).body
