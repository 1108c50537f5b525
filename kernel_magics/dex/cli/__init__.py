"""The ``dex`` command: the same verbs as in a notebook."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    0 done; 1 the thing asked for is not so; 2 wrong use or configuration; 3 outside failure; 130 interrupted.
    """
    from dex.cli.app import run

    return run(argv)


__all__ = ["main"]
