"""From a Databricks source file to an .ipynb and back, without a loss."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dex.notebook.ipynb import VENDOR_CELL
from dex.notebook.models import Cell, Notebook
from dex.notebook.reading import notebook_bytes, parse_notebook
from dex.notebook.segments import segments
from dex.notebook.source import HEADER, LANGUAGES

_VENDOR = "application/vnd.databricks.v1+notebook"
#: Metadata of a cell that a source file has a place for, and what of the vendor's.
_CARRIED = {"dex", VENDOR_CELL}
_TITLE = {"title", "showTitle"}
_ENDINGS = {language: ending for ending, (_, language) in LANGUAGES.items()}


def convert(notebook: Notebook) -> tuple[bytes, str]:
    """Return a notebook in the other format, and the ending of such a file.

    A source file comes back byte for byte from the .ipynb that was made of it: what its layout has of its own is kept
    in the metadata, and holds for every cell that still says the same. What of an .ipynb has no place in a
    source file is told by `left_behind`.
    """
    if notebook.format == "source":
        return _to_ipynb(notebook), ".ipynb"
    ending = _ENDINGS.get(notebook.language, ".py")
    return _to_source(notebook, ending), ending


def left_behind(notebook: Notebook) -> list[str]:
    """Return what a notebook holds that its other format cannot, a sentence each; empty where nothing is lost."""
    if notebook.format == "source":
        return []
    document = notebook.document["json"]
    nodes = [_mapping(node) for node in document["cells"]]
    metadata = [{k: v for k, v in _mapping(node.get("metadata")).items() if k not in _CARRIED} for node in nodes]
    titled = [_mapping(_mapping(node.get("metadata")).get(VENDOR_CELL)) for node in nodes]
    made_here = "dex" in _mapping(document.get("metadata"))
    whole = sorted(set(_mapping(document.get("metadata"))) - {"dex", _VENDOR})
    held = [
        ("outputs", sum(bool(node.get("outputs")) for node in nodes)),
        ("execution counts", sum(node.get("execution_count") is not None for node in nodes)),
        ("ids", 0 if made_here else sum("id" in node for node in nodes)),
        ("attachments", sum(bool(node.get("attachments")) for node in nodes)),
        (
            "metadata other than a title",
            sum(bool(m) or bool(set(t) - _TITLE) for m, t in zip(metadata, titled, strict=True)),
        ),
    ]
    notes = [f"The {what} of {_cells(count)} stay behind." for what, count in held if count]
    raw = sum(node.get("cell_type") == "raw" for node in nodes)
    if raw:
        notes.append(f"{_cells(raw).capitalize()} of raw text: text cells in the other format.")
    if whole:
        notes.append(f"The notebook's own metadata stay behind: {', '.join(whole)}.")
    return notes


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _to_ipynb(notebook: Notebook) -> bytes:
    cells: list[dict[str, Any]] = []
    for cell in notebook.cells:
        metadata: dict[str, Any] = {"dex": {"raw": cell.raw}}
        if cell.title:
            metadata[VENDOR_CELL] = {"title": cell.title, "showTitle": True}
        node = {
            "cell_type": cell.type,
            "id": cell.id[:64],
            "metadata": metadata,
            "source": cell.source.splitlines(True),
        }
        cells.append({**node, "execution_count": None, "outputs": []} if cell.type == "code" else node)
    layout = {"head": notebook.document["head"], "separators": list(notebook.document["separators"])}
    if "newline" in notebook.document:
        layout["newline"] = notebook.document["newline"]
    document = {
        "cells": cells,
        "metadata": {_VENDOR: {"language": notebook.language}, "dex": layout},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def _to_source(notebook: Notebook, ending: str) -> bytes:
    comment, _ = LANGUAGES[ending]
    document = notebook.document["json"]
    layout = _mapping(_mapping(document.get("metadata")).get("dex"))
    nodes = [_mapping(_mapping(node.get("metadata"))) for node in document["cells"]]
    head = str(layout.get("head") or f"{comment} {HEADER}\n")
    separators = layout.get("separators")
    kept = isinstance(separators, list) and len(separators) == len(nodes)
    if not kept:
        separators = [f"{comment} COMMAND ----------\n"] * (len(nodes) - 1) + [""] * bool(nodes)
    cells: list[Cell] = []
    for place, (cell, metadata) in enumerate(zip(notebook.cells, nodes, strict=True)):
        raw = _mapping(metadata.get("dex")).get("raw")
        if not (isinstance(raw, str) and kept and _says_the_same(raw, cell, head, ending)):
            raw = _written(cell, str(_mapping(metadata.get(VENDOR_CELL)).get("title") or ""), comment)
            raw = ("\n" if place else "") + raw + "\n" + ("\n" if place < len(nodes) - 1 else "")
        cells.append(replace(cell, raw=raw))
    written = {"head": head, "separators": separators, "newline": "\r" if layout.get("newline") == "\r" else "\n"}
    return notebook_bytes(Notebook(notebook.path, "source", tuple(cells), notebook.language, written))


def _says_the_same(raw: str, cell: Cell, head: str, ending: str) -> bool:
    text = (head + raw).encode("utf-8", "surrogateescape")
    found = parse_notebook(Path(f"x{ending}"), text).cells
    return len(found) == 1 and (found[0].type, found[0].source) == (cell.type, cell.source)


def _written(cell: Cell, title: str, comment: str) -> str:
    """Return a cell as Databricks writes it."""
    lines = cell.source.split("\n")
    mark = f"{comment} MAGIC"
    if cell.type != "code":
        lines = ["%md", *lines]
    reserved = (mark, f"{comment} DBTITLE", f"{comment} COMMAND")
    marked = cell.type != "code" or bool(segments(cell.source)[0].sigil) or _begins_with_a_magic(lines)
    if marked or any(line.startswith(reserved) for line in lines):
        lines = [f"{mark} {line}" if line else mark for line in lines]
    return "\n".join([*([f"{comment} DBTITLE 1,{title}"] if title else []), *lines])


def _begins_with_a_magic(lines: list[str]) -> bool:
    first = next((line.strip() for line in lines if line.strip()), "")
    return first.startswith(("%", "!"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
