"""Run code that kept to the policy, with no more names than the policy knows."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

from dex_agents.gate import names


def run_code(code: str, frames: Mapping[str, Any], into: str) -> Any:
    """Return what code binds to ``into``; frames are lazy, so that nothing runs on data yet.

    Args:
        code: code that `check_policy` found no breach in.
        frames: the frames it may use, by name.
        into: the name it binds.
    """
    namespace: dict[str, Any] = {"__builtins__": _BUILTINS, "__name__": "proposal", **frames}
    exec(compile(code, "<proposal>", "exec"), namespace)  # noqa: S102  the policy allows no name beyond these
    return namespace[into]


def holds(assertions: str, into: str, frame: Any) -> bool:
    """Return whether generated assertions hold for a frame.

    Args:
        assertions: the code of `assertions_for`.
        into: the name that it gives the frame.
        frame: the frame.
    """
    try:
        exec(compile(assertions, "<assertions>", "exec"), {into: frame})  # noqa: S102  dex wrote it itself
    except AssertionError:
        return False
    return True


def _import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    if level or name not in names.IMPORTS:
        raise ImportError(f"{name} may not be imported")
    return builtins.__import__(name, globals, locals, fromlist, level)


_BUILTINS = {**{name: getattr(builtins, name) for name in names.BUILTINS}, "__import__": _import}
