"""Generated files beside those that are there: which differ, and never over somebody's own work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dex_dbutils import ExportError, Where

from dex.export.mapping import file_digest
from dex.export.models import ExportedFile
from dex.files import read_text, same_text, unified_diff


def compared(path: Path, file: str, text: str, check: bool) -> ExportedFile:
    """Return what becomes of a file that is to have a text.

    Args:
        path: where it lies.
        file: its path below the project.
        text: what it is to hold.
        check: nothing is going to be written: tell the difference.
    """
    there = read_text(path)
    if same_text(there, text):
        return ExportedFile(path=file, status="unchanged")
    diff = unified_diff(file, there, text) if check else ""
    return ExportedFile(path=file, status="differs" if check else "written", diff=diff)


def refuse_hand_edits(root: Path, files: dict[str, str], known: dict[str, Any]) -> None:
    """Raise where a generated file was changed by hand since the last export.

    Args:
        root: folder of the project.
        files: new content by path.
        known: digests of the last export by path.

    Raises:
        ExportError: DEX-EXPORT-03, with the difference.
    """
    edited: list[str] = []
    for path, text in files.items():
        there = read_text(root / path)
        if there is None or file_digest(there) in (known.get(path), file_digest(text)):
            continue
        edited.append(unified_diff(path, there, text, limit=60))
    if edited:
        names = [path for path in files if any(f"--- {path}" in diff for diff in edited)]
        raise ExportError(
            "DEX-EXPORT-03",
            f"Changed by hand since the last export, so nothing was written: {', '.join(names)}.\n" + "\n".join(edited),
            Where(names[0]),
            "Carry the change over to the notebook; or overwrite it with --force.",
        )
