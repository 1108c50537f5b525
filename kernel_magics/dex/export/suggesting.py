"""Which regions of `main` could be functions, shown as marks in the notebook; nothing is written unless it is accepted."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from dex_dbutils import ExportError, Where
from dex_dbutils.config import Project

from dex.export.drafting import Draft
from dex.export.exporting import Exporter
from dex.export.models import ExportRefused, Model
from dex.export.pieces import Piece
from dex.export.placement import BUILTINS, RESERVED
from dex.export.purity import Purity
from dex.export.regions import MARK, frames_of, is_frame, is_mark
from dex.export.sync.cells import with_texts
from dex.export.understanding import purity_of, understand
from dex.files import write_atomically
from dex.notebook import Cell, parse_notebook

#: Calls that a region has at least: below that, a function says no more than its line.
LEAST_CALLS = 3
#: Most names that a function takes, and gives, before a reader is lost.
MOST_INPUTS, MOST_OUTPUTS = 6, 3
#: What a function of a region would need to be given on every call: such statements stay in `main`.
_SURROUNDINGS = frozenset({"spark", "session", "dbutils", "params", "job_params", "sc", "sql", "table", "sqlContext"})


class Suggestion(Model):
    """A region of `main` that could be a function.

    Attributes:
        name: of the function; another one may be written into the mark.
        signature: the function's inputs and what it returns.
        inputs: names that it reads.
        outputs: names of it that are used below.
        cell: number of its cell.
        line: its first line in the cell.
        end_line: its last.
        diff: the cell, with the marks, as a unified diff.
    """

    name: str
    signature: str
    inputs: list[str]
    outputs: list[str]
    cell: int
    line: int
    end_line: int
    diff: str


class Suggestions(Model):
    """What could be lifted out of a notebook's `main`.

    Attributes:
        notebook: its path, relative to the project.
        suggestions: in notebook order.
        accepted: names of those that were marked in the notebook.
    """

    notebook: str
    suggestions: list[Suggestion]
    accepted: list[str]

    def to_text(self) -> str:
        """Return the suggestions for terminals: each with its signature, its place and its diff."""
        if not self.suggestions:
            return f"{self.notebook}: nothing to suggest"
        parts = [f"{each.signature}\n  {self._place(each)}\n{each.diff}" for each in self.suggestions]
        return "\n\n".join([*parts, self._end()])

    def to_html(self) -> str:
        """Return the suggestions for a notebook."""
        parts = [
            f"<p><code>{escape(each.signature)}</code><br>{escape(self._place(each))}</p><pre>{escape(each.diff)}</pre>"
            for each in self.suggestions
        ]
        end = self._end() if parts else "Nothing to suggest."
        return "".join([*parts, f"<p>{escape(end)}</p>"])

    def _place(self, each: Suggestion) -> str:
        done = ", marked" if each.name in self.accepted else ""
        return f"cell {each.cell}, lines {each.line} to {each.end_line}{done}"

    def _end(self) -> str:
        if self.accepted:
            return f"Marked in {self.notebook}: {', '.join(self.accepted)}. Export it to have the functions."
        return "Nothing was written. To mark one: --suggest --accept NAME; to mark every one: --accept all."

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"text/plain": self.to_text(), "text/html": self.to_html()}, {}


@dataclass
class _Region:
    """Statements of one cell that only transform frames."""

    cell: Cell
    pieces: list[Piece]
    last: bool
    name: str = ""

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line, the comments above included."""
        first = self.pieces[0].statement
        above = [line for line, text in first.comments if not is_mark(text)]
        return min([first.line, *above]), self.pieces[-1].statement.end_line

    def marked(self, source: str) -> str:
        """Return the cell's text with the marks; earlier regions of the cell keep their places."""
        lines = source.split("\n")
        start, end = self.lines
        closing = [] if self.last else ["# dex: end"]
        return "\n".join(
            [*lines[: start - 1], f"# dex: transform {self.name}", *lines[start - 1 : end], *closing, *lines[end:]]
        )


def suggest_regions(path: Path, project: Project, *, accept: Iterable[str] = ()) -> Suggestions:
    """Return which regions of a notebook's `main` could be functions; each is known to export.

    Args:
        path: an .ipynb or a Databricks source file inside the project.
        project: where the module would stand.
        accept: names of suggestions to mark in the notebook, or ``all``; without any, nothing is written.

    Raises:
        NotebookError: the notebook cannot be read.
        ExportError: DEX-EXPORT-01, -02, -04, it cannot be exported as it is; -08, no suggestion has the name.
        DexError: DEX-FILE-01, the notebook cannot be written; it is what it was.
    """
    exporter = Exporter(project)
    base = exporter.draft(path)
    content = path.read_bytes()
    found = [(region, each) for region in _regions(base) if (each := _tried(region, base, content, exporter, path))]
    suggestions = [each for _, each in found]
    wanted = set(accept)
    if unknown := sorted(wanted - {"all", *(each.name for each in suggestions)}):
        names = ", ".join(each.name for each in suggestions) or "none"
        raise ExportError(
            "DEX-EXPORT-08",
            f"`{unknown[0]}` is not suggested for {base.shown}.",
            Where(base.shown),
            f"Suggested: {names}. Or write `# dex: transform {unknown[0]}` above the lines by hand.",
        )
    chosen = [region for region, each in found if "all" in wanted or each.name in wanted]
    if chosen:
        marked = with_texts(base.notebook, content, _texts(chosen))
        exporter.draft(path, notebook=parse_notebook(path, marked))  # together, they hold as well
        write_atomically(path, marked)
    return Suggestions(notebook=base.shown, suggestions=suggestions, accepted=[region.name for region in chosen])


def _texts(regions: list[_Region]) -> dict[int, str]:
    texts: dict[int, str] = {}
    for region in reversed(regions):  # from below, so that the lines above keep their numbers
        number = region.cell.number
        texts[number] = region.marked(texts.get(number, region.cell.source))
    return texts


def _tried(region: _Region, base: Draft, content: bytes, exporter: Exporter, path: Path) -> Suggestion | None:
    """Return the suggestion of a region, or None where the marked notebook would not export, or not be clearer."""
    try:
        marked = with_texts(base.notebook, content, _texts([region]))
        draft = exporter.draft(path, notebook=parse_notebook(path, marked))
    except (ExportRefused, ExportError):
        return None
    lifted = [p for b in draft.blocks for p in b.pieces if p.kind == "lifted" and p.region == region.name]
    node = lifted[0].node if lifted else None
    if not isinstance(node, ast.FunctionDef) or not isinstance(node.body[-1], ast.Return):
        return None
    inputs = [argument.arg for argument in node.args.args]
    outputs = [n.id for n in ast.walk(node.body[-1]) if isinstance(n, ast.Name)]
    if not 1 <= len(inputs) <= MOST_INPUTS or len(outputs) > MOST_OUTPUTS:
        return None
    title = f"{base.shown} cell {region.cell.number} ({region.cell.id})"
    before, after = region.cell.source, region.marked(region.cell.source)
    diff = difflib.unified_diff(before.split("\n"), after.split("\n"), title, f"{title}, marked", lineterm="", n=2)
    return Suggestion(
        name=region.name,
        signature=f"{region.name}({ast.unparse(node.args)}) -> {', '.join(outputs)}",
        inputs=inputs,
        outputs=outputs,
        cell=region.cell.number,
        line=region.lines[0],
        end_line=region.lines[1],
        diff="\n".join(diff),
    )


def _regions(draft: Draft) -> Iterator[_Region]:
    """Yield the longest regions of each cell whose statements only transform frames."""
    if not any(block.place == "main" for block in draft.blocks):
        return
    pieces = understand(draft.notebook, draft.shown).pieces
    purity = purity_of(pieces)
    taken = {name for piece in pieces for name in piece.flow.binds} | RESERVED | BUILTINS
    for start, end in _runs(pieces, purity):
        run = pieces[start:end]
        if sum(_calls(piece) for piece in run) < LEAST_CALLS:
            continue
        last = end == len(pieces) or pieces[end].cell is not run[-1].cell
        region = _Region(run[0].cell, run, last)
        base = f"make_{run[-1].flow.binds[0].strip('_').lower()}"
        region.name, count = base, 2
        while region.name in taken:
            region.name, count = f"{base}_{count}", count + 1
        taken.add(region.name)
        yield region


def _runs(pieces: list[Piece], purity: Purity) -> Iterator[tuple[int, int]]:
    marked = _marked(pieces)
    frames: set[str] = set()
    start: int | None = None
    end = 0
    for at, piece in enumerate(pieces):
        if start is not None and piece.cell is not pieces[start].cell:
            yield start, end
            start = None
        kind = "" if at in marked or _shares_a_line(pieces, at) else _kind(piece, frames, purity)
        frames = frames_of([piece], frames)
        if kind == "frame":
            start, end = at if start is None else start, at + 1
        elif not kind and start is not None:
            yield start, end
            start = None
    if start is not None:
        yield start, end


def _marked(pieces: list[Piece]) -> set[int]:
    """Return the places of statements in regions that are marked already."""
    found: set[int] = set()
    inside: Cell | None = None
    for at, piece in enumerate(pieces):
        marks = [text for _, text in piece.statement.comments if is_mark(text)]
        if marks:
            inside = piece.cell if MARK.match(marks[-1]) else None
        if inside is piece.cell:
            found.add(at)
    return found


def _kind(piece: Piece, frames: set[str], purity: Purity) -> str:
    """Return ``frame`` for a transformation, ``value`` for what may stand between two of them, else nothing."""
    node = piece.node
    if piece.place == "drop" and piece.statement.magic is None:
        return "value"  # a display between two steps
    plain = piece.place == "main" and piece.kind == "statement" and not piece.statement.inner and not piece.changed
    if not plain or not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return ""
    if not isinstance(node.targets[0], ast.Name) or _SURROUNDINGS.intersection(piece.flow.needs):
        return ""
    if not purity.looks_only(node.value) or node.targets[0].id.isupper():
        return ""
    return "frame" if is_frame(node.value, frames) and isinstance(node.value, ast.Call) else "value"


def _calls(piece: Piece) -> int:
    """Return how many calls the chains of a statement's frames have."""
    if piece.place == "drop" or not isinstance(piece.node, ast.Assign):
        return 0
    count, node = 0, piece.node.value
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        count += isinstance(node, ast.Call)
        node = node.func if isinstance(node, ast.Call) else node.value
    return count


def _shares_a_line(pieces: list[Piece], at: int) -> bool:
    """Return whether a neighbour stands on a line of the statement, where no mark can part them."""
    statement = pieces[at].statement
    for other in pieces[max(0, at - 1) : at] + pieces[at + 1 : at + 2]:
        if other.cell is pieces[at].cell and (
            other.statement.line <= statement.end_line and statement.line <= other.statement.end_line
        ):
            return True
    return False
