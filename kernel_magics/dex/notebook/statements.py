"""A code cell as top-level statements; magics stay what they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dex_dbutils import NotebookError, Where

from dex.notebook.lexing import lex
from dex.notebook.models import Cell, Magic, Statement
from dex.notebook.segments import Segment, segments

#: Cell magics whose body is Python of this notebook.
PYTHON_BODIES = ("time", "timeit", "capture", "prun", "python3_here")
#: What IPython runs without its ``%``, where it is all that a cell holds and no Python (`%automagic`).
_AUTOMAGIC = frozenset("cat cd conda cp ldir less lf lk ll ls lx mamba man mkdir more mv pip pwd rm rmdir uv".split())
PLACEHOLDER = re.compile(r"__dex_magic_(\d+)__")

#: What Python 3's parser says of a ``print`` or ``exec`` statement: it knows them, so nothing is guessed from words.
_PYTHON_2 = ("Missing parentheses in call to 'print'", "Missing parentheses in call to 'exec'")


def split_cell(cell: Cell) -> tuple[Statement, ...]:
    """Return the top-level statements of a cell, in order.

    Raises:
        NotebookError: DEX-NOTEBOOK-05, the cell is no Python.
    """
    if cell.type != "code" or not cell.source.strip():
        return ()
    text = cell.source
    if cell.language != "python":
        magic = Magic("%", cell.language, "", 1, text.count("\n") + 1, body=text)
        return (Statement(cell.number, 1, magic.end_line, text, magic=magic),)
    found = segments(text)
    return tuple(statement for segment in found for statement in _of_segment(cell, segment, whole=len(found) == 1))


def _of_segment(cell: Cell, segment: Segment, *, whole: bool) -> Iterator[Statement]:
    above = "\n" * (segment.line - 1)
    if not segment.sigil:
        yield from _python(cell, above + segment.body)
        return
    magic = Magic(
        segment.sigil, segment.name, segment.arguments, segment.line, max(segment.line, segment.end_line), segment.body
    )
    if segment.name == "python":
        yield from _python(cell, f"{above}{segment.arguments}\n{segment.body}")
        return
    lines = cell.source.split("\n")
    text = cell.source if whole else "\n".join(lines[segment.line - 1 : segment.end_line])
    comments = _comments(lines, _begin(lines, segment.line), segment.line - 1, set())
    yield Statement(cell.number, magic.line, magic.end_line, text, comments, magic=magic)
    if magic.sigil == "%%" and magic.name in PYTHON_BODIES:
        yield from _python(cell, f"{above}\n{segment.body}")


def _python(cell: Cell, text: str) -> tuple[Statement, ...]:
    text = _without_leading_indent(text)
    lexed = lex(text)
    code = [line.text for line in lexed.lines]
    for index, (indent, magic) in enumerate(lexed.magics):
        name = f"__dex_magic_{index}__"
        code[magic.line - 1] = f"{indent}{magic.target} = {name}" if magic.target else f"{indent}{name}"
        for line in range(magic.line, magic.end_line):
            code[line] = ""
    try:
        tree = ast.parse("\n".join(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if text.split(maxsplit=1)[0] in _AUTOMAGIC and "\n" not in text.strip():
            return _python(cell, text.replace(text.strip(), f"%{text.strip()}"))
        line = getattr(error, "lineno", None) or 1
        told = str(getattr(error, "msg", None) or error)
        old = told.startswith(_PYTHON_2)
        raise NotebookError(
            "DEX-NOTEBOOK-05",
            f"Cell {cell.number} is {'Python 2' if old else 'no Python'}: {told}.",
            Where(cell=cell.number, line=min(line, len(code))),
            "Translate the notebook to Python 3."
            if old
            else "Run the cell to see the error, or make it a Markdown cell.",
        ) from error
    statements: list[Statement] = []
    done = 0  # lines taken so far
    inside = {i for i, line in enumerate(lexed.lines) if line.start == "string"}
    for number, node in enumerate(tree.body):
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        end = node.end_lineno or start
        following = tree.body[number + 1] if number + 1 < len(tree.body) else None
        comments = _comments(code, done, start - 1, inside)
        begin, finish = 0, None
        shared_before = statements and statements[-1].end_line == start and node.col_offset > 0
        if shared_before:
            begin, comments = _column(code[start - 1], node.col_offset), ()
        if following is not None and following.lineno == end:
            finish = _column(code[end - 1], node.end_col_offset or 0)
        piece = code[start - 1 : end]
        if finish is not None:
            piece[-1] = piece[-1][:finish]
        piece[0] = piece[0][begin:]
        statements.append(_statement(cell, node, start, end, "\n".join(piece), comments, begin, lexed.magics))
        done = end
    left = _comments(code, done, len(code), inside)
    if left:
        statements.append(Statement(cell.number, left[0][0], left[-1][0], "", left))
    return tuple(statements)


def _statement(
    cell: Cell,
    node: ast.stmt,
    start: int,
    end: int,
    text: str,
    comments: tuple[tuple[int, str], ...],
    column: int,
    magics: tuple[tuple[str, Magic], ...],
) -> Statement:
    inner = tuple(magics[int(i)][1] for i in PLACEHOLDER.findall(text) if int(i) < len(magics))
    if inner and PLACEHOLDER.fullmatch(ast.unparse(getattr(node, "value", None) or ast.Pass())):
        magic = inner[0]
        return Statement(cell.number, start, max(end, magic.end_line), text, comments, magic=magic, column=column)
    return Statement(cell.number, start, end, text.rstrip(), comments, node, None, inner, column)


def _comments(code: list[str], first: int, last: int, inside: set[int]) -> tuple[tuple[int, str], ...]:
    return tuple(
        (i + 1, code[i].strip()) for i in range(first, last) if i not in inside and code[i].lstrip().startswith("#")
    )


def _begin(lines: list[str], magic: int) -> int:
    """Return how many lines of a cell stand above the comments over a magic."""
    above = magic - 1
    while above and (not lines[above - 1].strip() or lines[above - 1].lstrip().startswith("#")):
        above -= 1
    return above


def _column(line: str, offset: int) -> int:
    """Return a column in characters; syntax trees count UTF-8 bytes."""
    return len(line.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore"))


def _without_leading_indent(text: str) -> str:
    """Strip the indentation of the first line from every line that has it, as IPython does before it runs a cell."""
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    if not indent:
        return text
    return "\n".join(line.removeprefix(indent) for line in lines)
