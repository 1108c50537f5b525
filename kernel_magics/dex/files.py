"""Write files so that a reader sees the old text or the new one, never half of it."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import stat
import threading
from collections.abc import Iterator
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


def write_error(path: Path, error: OSError) -> FileError:
    """Return the error of a file that the disk refuses."""
    return FileError(
        "DEX-FILE-01",
        f"Cannot write the file: {error.strerror or error}.",
        path,
        "Free some space or make the folder writable; what was there before is untouched.",
    )


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
    """Write bytes, or text as UTF-8, to ``path`` and return the path.

    Raises:
        FileError: DEX-FILE-01, the disk refuses; an older file is untouched.
    """
    content = text.encode() if isinstance(text, str) else text
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
