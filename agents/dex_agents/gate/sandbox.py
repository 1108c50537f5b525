"""Run code that kept to the policy, with no more names than the policy knows."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from dex_agents.gate import names

#: Most lines of its own that proposed code may run, every turn of a loop counted. Frames have up to some thousand
#: columns, and code may go over them a few times.
MOST_LINES = 100_000
_FILE = "<proposal>"


def run_code(code: str, frames: Mapping[str, Any], into: str) -> Any:
    """Return what code binds to ``into``; frames are lazy, so that nothing runs on data yet.

    Args:
        code: code that `check_policy` found no breach in.
        frames: the frames it may use, by name.
        into: the name it binds.

    Raises:
        TimeoutError: it goes round in a loop.
    """
    namespace: dict[str, Any] = {"__builtins__": _BUILTINS, "__name__": "proposal", **frames}
    with _counted_lines():
        exec(compile(code, _FILE, "exec"), namespace)  # noqa: S102  the policy allows no name beyond these
    return namespace[into]


@contextmanager
def _counted_lines() -> Iterator[None]:
    """End proposed code that runs too many lines; what it calls runs at full speed."""
    left = MOST_LINES
    before = sys.gettrace()

    def line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        left -= event == "line"
        if left < 0:
            raise TimeoutError(f"the code has not ended after {MOST_LINES:,} lines")
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        return line(frame, event, argument) if frame.f_code.co_filename == _FILE else None

    sys.settrace(call)
    try:
        yield
    finally:
        sys.settrace(before)


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
