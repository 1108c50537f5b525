"""What a cell started and what failed beside it: threads that ended with an error, streaming queries that died."""

from __future__ import annotations

import ast
from typing import Any

#: Run once in a kernel, unseen: from then on threads' errors are kept as well as printed. Nothing stays bound.
WATCH = """
def _dex_watch():
    import threading
    printed = threading.excepthook
    def kept(args):
        if args.exc_type is not SystemExit:
            kept.told.append(f"{args.exc_type.__name__}: {args.exc_value}")
        printed(args)
    kept.told = []
    threading.excepthook = kept
_dex_watch()
del _dex_watch
"""
#: Asked of the kernel with each cell: it takes what threads left, and looks at the streaming queries that have a name.
EXPRESSIONS = {
    "dex_threads": (
        "(lambda told: [told.pop(0) for _ in told[:]])(getattr(__import__('threading').excepthook, 'told', []))"
    ),
    "dex_streams": (
        "[(str(q.runId), n, str(q.exception())) for n, q in list(get_ipython().user_ns.items())"
        " if type(q).__name__ == 'StreamingQuery' and q.exception() is not None]"
    ),
}


def runs_python(cell: Any) -> bool:
    """Return whether the notebook of one of nbval's cells says that its kernel is one of Python."""
    spec = cell.parent.nb.metadata.get("kernelspec", {})
    return str(spec.get("language", "python")).lower() == "python"


def watch(kernel: Any) -> None:
    """Make a kernel of nbval keep what threads raise."""
    asked = kernel.kc.execute(WATCH, silent=True, store_history=False, allow_stdin=False)
    kernel.await_reply(asked, timeout=60)


def failures(reply: dict[str, Any] | None, told: set[str]) -> list[str]:
    """Return what failed beside a cell.

    Args:
        reply: the kernel's reply to the cell.
        told: runs of streaming queries that were told of with an earlier cell; new ones are added.
    """
    found = [f"A thread ended with {_first_line(error)}" for error in _value(reply, "dex_threads")]
    for run, name, error in _value(reply, "dex_streams"):
        if run not in told:
            told.add(run)
            found.append(f"The streaming query `{name}` has failed: {_first_line(error)}")
    return found


def _value(reply: dict[str, Any] | None, name: str) -> list[Any]:
    """Return the value of an expression; an empty list where the kernel could not tell."""
    answer = (reply or {}).get("content", {}).get("user_expressions", {}).get(name, {})
    text = answer.get("data", {}).get("text/plain", "[]")
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return []
    return value if isinstance(value, list) else []


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]
