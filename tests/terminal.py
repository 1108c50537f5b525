"""A command in a terminal of so many columns, and what a person sees there, as a terminal emulator draws it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte
from typing_extensions import Self


class Terminal:
    """A command that runs in a terminal; ends with the block.

    Args:
        command: the command.
        cwd: folder that it runs in.
        columns: width.
        rows: height.
        variables: variables of its environment beside this process's.
    """

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path,
        columns: int = 80,
        rows: int = 40,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=1000, ratio=1)
        self._stream = pyte.ByteStream(self.screen)
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        kept = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**kept, "TERM": "xterm-256color", **(variables or {})},
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._ours)

    def until(self, met: Callable[[list[str]], bool], seconds: float = 60) -> list[str]:
        """Draw what comes until the lines on the screen are what is waited for; return them."""
        end = time.monotonic() + seconds
        while not met(lines := self.lines()):
            assert time.monotonic() < end, "\n".join(lines)
            assert self._draw(0.05) or self.process.poll() is None, "\n".join(lines)
        return lines

    def to_the_end(self, seconds: float = 120) -> int:
        """Draw what comes until the command has ended; return its exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None or self._draw(0):
            assert time.monotonic() < end, "\n".join(self.lines())
            self._draw(0.05)
        return self.process.returncode

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.killpg(self.process.pid, signal.SIGINT)

    def lines(self) -> list[str]:
        """Return the lines that a person can see, those scrolled out of sight above them included."""
        above = ["".join(line[x].data for x in range(self.screen.columns)) for line in self.screen.history.top]
        shown = [line.rstrip() for line in [*above, *self.screen.display]]
        while shown and not shown[-1]:
            shown.pop()
        return shown

    def colours(self) -> set[str]:
        """Return the colours of what is on the screen."""
        return {cell.fg for row in self.screen.buffer.values() for cell in row.values()} - {"default"}

    def _draw(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # the other end is closed
            return False
        self._stream.feed(data)
        return bool(data)
