"""Start and end an engine process that outlives its starter."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

#: What an engine gets of its starter's environment. Nothing else: with DATABRICKS_HOST and DATABRICKS_TOKEN in its
#: environment a local engine was seen to send the token there.
PASSED_ON = (
    "HOME", "PATH", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "JAVA_HOME",
)  # fmt: skip


def scrubbed_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of an engine process: what it cannot run without, and its settings."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "TZ": "UTC", **extra}


class NotStarted(Exception):
    """The process did not say that it is ready; the message is what it said instead, or empty."""


def start_detached(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path, seconds: float
) -> dict[str, Any]:
    """Start a process that outlives this one and return the line of JSON that it says when it is ready.

    Raises:
        NotStarted: it ended, complained, or was silent for too long; then it is not there any more.
        OSError: it cannot be started at all.
    """
    detached: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        detached = {"creationflags": 0x00000008 | 0x00000200}  # DETACHED_PROCESS, CREATE_NEW_PROCESS_GROUP
    with log.open("ab") as file:
        process = subprocess.Popen(
            command, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file, **detached
        )
    assert process.stdout is not None
    said: list[bytes] = []
    reader = threading.Thread(target=lambda: said.append(process.stdout.readline()), daemon=True)  # type: ignore[union-attr]
    reader.start()
    reader.join(seconds)
    if os.name != "nt":
        process.wait()  # the one started forks and ends at once, so that no zombie stays
    process.stdout.close() if said else None
    try:
        told: dict[str, Any] = json.loads(said[0]) if said else {}
    except ValueError:
        told = {}
    if "pid" not in told:
        raise NotStarted(str(told.get("error", "")))
    return told


def end(process: psutil.Process, seconds: float = 3.0) -> None:
    """End a process: politely, then by force."""
    for ask in (process.terminate, process.kill):
        try:
            ask()
        except psutil.NoSuchProcess:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not is_there(process):
                return
            time.sleep(0.01)


def is_there(process: psutil.Process) -> bool:
    """Return whether a process runs; one that ended and waits for its parent to notice does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def tail(log: Path, lines: int = 8) -> str:
    """Return the last lines of a log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])
