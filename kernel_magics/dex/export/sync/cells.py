"""Cells changed in the bytes of their notebook: every byte that is not the text of a changed cell stays as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]

from dex_dbutils import ExportError, Where

from dex.export.sync.text import edits
from dex.notebook import Cell, Notebook, parse_notebook

#: Tag of a cell that holds both texts.
TAG = "dex-conflict"
_DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"


def with_texts(
    notebook: Notebook, content: bytes, texts: Mapping[int, str], conflicts: frozenset[int] = frozenset()
) -> bytes:
    """Return the bytes of a notebook with other texts in some cells.

    Args:
        notebook: what ``content`` was read as.
        content: the bytes of its file.
        texts: new texts by number of the cell.
        conflicts: numbers of cells that hold a conflict and are tagged so; the tag is taken from all others.

    Raises:
        ExportError: DEX-SYNC-09, the texts cannot be put there without changing more than them.
    """
    text = content.decode("utf-8", "surrogateescape")
    if notebook.format == "source":
        changed = _in_source(notebook, text, texts)
    else:
        changed = _in_json(notebook, text, texts, conflicts)
    result = changed.encode("utf-8", "surrogateescape")
    if result != content:
        _must_say(notebook, result, texts)
    return result


def _must_say(before: Notebook, content: bytes, texts: Mapping[int, str]) -> None:
    """Raise where the new bytes do not hold the texts, or hold anything else that is new."""
    after = parse_notebook(before.path, content)
    wanted = [texts.get(cell.number, cell.source) for cell in before.cells]
    if before.format == "source":
        wanted = [text.strip("\n") for text in wanted]
    found = [cell.source.strip("\n") if before.format == "source" else cell.source for cell in after.cells]
    if found != wanted:
        number = next((n for n, (a, b) in enumerate(zip(found, wanted, strict=False), 1) if a != b), len(wanted))
        raise ExportError(
            "DEX-SYNC-09",
            f"The new text of cell {number} cannot stand in {before.path.name} without changing other cells.",
            Where(str(before.path), cell=number),
            "Make the change in the notebook by hand, then export with --force.",
        )


@dataclass
class _Spans:
    """Where the text and the metadata of a cell stand in a JSON text."""

    source: tuple[int, int] | None = None
    metadata: tuple[int, int] | None = None
    begin: int = 0


def _in_json(notebook: Notebook, text: str, texts: Mapping[int, str], conflicts: frozenset[int]) -> str:
    replaced: list[tuple[int, int, str]] = []
    for number, spans in enumerate(_cell_spans(text), start=1):
        if number in texts:
            new = texts[number]
            if spans.source is None:
                replaced.append((spans.begin, spans.begin, f'"source": {json.dumps(new)}, '))
            else:
                replaced.append((*spans.source, _source(text, spans.source, new, text.isascii())))
        tags = _tags(text, spans)
        if (number in conflicts) != (TAG in tags):
            tags = [*tags, TAG] if number in conflicts else [t for t in tags if t != TAG]
            replaced.append(_with_tags(text, spans, tags))
    for start, end, new in sorted(replaced, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _source(text: str, span: tuple[int, int], new: str, ascii_only: bool) -> str:
    """Return the JSON of a cell's text, written as the one that stands there; its unchanged lines are the same."""
    old_text = text[span[0] : span[1]]
    old = json.loads(old_text)
    joined = "".join(map(str, old)) if isinstance(old, list) else str(old)
    if "\r\n" in joined:
        new = new.replace("\n", "\r\n")
    if not isinstance(old, list):
        return json.dumps(new, ensure_ascii=ascii_only)
    lines = [json.dumps(line, ensure_ascii=ascii_only) for line in _lines(new)]
    if not lines:
        return "[]"
    if "\n" not in old_text:
        if old:
            return f"[{', '.join(lines)}]"
        begin = text.rfind("\n", 0, span[0])
        blank = text[begin + 1 : span[0]]
        outer = blank[: len(blank) - len(blank.lstrip())] if begin >= 0 else None
        if outer is None or not outer:
            return f"[{', '.join(lines)}]"
        unit = outer[: max(1, len(outer) // 3)]  # a cell's keys stand three levels deep
        return "[\n" + ",\n".join(f"{outer}{unit}{line}" for line in lines) + f"\n{outer}]"
    newline = "\r\n" if "\r\n" in old_text else "\n"
    first = old_text.index('"') if '"' in old_text else 1
    inner = old_text[1:first].rsplit("\n", 1)[-1]
    tail = old_text[:-1]
    outer = tail[len(tail.rstrip(_BLANK)) :]
    return f"[{newline}" + f",{newline}".join(inner + line for line in lines) + f"{outer}]"


def _lines(text: str) -> list[str]:
    """Return the lines of a text with their newlines; only ``\\n`` ends a line."""
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _tags(text: str, spans: _Spans) -> list[str]:
    if spans.metadata is None:
        return []
    metadata = json.loads(text[slice(*spans.metadata)])
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return [str(tag) for tag in tags] if isinstance(tags, list) else []


def _with_tags(text: str, spans: _Spans, tags: list[str]) -> tuple[int, int, str]:
    if spans.metadata is None:
        return spans.begin, spans.begin, f'"metadata": {json.dumps({"tags": tags})}, '
    metadata = json.loads(text[slice(*spans.metadata)])
    if not isinstance(metadata, dict):
        metadata = {}
    if tags:
        metadata["tags"] = tags
    else:
        metadata.pop("tags", None)
    begin = text.rfind("\n", 0, spans.metadata[0])
    line = text[begin + 1 : spans.metadata[0]]
    outer = line[: len(line) - len(line.lstrip())]
    if not metadata or begin < 0 or not outer:
        return (*spans.metadata, json.dumps(metadata, ensure_ascii=text.isascii()))
    unit = outer[: max(1, len(outer) // 3)]
    dumped = json.dumps(metadata, ensure_ascii=text.isascii(), indent=unit)
    return (*spans.metadata, dumped.replace("\n", f"\n{outer}"))


def _cell_spans(text: str) -> list[_Spans]:
    """Return where the texts of the cells stand in the JSON of a notebook."""
    start = next(i for i, c in enumerate(text) if c == "{")
    cells = [span for key, span in _members(text, start) if key == "cells"][-1]
    found: list[_Spans] = []
    for begin, _ in _elements(text, cells[0]):
        spans = _Spans(begin=_skip(text, begin + 1))
        for key, span in _members(text, begin):
            if key in ("source", "metadata"):
                setattr(spans, key, span)
        found.append(spans)
    return found


def _members(text: str, start: int) -> list[tuple[str, tuple[int, int]]]:
    """Return the keys of an object that begins at ``start``, each with the span of its value."""
    found: list[tuple[str, tuple[int, int]]] = []
    position = _skip(text, start + 1)
    while text[position] != "}":
        key, position = scanstring(text, position + 1, True)
        position = _skip(text, _skip(text, position) + 1)
        _, end = _DECODER.raw_decode(text, position)
        found.append((key, (position, end)))
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return found


def _elements(text: str, start: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    position = _skip(text, start + 1)
    while text[position] != "]":
        _, end = _DECODER.raw_decode(text, position)
        found.append((position, end))
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return found


def _skip(text: str, position: int) -> int:
    while text[position] in _BLANK:
        position += 1
    return position


def _in_source(notebook: Notebook, text: str, texts: Mapping[int, str]) -> str:
    lines = text.split("\n")
    for cell in reversed(notebook.cells):
        if cell.number in texts:
            _replace_lines(lines, cell, texts[cell.number])
    return "\n".join(lines)


def _replace_lines(lines: list[str], cell: Cell, new: str) -> None:
    """Put another text into the lines of a cell of a source file; its magics are comments there."""
    old = cell.source.split("\n") if cell.source else []
    first = cell.first_line - 1
    there = lines[first : first + len(old)]
    end = "\r" if there and all(line.endswith("\r") for line in there) else ""
    magic = [line.rstrip("\r").split(" ", 1)[1] if " MAGIC" in line[:9] else "" for line in there]
    all_magic = bool(there) and all(m for m in magic)
    comment = there[0].split(" ", 1)[0] if all_magic else ""
    wanted = new.strip("\n").split("\n") if new.strip("\n") else []
    result: list[str] = []
    position = 0
    for i1, i2, j1, j2 in edits(old, wanted):
        result += there[position:i1]
        result += [(f"{comment} MAGIC {line}".rstrip() if all_magic else line) + end for line in wanted[j1:j2]]
        position = i2
    result += there[position:]
    lines[first : first + len(old)] = result
