"""A process that an export waits for: neither it nor what it started is left, however the waiting ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path


@contextlib.contextmanager
def child(command: Sequence[str], *, cwd: Path, log: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield a process in a group of its own, whose answers can be read; the group ends with the block.

    An interrupt reaches this process alone, which then ends the other: a terminal's Ctrl-C does not tear it in its work.
    An engine that it started goes on: it belongs to the project.

    Args:
        command: program and words.
        cwd: folder that it works in.
        log: file that takes its standard error.
    """
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if os.name == "nt":
                process.kill()
            else:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
