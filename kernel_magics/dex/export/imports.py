"""The imports of a module: the notebook's own where they are needed, and those of the generated parts."""

from __future__ import annotations

import ast

from dex.export.formatting import SPLIT
from dex.export.models import ReportLine
from dex.export.names import imported
from dex.export.pieces import Log, Piece
from dex.export.placement import GENERATED, NEEDED
from dex.export.stars import EFFECT_FREE, star_names


def render_imports(pieces: list[Piece], before: set[str], needed: set[str], package: str, log: Log) -> tuple[str, bool]:
    """Return the import statements of a module, and whether their order is free.

    Args:
        pieces: the notebook's imports that go to the top.
        before: names that the notebook needed before anything was left out.
        needed: names that the module needs.
        package: the project's package: its modules do nothing but define names.
        log: told of imports that are left out.
    """
    lines: list[str] = []
    free = True
    bound: set[str] = set()
    for piece in pieces:
        node = piece.node
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        kept: list[ast.alias] = []
        for alias in node.names:
            name = alias.asname or (alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name)
            root = (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
            effect_free = root.partition(".")[0] in (*EFFECT_FREE, package)
            free = free and effect_free
            future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
            if future or alias.name == "*" or name in needed or not (effect_free or name in before):
                kept.append(alias)
            else:
                log.dropped.append(
                    ReportLine(
                        text=f"import of `{name}`: nothing in the module needs it",
                        cell=piece.cell.number,
                        line=piece.statement.line,
                    )
                )
        if not kept:
            continue
        if len(kept) == len(node.names):
            text = piece.text
        else:
            text = ast.unparse(
                ast.Import(kept) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, kept, node.level)
            )
        unused = [a for a in kept if a.name != "*" and (a.asname or a.name.partition(".")[0]) not in needed]
        if unused and not text.startswith("from __future__") and "noqa" not in text and "\n" not in text:
            text += "  # noqa: F401"
        if text not in lines:
            lines.append(text)
        bound.update(imported(node))
    free = free and _stars_apart(pieces, (needed | log.imports) - bound)
    futures = [line for line in lines if line.startswith("from __future__")]
    own = [line for line in lines if line not in futures]
    added = generated((needed | log.imports) - bound, log.imports)
    between = [SPLIT.rstrip()] if added and own and not free else []
    return "\n".join([*futures, *added, *between, *own]), free


def _stars_apart(pieces: list[Piece], added: set[str]) -> bool:
    """Return whether star imports bring no name that another import brings too, so that their order changes nothing."""
    brought = [(module, star_names(module)) for piece in pieces for module in piece.flow.star]
    found: dict[str, str] = dict.fromkeys(added & {*GENERATED, *NEEDED}, "")
    found.update((n, s.rpartition(".")[0]) for p in pieces if p.node is not None for n, s in imported(p.node).items())
    for module, names in brought:
        if names is None or any(found.get(name, module) != module for name in names):
            return False
        found.update(dict.fromkeys(names, module))
    return True


def generated(names: set[str], extra: set[str]) -> list[str]:
    """Return the imports that the generated parts of a module need, one line a module, in order."""
    of_module: dict[str, list[str]] = {}
    plain: list[str] = []
    known = {**GENERATED, "get_dbutils": "dex_dbutils.utilities.get_dbutils", "builtins": "builtins"}
    known.update({name: stands_for for name, stands_for in NEEDED.items() if name in extra})
    known.update({name: f"pyspark.sql.{name}" for name in ("DataFrame", "SparkSession")})
    for name in sorted(names & set(known)):
        module, _, attribute = known[name].rpartition(".")
        if module:
            of_module.setdefault(module, []).append(attribute)
        else:
            plain.append(f"import {attribute}")
    lines = [f"from {module} import {', '.join(found)}" for module, found in of_module.items()]
    own = [line for line in lines if line.startswith(("from dex_dbutils", "from pyspark"))]
    standard = [line for line in lines if line not in own]
    return [*plain, *sorted(standard), *([""] if own else []), *sorted(own)]
