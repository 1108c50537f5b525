"""What a command prints: one JSON document, or a text for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from dex_dbutils import DexError

from dex.redaction import redaction_here

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
EnvOption = Annotated[str | None, typer.Option("--env", "-e", help="Environment; the project's default if not given.")]


def _enter_project(value: Path | None) -> Path | None:
    """Make every later look-up of the project start at the folder given."""
    if value is not None:
        os.environ["DEX_PROJECT"] = str(value.resolve())
    return value


ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        help="Folder of the project; found upward from here if not given.",
        callback=_enter_project,
        exists=True,
        file_okay=False,
    ),
]


def examples(*lines: str) -> str:
    """Return what stands below the help of a command: whole command lines that can be copied."""
    return "\n\n".join(["Examples:", *(f"`{line}`" for line in lines)])


def emit(value: Any, as_json: bool, text: Callable[[], str]) -> None:
    """Print a result without the project's secrets: as JSON, or as the text that ``text()`` returns."""
    redact = redaction_here()
    print(json.dumps(redact.tree(to_json(value)), indent=2, ensure_ascii=False) if as_json else redact(text()))


def to_json(value: Any) -> Any:
    """Return models as plain JSON values."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return value


def emit_error(error: DexError, as_json: bool) -> None:
    """Print an error without the project's secrets where it belongs: the JSON document on stdout, the text on stderr."""
    error = redaction_here().error(error)
    if as_json:
        print(json.dumps({"error": error.to_dict()}, indent=2, ensure_ascii=False))
    else:
        print(error, file=sys.stderr)


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in plain text, as wide as its content."""
    cells = [tuple(headers), *(tuple("" if cell is None else str(cell) for cell in row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headers))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def pairs(texts: Iterable[str] | None) -> dict[str, str]:
    """Return ``KEY=VALUE`` texts as a dictionary.

    Raises:
        typer.BadParameter: one of them is something else.
    """
    found: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{text!r} is not KEY=VALUE.")
        found[name] = value
    return found


def progress(message: str) -> None:
    """Tell a person at a terminal what goes on; say nothing where nobody looks."""
    if sys.stderr.isatty():
        say(message)


def say(message: str) -> None:
    """Tell what goes on in a plain line, also to a log that somebody reads later."""
    print(message, file=sys.stderr, flush=True)
