"""What the imports of a notebook bind."""

from __future__ import annotations

import ast

from dex.export.pieces import Piece


def imported(node: ast.stmt) -> dict[str, str]:
    """Return name -> what it stands for, for every name that an import binds."""
    found: dict[str, str] = {}
    if isinstance(node, ast.Import):
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            found[bound] = alias.name if alias.asname else bound
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        found = {alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names if alias.name != "*"}
    return found


def known_imports(pieces: list[Piece]) -> dict[str, str]:
    """Return what the imports of a notebook bind, whichever is last."""
    found: dict[str, str] = {}
    for piece in pieces:
        if piece.node is not None:
            found.update(imported(piece.node))
    return found
