"""Databricks source files: a notebook as commented text."""

from __future__ import annotations

import re
from pathlib import Path

from dex_dbutils import NotebookError, Where

from dex.notebook.ipynb import content_id
from dex.notebook.lexing import lex
from dex.notebook.models import Cell, Notebook
from dex.notebook.segments import begins_with_a_magic

#: First line of a source file per suffix: comment sign and language.
LANGUAGES = {".py": ("#", "python"), ".sql": ("--", "sql"), ".scala": ("//", "scala"), ".r": ("#", "r")}
HEADER = "Databricks notebook source"
_TITLE = re.compile(r"DBTITLE\s+\d+,(.*)$")


def is_source(path: Path, text: str) -> bool:
    """Return whether a text is a Databricks notebook in source form."""
    comment, _ = LANGUAGES.get(path.suffix.lower(), ("#", ""))
    return text.removeprefix("\ufeff").split("\n", 1)[0].split("\r", 1)[0].rstrip() == f"{comment} {HEADER}"


def parse_source(path: Path, text: str) -> Notebook:
    """Return the notebook in a Databricks source file.

    Raises:
        NotebookError: DEX-NOTEBOOK-04, the first line is not the one of such a file.
    """
    comment, language = LANGUAGES.get(path.suffix.lower(), ("#", "python"))
    if not is_source(path, text):
        raise NotebookError(
            "DEX-NOTEBOOK-04",
            f"{path.name} is no notebook: its first line is not `{comment} {HEADER}`.",
            Where(str(path), 1),
            "Add that line, or give an .ipynb.",
        )
    returns = {"newline": "\r"} if "\r" in text and "\n" not in text else {}  # as old Macs ended their lines
    if returns:
        text = text.replace("\r", "\n")
    head, newline, rest = text.partition("\n")
    chunks = _split(rest, comment, language)
    seen: set[str] = set()
    cells: list[Cell] = []
    line = 2
    separators: list[str] = []
    for number, (chunk, separator) in enumerate(chunks, start=1):
        cells.append(_cell(number, chunk, line, comment, language, seen))
        separators.append(separator)
        line += chunk.count("\n") + separator.count("\n")
    layout = {"head": head + newline, "separators": tuple(separators), **returns}
    return Notebook(path, "source", tuple(cells), language, layout)


def render_source(notebook: Notebook) -> str:
    """Return the text of a source notebook as it was read."""
    separators: tuple[str, ...] = notebook.document["separators"]
    text = str(notebook.document["head"]) + "".join(
        (cell.raw or "") + separator for cell, separator in zip(notebook.cells, separators, strict=True)
    )
    return text.replace("\n", str(notebook.document.get("newline", "\n")))


def _split(text: str, comment: str, language: str) -> list[tuple[str, str]]:
    """Return (text of a cell, separator line behind it); the last separator is empty."""
    separator = f"{comment} COMMAND ----------"
    lines = text.split("\n")
    plain = [line.rstrip("\r") for line in lines]
    outside = [True] * len(plain)
    if language == "python":
        lexed = lex("\n".join(plain))
        if not lexed.open_string:  # an unclosed string would swallow the rest of the file
            outside = [line.start != "string" for line in lexed.lines]
    chunks: list[tuple[str, str]] = []
    begin = 0
    for i, line in enumerate(plain):
        if line.rstrip() == separator and outside[i]:
            chunks.append(("".join(x + "\n" for x in lines[begin:i]), lines[i] + ("\n" if i + 1 < len(lines) else "")))
            begin = i + 1
    if begin < len(lines):
        chunks.append(("\n".join(lines[begin:]), ""))
    elif not chunks:
        chunks.append(("", ""))
    return chunks


def _cell(number: int, raw: str, line: int, comment: str, language: str, seen: set[str]) -> Cell:
    lines = [text.rstrip("\r") for text in raw.split("\n")]
    while lines and not lines[0].strip():
        lines.pop(0)
        line += 1
    title = ""
    if lines and (found := _TITLE.match(lines[0].removeprefix(comment).strip())):
        title = found.group(1).strip()
        lines.pop(0)
        line += 1
    while lines and not lines[-1].strip():
        lines.pop()
    mark = f"{comment} MAGIC"
    commented = [text.startswith(mark) for text in lines]
    plain = [text[len(mark) :].removeprefix(" ") if text.startswith(mark) else text for text in lines]
    spoken = [text.strip() for text in plain if text.strip()]
    kind, own = "code", language
    if spoken and all(c or not t.strip() for c, t in zip(commented, lines, strict=True)):
        if spoken[0].startswith(("%md", "%%md")):
            kind = "markdown"
            first = next(i for i, text in enumerate(plain) if text.strip())
            body = plain[first].strip().lstrip("%")
            plain = [body.removeprefix("md-sandbox").removeprefix("md").strip(), *plain[first + 1 :]]
            plain = plain if plain[0] else plain[1:]
        else:
            own = "python"  # a magic says what it is, whatever the notebook's language
    elif begins_with_a_magic("\n".join(plain)):
        own = "python"  # without the mark in front; Databricks takes it for a magic too
    source = "\n".join(plain)
    return Cell(
        id=content_id(source, seen),
        number=number,
        type="markdown" if kind == "markdown" else "code",
        source=source,
        language=own,
        title=title,
        first_line=line,
        raw=raw,
    )
