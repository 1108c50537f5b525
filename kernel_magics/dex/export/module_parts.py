"""An exported module taken apart again: blocks under their markers, and the generated lines around them."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass

from dex.notebook import lex

MARKER = re.compile(r"\s*# %% \[dex (?P<cell>\S+)#(?P<segment>\d+) (?P<digest>[0-9a-f]{8})\]\s*$")
#: The generated parts of a module, in order, as a person calls them.
GLUE = ("top", "Params", "main", "headings", "run")
_DEPTH = 4


@dataclass(frozen=True)
class ModuleBlock:
    """What stands under one marker.

    Attributes:
        cell: id of the cell that the marker names.
        segment: which of the cell's blocks it is.
        digest: first characters of the digest of the notebook's text, as the marker has it.
        place: ``module``, or ``main`` for what stands inside of it.
        line: line of the module where its text begins.
        lines: its text without the indentation of its place and without blank lines around it.
    """

    cell: str
    segment: int
    digest: str
    place: str
    line: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Its text."""
        return "\n".join(self.lines)


@dataclass(frozen=True)
class ModuleParts:
    """A module taken apart.

    Attributes:
        blocks: in the module's order.
        glue: lines of each generated part; ``headings`` are the comments made from headings of the notebook.
    """

    blocks: tuple[ModuleBlock, ...]
    glue: dict[str, tuple[str, ...]]


def parse_module(source: str, headings: Collection[str]) -> ModuleParts:
    """Return the parts of an exported module.

    Args:
        source: the module, with newlines as ``\\n``.
        headings: comments that stand for headings of the notebook; below a block they are not the block's own.

    Raises:
        SyntaxError: the source is no Python.
    """
    nodes = _landmarks(source)
    lines = source.split("\n")
    inside = [line.start == "string" for line in lex(source).lines]
    params, main, entry = (nodes.get(name, len(lines)) for name in ("Params", "main", "after"))
    first = min(params, main)
    glue: dict[str, list[str]] = {name: [] for name in GLUE}
    blocks: list[ModuleBlock] = []
    marks = [i for i, line in enumerate(lines) if not inside[i] and MARKER.match(line)]
    glue["top"] = lines[: min([first, *marks])]
    glue["Params"] = lines[first:main]
    glue["main"] = lines[main : min([entry, *(i for i in marks if i > main)])]
    glue["run"] = lines[entry:]
    for number, start in enumerate(marks):
        place = "main" if main < start < entry else "module"
        limit = first if start < first else entry if start < entry else len(lines)
        end = min([limit, *marks[number + 1 : number + 2]])
        own = _dedented(lines, inside, start + 1, end, _DEPTH if place == "main" else 0)
        while own and (not own[-1].strip() or (place == "main" and own[-1] in headings)):
            found = own.pop()
            if found.strip():
                glue["headings"].append(found)
        begin = next((i for i, line in enumerate(own) if line.strip()), 0)
        match = MARKER.match(lines[start])
        assert match is not None
        blocks.append(
            ModuleBlock(
                match["cell"], int(match["segment"]), match["digest"], place, start + 2 + begin, tuple(own[begin:])
            )
        )
    return ModuleParts(tuple(blocks), {name: _stripped(part) for name, part in glue.items()})


def _landmarks(source: str) -> dict[str, int]:
    """Return the index of the line where each generated part begins; ``after`` is the end of `main`.

    Where the notebook's work is done by a `_main` that `main` calls, that is what counts.
    """
    found: dict[str, int] = {}
    lines = source.split("\n")
    for node in ast.parse(source).body:
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        if isinstance(node, ast.ClassDef) and node.name == "Params":
            found.setdefault("Params", start)
        elif (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name in ("_main", "main")
            and "main" not in found
        ):
            found["main"] = start
            end = node.end_lineno or node.lineno
            while end < len(lines) and (not lines[end].strip() or lines[end].startswith((" ", "\t"))):
                end += 1  # comments below the last statement of main
            found["after"] = end
    return found


def _dedented(lines: list[str], inside: list[bool], start: int, end: int, depth: int) -> list[str]:
    return [
        lines[i] if inside[i] or not lines[i].startswith(" " * depth) else lines[i][depth:] for i in range(start, end)
    ]


def _stripped(lines: list[str]) -> tuple[str, ...]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    while lines and not lines[0].strip():
        lines = lines[1:]
    return tuple(lines)
