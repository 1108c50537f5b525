"""Reading and writing .ipynb without losing anything that is in the file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dex_dbutils import NotebookError, Where

from dex.notebook.models import Cell, Notebook
from dex.notebook.segments import begins_with_a_magic

#: Where the platform keeps the title of a cell.
VENDOR_CELL = "application/vnd.databricks.v1+cell"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


#: What to do about the markers of a merge in a notebook.
RESOLVE = (
    "Resolve them, with `nbdime mergetool` for instance; or take one side whole: `git checkout --ours {0}`, or --theirs. "
    "Then `dex sync`."
)


def parse_ipynb(path: Path, text: str) -> Notebook:
    """Return the notebook in a JSON text.

    Raises:
        NotebookError: DEX-NOTEBOOK-02, it is not JSON; DEX-NOTEBOOK-03, it is JSON but no notebook of format 4.
    """
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        if (line := merge_conflict(text.split("\n"))) is not None:
            raise NotebookError(
                "DEX-NOTEBOOK-02",
                f"{path.name} holds conflict markers of a git merge, so its text is not JSON.",
                Where(str(path), line),
                RESOLVE.format(path.name),
            ) from error
        place = Where(str(path), getattr(error, "lineno", None), getattr(error, "colno", None))
        raise NotebookError(
            "DEX-NOTEBOOK-02",
            f"{path.name} is no notebook: its text is not JSON ({getattr(error, 'msg', 'nested too deeply')}).",
            place,
            "Open it in Jupyter. `git log` has its last good version.",
        ) from error
    cells = _cells_of(path, document)
    seen: set[str] = set()
    language = _language(document)
    return Notebook(
        path,
        "ipynb",
        tuple(_cell(path, number, cell, seen, language) for number, cell in enumerate(cells, start=1)),
        language,
        {"json": document, **_style(text)},
    )


def render_ipynb(document: Mapping[str, Any]) -> str:
    """Return the JSON text of a notebook, written as its file was."""
    text: str = json.dumps(document["json"], indent=document["indent"], ensure_ascii=document["ascii"], allow_nan=True)
    return text.replace("\n", document.get("newline", "\n")) + str(document["end"])


def content_id(source: str, seen: set[str]) -> str:
    """Return an id for a cell that has none: the same for the same text, never one that was given out before."""
    base = "c" + hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return unused(base, seen)


def unused(base: str, seen: set[str]) -> str:
    """Return a name that is not in ``seen`` and note it there."""
    name, count = base, 1
    while name in seen:
        count += 1
        name = f"{base}-{count}"
    seen.add(name)
    return name


def source_of(value: Any) -> str:
    """Return a cell's text, which the format stores as one string or as a list of lines."""
    if isinstance(value, list):
        value = "".join(str(part) for part in value)
    return str(value or "").replace("\r\n", "\n").replace("\r", "\n")


def merge_conflict(lines: Sequence[str]) -> int | None:
    """Return the line, counted from 1, where the first conflict of a git merge begins; None where there is none."""
    begin = middle = None
    for number, line in enumerate(lines, start=1):
        if line.startswith("<<<<<<< ") and begin is None:
            begin = number
        elif line.rstrip("\r") == "=======":
            middle = number
        elif line.startswith(">>>>>>> ") and begin is not None and middle is not None and middle > begin:
            return begin
    return None


def _cells_of(path: Path, document: Any) -> list[dict[str, Any]]:
    problem = None
    if not isinstance(document, dict) or not isinstance(document.get("cells", []), list):
        problem = "it has no list of cells"
    elif not isinstance(document.get("nbformat"), int):
        problem = "it does not say its format (`nbformat`)"
    elif document["nbformat"] < 4:
        problem = f"it is of format {document['nbformat']}; format 4 is read"
    elif document["nbformat"] > 4:
        problem = f"it is of format {document['nbformat']}, which is newer than what is known here"
    elif "cells" not in document:
        problem = "it has no list of cells"
    elif not all(isinstance(cell, dict) and isinstance(cell.get("cell_type"), str) for cell in document["cells"]):
        problem = "one of its cells has no type"
    if problem:
        raise NotebookError(
            "DEX-NOTEBOOK-03",
            f"{path.name} is no notebook that can be read: {problem}.",
            Where(str(path)),
            "Convert an old one with `jupyter nbconvert --to notebook --nbformat 4`.",
        )
    cells: list[dict[str, Any]] = document["cells"]
    return cells


def _cell(path: Path, number: int, cell: dict[str, Any], seen: set[str], language: str) -> Cell:
    source = source_of(cell.get("source"))
    given = cell.get("id")
    name = (
        unused(given, seen)
        if isinstance(given, str) and _ID.fullmatch(given)
        else content_id(f"{cell['cell_type']}\n{source}", seen)
    )
    metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    vendor = metadata.get(VENDOR_CELL) if isinstance(metadata, dict) else None
    title = vendor.get("title") if isinstance(vendor, dict) else None
    outputs = cell.get("outputs") if isinstance(cell.get("outputs"), list) else []
    kind = cell["cell_type"]
    return Cell(
        id=name,
        number=number,
        type=kind if kind in ("code", "markdown") else "raw",
        source=source,
        tags=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
        language="python" if kind == "code" and begins_with_a_magic(source) else language,
        title=title.strip() if isinstance(title, str) else "",
        failed=any(isinstance(o, dict) and o.get("output_type") == "error" for o in outputs or ()),
    )


def _language(document: Mapping[str, Any]) -> str:
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        return "python"
    vendor = metadata.get("application/vnd.databricks.v1+notebook")
    info = metadata.get("language_info")
    spec = metadata.get("kernelspec")
    for found in (
        vendor.get("language") if isinstance(vendor, dict) else None,
        info.get("name") if isinstance(info, dict) else None,
        spec.get("language") if isinstance(spec, dict) else None,
    ):
        if isinstance(found, str) and found.lower() in ("python", "sql", "scala", "r"):
            return found.lower()
    return "python"


def _style(text: str) -> dict[str, Any]:
    end = text[len(text.rstrip()) :]
    returns = "\r" in text and "\n" not in text.rstrip()  # as old Macs ended their lines
    text = text.replace("\r", "\n") if returns else text
    second = text.split("\n", 2)[1] if "\n" in text.rstrip() else ""
    indent: int | str | None = None
    if "\n" in text.rstrip():
        blank = second[: len(second) - len(second.lstrip())]
        indent = blank if "\t" in blank else len(blank)
    crlf = text.partition("\n")[0].endswith("\r")  # never inside a string: JSON escapes those
    newline = "\r" if returns else "\r\n" if crlf else "\n"
    escaped = text.isascii() and "\x7f" not in text  # which json escapes too, though it is ASCII
    return {"indent": indent, "ascii": escaped, "newline": newline, "end": end}
