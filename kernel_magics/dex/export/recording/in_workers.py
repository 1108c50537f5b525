"""What a function is given in an engine's workers, where a UDF runs: noted in files there, read when the run has ended."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Different calls of a function that are noted, to choose from.
NOTED = 200


def noting(function: Callable[..., Any], folder: str) -> Callable[..., Any]:
    """Return a function that does the same and notes in a folder of this machine what it is given.

    Of all different calls those with the smallest digests are noted, so that it does not matter which worker is given
    which rows, and when. It is a closure over plain values: an engine's pickler takes it by value.

    Args:
        function: what a UDF calls.
        folder: where each copy of the function writes a file of its own.
    """
    most = NOTED
    kept: list[bytes] = []
    state: dict[str, str] = {}

    def noted(*args: Any, **kwargs: Any) -> Any:
        import hashlib
        import os
        import uuid
        from bisect import insort

        plain = (type(None), bool, int, float, str)
        odd = [type(a).__name__ for a in (*args, *kwargs.values()) if type(a) not in plain]
        line = f"!{odd[0]}" if odd else repr((args, kwargs))
        digest = hashlib.blake2b(line.encode("utf-8", "replace"), digest_size=8).digest()
        if digest not in kept and (len(kept) < most or digest < kept[-1]):
            insort(kept, digest)
            del kept[most:]
            try:
                os.makedirs(folder, exist_ok=True)
                name = state.setdefault("name", uuid.uuid4().hex)
                with open(f"{folder}/{name}", "a", encoding="utf-8", errors="surrogatepass") as file:
                    file.write(line + "\n")
            except OSError:  # a worker on another machine
                pass
        return function(*args, **kwargs)

    return noted


def read_notes(folder: Path) -> tuple[list[tuple[tuple[Any, ...], dict[str, Any]]], str]:
    """Return the calls that were noted in a folder, each once, and the type of an argument that cannot be noted."""
    import hashlib

    lines = {
        line
        for file in (sorted(folder.iterdir()) if folder.is_dir() else [])
        for line in file.read_text("utf-8", "surrogatepass").split("\n")
        if line
    }
    chosen = sorted(lines, key=lambda t: hashlib.blake2b(t.encode("utf-8", "replace"), digest_size=8).digest())[:NOTED]
    odd = min((line[1:] for line in lines if line.startswith("!")), default="")
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    for line in chosen:
        try:
            calls.append(ast.literal_eval(line))
        except (ValueError, SyntaxError):  # `!Type`, or a float that has no literal
            continue
    return calls, odd
