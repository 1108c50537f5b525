"""Files of a project: read, compared, and written so that a reader sees the old text or the new one, never half of it."""

from __future__ import annotations

import contextlib
import difflib
import os
import secrets
import shutil
import signal
import stat
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import ClassVar

from dex_dbutils import DexError


class FileError(DexError):
    """A file that the disk refuses: a failure outside dex."""

    exit_code: ClassVar[int] = 3


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Let an interrupt wait until the block has ended, so that it cannot tear what belongs together.

    Only the main thread is ever interrupted; elsewhere this does nothing.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or handler is None:
        yield
        return
    waiting: list[int] = []

    def remember(number: int, _: FrameType | None) -> None:
        waiting.append(number)

    signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if waiting:
            signal.raise_signal(signal.SIGINT)


def read_text(path: Path) -> str | None:
    """Return the text of a file that may be written again, or None where there is none; no byte of it is lost.

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


def same_text(one: str | None, other: str | None) -> bool:
    """Return whether two texts are the same, whatever their newlines: git may have changed them; None is no file."""
    return one == other or (one is not None and other is not None and _lf(one) == _lf(other))


def _lf(text: str) -> str:
    return text.replace("\r\n", "\n")


def unified_diff(path: str, there: str | None, new: str | None, limit: int = 400) -> str:
    """Return what would change in a file, as a unified diff of at most `limit` lines and a line that says how many more.

    Args:
        path: the file, as it is to be called.
        there: its text; None where there is none.
        new: what it would be; None where it would go.
        limit: lines at most.
    """
    lines = difflib.unified_diff(
        (there or "").splitlines(), (new or "").splitlines(), f"{path} (there)", f"{path} (made anew)", "", "", 2, ""
    )
    shown = list(lines)
    more = [f"... {len(shown) - limit} more lines"] if len(shown) > limit else []
    return "\n".join([*shown[:limit], *more])


def write_error(path: Path, error: OSError) -> FileError:
    """Return the error of a file that the disk refuses."""
    return FileError(
        "DEX-FILE-01",
        f"Cannot write the file: {error.strerror or error}.",
        path,
        "Free some space or make the folder writable; what was there before is untouched.",
    )


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def stage(path: Path, content: bytes) -> str:
    """Write bytes to a new file beside ``path``, and return its name; nothing is left where that fails.

    The new file may be read, written and executed by whom ``path`` may be; by whom new files may be, where there is none.

    Raises:
        OSError: the disk refuses.
    """
    temporary = str(path.parent / f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return temporary


def write_atomically(path: Path, text: str | bytes) -> Path:
    """Write bytes, or a text as `read_text` reads it, to ``path`` and return the path.

    Raises:
        FileError: DEX-FILE-01, the disk refuses; an older file is untouched.
    """
    content = _encoded(text) if isinstance(text, str) else text
    with interrupts_held():
        temporary: str | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = stage(path, content)
            os.replace(temporary, path)
        except OSError as error:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
            raise write_error(path, error) from error
    return path


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
                staged.append((current, stage(current, _encoded(text))))
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
