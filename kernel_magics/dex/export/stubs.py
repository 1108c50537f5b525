"""What could not be carried over and was allowed: a function that raises, named after its cell."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from dex.export.pieces import Log, Piece, allowed_word, literal


def with_stubs(pieces: list[Piece], log: Log) -> list[Piece]:
    """Return the pieces, every one that was refused and allowed replaced by a function that raises and its call."""
    found: list[Piece] = []
    taken: Counter[str] = Counter()
    for piece in pieces:
        refusal = piece.stub
        if refusal is None:
            found.append(piece)
            continue
        base = f"{allowed_word(refusal.construct).lower()}_of_cell_{refusal.cell}"
        taken[base] += 1
        name = base if taken[base] == 1 else f"{base}_{taken[base]}"
        message = f"cell {refusal.cell}, line {refusal.line}: {refusal.message}"
        function = Piece(piece.cell, replace(piece.statement, comments=()), "")
        function.retext(
            f"def {name}() -> None:\n"
            f'    """Stand in for what was not carried over."""\n'
            f"    raise NotImplementedError({literal(message)})"
        )
        piece.retext(f"{name}()")
        piece.place, piece.kind = "main", "statement"
        log.note(piece, f"`{name}` raises: {refusal.message}")
        found += [function, piece]
    return found
