"""One process of a task: started, read line by line, ended with all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

#: Seconds that a task may take to end by itself, once it is not wanted any more.
GOODBYE = 10.0
#: Seconds between looks at whether a process has ended.
_LOOK = 0.02
#: Longest line that is read at once, in bytes.
_LINE = 1 << 20


def end_with_stdin() -> None:
    """Let this process end, as by an interrupt, at SIGTERM, and when its standard input ends: whoever started it is gone."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


async def run_process(
    work: Mapping[str, Any],
    asked: Path,
    log: Path,
    *,
    cwd: Path,
    variables: Mapping[str, str],
    timeout: float | None,
    redact: Callable[[str], str],
    python: str = sys.executable,
) -> int:
    """Do a task's work in a process of its own and return its exit code.

    Args:
        work: what it is told.
        asked: file to write that to.
        log: file that takes its output.
        cwd: folder it works in.
        variables: variables of its environment beside this process's.
        timeout: seconds; None for no limit.
        redact: takes secrets out of a line of output.
        python: interpreter that does it.

    Raises:
        TimeoutError: it took too long; it has ended.
        asyncio.CancelledError: it is not wanted any more; it has ended.
    """
    asked.write_text(json.dumps(work), "utf-8")
    process = await asyncio.create_subprocess_exec(
        python,
        str(Path(__file__).with_name("child.py")),
        str(asked),
        stdin=asyncio.subprocess.PIPE,  # its end tells the process that nobody waits for it any more
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=cwd,
        env={**os.environ, **variables},
        start_new_session=True,
        limit=_LINE,
    )
    reading = asyncio.ensure_future(_read(process, log, redact))
    try:
        await asyncio.wait_for(_exit(process), timeout)
    except asyncio.TimeoutError as error:
        raise TimeoutError from error
    finally:
        await asyncio.shield(_end(process, reading))
        asked.unlink(missing_ok=True)
    return process.returncode or 0


async def _exit(process: asyncio.subprocess.Process) -> None:
    """Wait until a process has ended, although others that it started may hold its output open."""
    while process.returncode is None:
        await asyncio.sleep(_LOOK)


async def _read(process: asyncio.subprocess.Process, log: Path, redact: Callable[[str], str]) -> None:
    assert process.stdout is not None
    with open(log, "a", encoding="utf-8") as file:  # noqa: ASYNC230 - a line at a time, to a file of this machine
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than the limit; what was read is dropped by the reader
                file.write("[a line of over 1 MB]\n")
                continue
            if not line:
                break
            file.write(redact(line.decode("utf-8", "replace")))
            file.flush()


async def _end(process: asyncio.subprocess.Process, reading: asyncio.Future[None]) -> None:
    """End a process and everything in its session, asked first and then by force, and read what it printed."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_exit(process), GOODBYE)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    await _exit(process)
    with contextlib.suppress(asyncio.TimeoutError):  # a process that left the session may hold the output open
        await asyncio.wait_for(reading, GOODBYE)
