"""The source map: which lines of the module come from which lines of which cell, and both texts as they were.

The texts are what a later sync compares with: the notebook's cells and the module's blocks of the last export.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dex.bundle.made import FOLDER
from dex.export.module import Block, digest
from dex.export.module_parts import GLUE, ModuleBlock, ModuleParts, parse_module

VERSION = 2
#: Folder of generated files that people change too: their text is kept, to tell who changed what.
SHARED = "resources/"
_CONFLICT = re.compile(
    r"^<{7} .*\n(?P<ours>(?:.*\n)*?)(?:\|{7} .*\n(?:.*\n)*?)?={7}\r?\n(?P<theirs>(?:.*\n)*?)>{7} .*\n", re.MULTILINE
)


def render_map(
    notebook: str,
    module_path: str,
    module: str,
    blocks: list[Block],
    files: dict[str, str],
    headings: set[str],
    users: Mapping[str, list[str]],
    gives: Mapping[str, Mapping[str, str]],
) -> str:
    """Return the map as JSON.

    Args:
        notebook: path of the notebook, below the project.
        module_path: path of the module, below the project.
        module: source of the module.
        blocks: its blocks.
        files: generated files and their content, by path below the project.
        headings: comments above blocks, made from the notebook's headings.
        users: notebooks that run this one, with the names that they use of it.
        gives: the same, with the names that they give to it.
    """
    empty = ModuleParts((), {name: () for name in GLUE})  # SQL has no parts that come back
    parts = parse_module(module, headings) if module_path.endswith(".py") else empty
    by_key = {(block.cell.id, block.segment): block for block in blocks}
    cells = {block.cell.id: block.cell.source.split("\n") for block in blocks}
    content = {
        "version": VERSION,
        "notebook": notebook,
        "module": module_path,
        **({"users": dict(users)} if users else {}),
        **({"gives": {user: dict(sorted(names.items())) for user, names in sorted(gives.items())}} if gives else {}),
        "files": {path: file_digest(text) for path, text in sorted(files.items())},
        "generated": {path: text.split("\n") for path, text in sorted(files.items()) if path.startswith(SHARED)},
        "cells": cells,
        "blocks": [
            _entry(part, block) for part in parts.blocks if (block := by_key.get((part.cell, part.segment))) is not None
        ],
        "glue": {name: list(lines) for name, lines in parts.glue.items()},
    }
    return dump_map(content)


def dump_map(content: dict[str, Any]) -> str:
    """Return the text of a map's file."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def file_digest(text: str) -> str:
    """Return the SHA-256 of a file's text, whatever its newlines: git may have changed them."""
    return digest(text.replace("\r\n", "\n"))


def map_path(name: str) -> str:
    """Return where the source map of a module is, below the project."""
    return f"{FOLDER}/{name}.json"


def read_maps(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the source maps of a project that can be used, with their paths below it, in order of their modules."""
    for path in sorted((root / FOLDER).glob("*.json")):
        known = read_map(path)
        if {"notebook", "module"} <= known.keys():
            yield path.relative_to(root).as_posix(), known


def read_map(path: Path) -> dict[str, Any]:
    """Return a map, or an empty one where there is none that can be used; after a merge with conflicts, our side."""
    return read_sides(path)[0]


def read_sides(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a map as it is on both sides of a merge; twice the same where git left no conflict in it."""
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError):
        return {}, {}
    ours = _loaded(_CONFLICT.sub(lambda hunk: hunk["ours"], text))
    return ours, _loaded(_CONFLICT.sub(lambda hunk: hunk["theirs"], text)) if _CONFLICT.search(text) else ours


def _loaded(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) and content.get("version") == VERSION else {}


def cells_that_differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> frozenset[str]:
    """Return the ids of the cells whose texts, in notebook or module, are not the same in two maps."""

    def texts(content: Mapping[str, Any]) -> dict[str, Any]:
        blocks: dict[str, list[Any]] = {}
        for entry in content.get("blocks", []):
            blocks.setdefault(entry["cell"], []).append(entry["text"])
        return {cell: (lines, blocks.get(cell)) for cell, lines in content.get("cells", {}).items()}

    a, b = texts(one), texts(other)
    return frozenset(cell for cell in {*a, *b} if a.get(cell) != b.get(cell))


def _entry(part: ModuleBlock, block: Block) -> dict[str, Any]:
    return {
        "cell": block.cell.id,
        "segment": block.segment,
        "kind": block.kind,
        "notebook_lines": list(block.lines),
        "module_lines": [part.line, part.line + len(part.lines) - 1],
        "notebook_sha256": block.digest,
        "module_sha256": digest(part.text),
        "text": list(part.lines),
    }
