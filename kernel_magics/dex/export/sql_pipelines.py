"""Notebooks of nothing but SQL that define a pipeline: their SQL, as the pipeline's source."""

from __future__ import annotations

from collections.abc import Mapping

from dex.export.pieces import Piece
from dex.export.sql_cells import words_of
from dex.notebook import split_sql, widget_of

#: What a statement of a pipeline begins with, behind CREATE and the words that may follow it.
_DEFINING = (
    *(("STREAMING", "TABLE"), ("STREAMING", "LIVE", "TABLE"), ("LIVE", "TABLE"), ("LIVE", "VIEW")),
    *(("STREAMING", "LIVE", "VIEW"), ("MATERIALIZED", "VIEW"), ("FLOW",)),
)
_BETWEEN = frozenset({"OR", "REFRESH", "TEMPORARY", "TEMP", "PRIVATE"})
#: What else may stand in a pipeline's source.
_AROUND = (("SET",), ("CREATE", "TEMPORARY", "VIEW"), ("CREATE", "FUNCTION"), ("USE",))


def is_sql_pipeline(pieces: list[Piece]) -> bool:
    """Return whether every statement of a notebook is SQL that a pipeline's source may hold, and some define tables.

    Such a statement is nothing that a job could run: what reads ``live.`` tables is only known to a pipeline.
    """
    live = [piece for piece in pieces if piece.place != "drop" and piece.text]
    if not live or any(piece.kind != "sql" or piece.statement.magic is None for piece in live):
        return False
    statements = [words_of(statement) for piece in live for statement in _statements(piece)]
    return any(map(_defines, statements)) and all(
        _defines(words) or any(words[: len(first)] == first for first in _AROUND) for words in statements
    )


def _defines(words: tuple[str, ...]) -> bool:
    if words[:2] in (("APPLY", "CHANGES"), ("AUTO", "CDC")):
        return True
    at = 1
    while words[at : at + 1] and words[at] in _BETWEEN:
        at += 1
    return words[:1] == ("CREATE",) and any(words[at : at + len(kind)] == kind for kind in _DEFINING)


def _statements(piece: Piece) -> list[str]:
    """Return the SQL statements of a cell, without those that make widgets: these are the pipeline's configuration."""
    return [s for s in split_sql(_text(piece)) if widget_of(s) is None]


def _text(piece: Piece) -> str:
    magic = piece.statement.magic
    assert magic is not None
    return "\n".join(part for part in (magic.arguments, magic.body) if part.strip())


def _ended(text: str, statements: list[str]) -> str:
    if not statements or not text.endswith(statements[-1]):
        return text
    return f"{text}\n;" if "--" in text.rsplit("\n", 1)[-1] else f"{text};"


def render_sql(shown: str, pieces: list[Piece], headings: Mapping[int, str]) -> str:
    """Return the pipeline's source: the notebook's SQL as it was written, cell by cell.

    Args:
        shown: path of the notebook, below the project.
        pieces: its statements.
        headings: comments made from headings, by the number of their cell.
    """
    parts = [
        f"-- Transformations of a pipeline.\n-- Made from {shown} by `dex export`: change the notebook and export again."
    ]
    done = 0
    for piece in [p for p in pieces if p.place != "drop" and p.text]:
        above = [text for number, text in sorted(headings.items()) if done <= number < piece.cell.number]
        done = piece.cell.number
        text, statements = _text(piece).strip(), _statements(piece)
        if len(statements) != len(split_sql(text)):
            text = ";\n\n".join(statement.strip() for statement in statements)
        comments = [f"--{comment.lstrip('#')}" for comment in above]
        comments += [f"--{comment.lstrip('#')}" for _, comment in piece.statement.comments]
        parts.append("\n".join([*comments, _ended(text, statements)]))
    return "\n\n".join(parts) + "\n"
