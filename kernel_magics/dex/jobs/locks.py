"""Whether a process runs a run now: its lock tells, also to those who may only read it."""

from __future__ import annotations

import sys
from pathlib import Path

from filelock import FileLock, Timeout

#: Name of the lock in a run's folder.
LOCK = "lock"


def goes_on(folder: Path) -> bool:
    """Return whether a process, other than this one, runs the run of a folder."""
    if not (folder / LOCK).exists():
        return False
    try:
        with FileLock(folder / LOCK).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except PermissionError:  # others may look at a run too
        return _is_locked(folder / LOCK)


def _is_locked(lock: Path) -> bool:
    """Return whether a process holds a lock that this one may only read; False where the system does not tell."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
