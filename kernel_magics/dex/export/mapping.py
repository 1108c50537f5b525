"""The source map: which lines of the module come from which lines of which cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dex.export.module import Block, digest

VERSION = 1


def render_map(
    notebook: str, module_path: str, module: str, blocks: list[Block], files: dict[str, str], headings: set[str]
) -> str:
    """Return the map as JSON.

    Args:
        notebook: path of the notebook, below the project.
        module_path: path of the module, below the project.
        module: source of the module.
        blocks: its blocks.
        files: generated files and their content, by path below the project.
        headings: comments above blocks, made from the notebook's headings.
    """
    lines = module.split("\n")
    starts = [(i, block) for block in blocks for i, line in enumerate(lines) if line.strip() == block.marker]
    starts.sort(key=lambda pair: pair[0])
    entries: list[dict[str, Any]] = []
    for number, (start, block) in enumerate(starts):
        end = starts[number + 1][0] if number + 1 < len(starts) else len(lines)
        text = _own_lines(lines, start + 1, end, len(lines[start]) - len(lines[start].lstrip()), headings)
        entries.append(
            {
                "cell": block.cell.id,
                "segment": block.segment,
                "kind": block.kind,
                "notebook_lines": list(block.lines),
                "module_lines": [start + 2, start + 1 + len(text)],
                "notebook_sha256": block.digest,
                "module_sha256": digest("\n".join(text)),
            }
        )
    content = {
        "version": VERSION,
        "notebook": notebook,
        "module": module_path,
        "files": {path: file_digest(text) for path, text in sorted(files.items())},
        "blocks": entries,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def file_digest(text: str) -> str:
    """Return the SHA-256 of a file's text, whatever its newlines: git may have changed them."""
    return digest(text.replace("\r\n", "\n"))


def read_map(path: Path) -> dict[str, Any]:
    """Return a map, or an empty one where there is none that can be used."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and content.get("version") == VERSION else {}


def _own_lines(lines: list[str], start: int, end: int, depth: int, headings: set[str]) -> list[str]:
    """Return the lines of a block: up to the next block, or to the next thing that is not its own."""
    own = lines[start:end]
    for i, line in enumerate(own):
        outside = i and line.strip() and len(line) - len(line.lstrip()) < depth
        generated = depth == 0 and i and line.startswith(("@dataclass(frozen=True)", "def main(")) and not own[i - 1]
        if outside or generated:
            own = own[:i]
            break
    while own and (not own[-1].strip() or (own[-1].strip() in headings)):
        own.pop()
    return own
