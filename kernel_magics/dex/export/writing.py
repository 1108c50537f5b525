"""All files of an export or none of them, and never over somebody's own work."""

from __future__ import annotations

import contextlib
import difflib
import os
import tempfile
from pathlib import Path
from typing import Any

from dex_dbutils import DexError, ExportError, Where

from dex.export.mapping import file_digest


def read_text(path: Path) -> str | None:
    """Return a file's text, or None where there is none."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None


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
        edited.append(unified_diff(path, there, text))
    if edited:
        names = [path for path in files if any(f"--- {path}" in diff for diff in edited)]
        raise ExportError(
            "DEX-EXPORT-03",
            f"Changed by hand since the last export, so nothing was written: {', '.join(names)}.\n" + "\n".join(edited),
            Where(names[0]),
            "Carry the change over to the notebook; or overwrite it with --force.",
        )


def unified_diff(path: str, there: str, new: str, limit: int = 60) -> str:
    """Return what would change in a file, as a unified diff of at most `limit` lines and a line that says how many more."""
    lines = difflib.unified_diff(
        there.splitlines(), new.splitlines(), f"{path} (there)", f"{path} (from the notebook)", lineterm="", n=2
    )
    shown = list(lines)
    more = [f"... {len(shown) - limit} more lines"] if len(shown) > limit else []
    return "\n".join([*shown[:limit], *more])


def write_all(root: Path, files: dict[str, str]) -> None:
    """Write every file, or leave every one as it was.

    Args:
        root: folder of the project.
        files: content by path below it.

    Raises:
        DexError: DEX-FILE-01, the disk refuses; every file is what it was.
    """
    staged: list[tuple[Path, str]] = []
    before: list[tuple[Path, bytes | None]] = []
    made: list[Path] = []
    current = root
    try:
        for path, text in files.items():
            current = root / path
            made += _make_folder(current.parent)
            handle, temporary = tempfile.mkstemp(dir=current.parent, prefix=f".{current.name}.")
            staged.append((current, temporary))
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
        for current, temporary in staged:
            before.append((current, current.read_bytes() if current.exists() else None))
            os.replace(temporary, current)
    except BaseException as error:
        for path_, content in before:
            _restore(path_, content)
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError):
            raise DexError(
                "DEX-FILE-01",
                f"Cannot write the file: {error.strerror or error}.",
                current,
                "Free some space or make the folder writable; what was there before is untouched.",
            ) from error
        raise
    finally:
        for _, temporary in staged:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _make_folder(folder: Path) -> list[Path]:
    made: list[Path] = []
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        made.append(path)
    return made


def _restore(path: Path, content: bytes | None) -> None:
    with contextlib.suppress(OSError):
        if content is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(content)
