"""Who is asked before ``dbutils.fs`` changes something: the guard, where one has registered."""

from __future__ import annotations

import threading
from typing import Callable

from dex_dbutils.config import Environment

#: Takes the environment, what is done, such as ``dbutils.fs.put``, and the path; raises to refuse.
WriteCheck = Callable[[Environment, str, str], None]

_lock = threading.Lock()
_checks: list[WriteCheck] = []


def add_write_check(check: WriteCheck) -> None:
    """Have ``check(environment, operation, path)`` asked before ``dbutils.fs`` changes a path; it refuses by raising.

    The path is ``/Volumes/...``, a path of the workspace as it was given, or an absolute one of this machine.
    Registering the same check again changes nothing. Inside Databricks ``dbutils`` is the platform's and asks nobody.
    """
    with _lock:
        if check not in _checks:
            _checks.append(check)


def ask(environment: Environment, operation: str, path: str) -> None:
    """Ask every check about a change; raises what one of them raises."""
    with _lock:
        checks = tuple(_checks)
    for check in checks:
        check(environment, operation, path)
