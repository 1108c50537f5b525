"""All files of an export or none of them, and never over somebody's own work."""

from __future__ import annotations

import contextlib
import difflib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dex_dbutils import ExportError, Where

from dex.export.mapping import file_digest
from dex.export.models import ExportedFile
from dex.files import FileError, interrupts_held, stage, write_error


def read_text(path: Path) -> str | None:
    """Return the text of a file that is to be written, or None where there is none.

    Raises:
        FileError: DEX-FILE-01, what stands there is no file that can be read.
    """
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FileError(
            "DEX-FILE-01",
            f"Cannot write the file: {error.strerror or error}.",
            path,
            "Move away what stands there; nothing was written.",
        ) from error


def compared(path: Path, file: str, text: str, check: bool) -> ExportedFile:
    """Return what becomes of a file that is to have a text."""
    there = read_text(path)
    if there is not None and there.replace("\r\n", "\n") == text.replace("\r\n", "\n"):
        return ExportedFile(path=file, status="unchanged")
    diff = unified_diff(file, there or "", text, limit=400) if check else ""
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


def write_all(root: Path, files: Mapping[str, str | None]) -> None:
    """Write every file, or leave every one as it was; an interrupt waits until one of both is done.

    Args:
        root: folder of the project.
        files: content by path below it; None for a file that is to go.

    Raises:
        FileError: DEX-FILE-01, the disk refuses; every file is what it was.
    """
    staged: list[tuple[Path, str]] = []
    replaced: list[tuple[Path, str | None]] = []  # with what was there before, under another name
    made: list[Path] = []
    current = root
    with interrupts_held():
        try:
            for path, text in files.items():
                current = root / path
                if text is None:
                    continue
                _make_folder(current.parent, made)
                staged.append((current, stage(current, text.encode("utf-8", "surrogateescape"))))
            for current, temporary in staged:
                replaced.append((current, _keep(current)))
                os.replace(temporary, current)
            for current in [root / path for path, text in files.items() if text is None]:
                replaced.append((current, _keep(current)))
                current.unlink(missing_ok=True)
        except BaseException as error:
            for path_, kept in replaced:
                _restore(path_, kept)
            _remove(temporary for _, temporary in staged)
            for folder in reversed(made):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            if isinstance(error, OSError):
                raise write_error(current, error) from error
            raise
        _remove(kept for _, kept in replaced if kept is not None)


def _make_folder(folder: Path, made: list[Path]) -> None:
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        made.append(path)


def _keep(path: Path) -> str | None:
    """Return a second name of a file, or None where there is no file; going back to it needs no space on the disk."""
    if not path.exists():
        return None
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as free:
        name = free.name
    try:
        os.link(path, name)
    except OSError:  # a file system without hard links, or a folder
        try:
            shutil.copy2(path, name)
        except OSError:
            _remove([name])
            raise
    return name


def _restore(path: Path, kept: str | None) -> None:
    with contextlib.suppress(OSError):
        if kept is None:
            path.unlink(missing_ok=True)
        else:
            os.replace(kept, path)
            # two names of one file: a rename does nothing, and the second name stays
            os.unlink(kept)


def _remove(names: Iterable[str]) -> None:
    for name in names:
        with contextlib.suppress(OSError):
            os.unlink(name)
