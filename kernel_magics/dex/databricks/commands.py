"""``%fs``, ``%sh`` and ``%pip``."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections import deque
from collections.abc import MutableMapping, Sequence
from typing import Any

from dex_dbutils import NotebookError

from dex.databricks.names import bound, show

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def run_fs(text: str, namespace: MutableMapping[str, Any]) -> None:
    """Run a command of ``dbutils.fs``, such as ``ls /path`` or ``rm -r /path``, and show what it gives.

    Raises:
        NotebookError: DEX-DATABRICKS-06, there is no such command.
    """
    words = shlex.split(text, comments=True)
    fs = bound(namespace, "dbutils").fs
    command = getattr(fs, words[0], None) if words and not words[0].startswith("_") else None
    if command is None:
        raise NotebookError("DEX-DATABRICKS-06", f"`%fs {text.strip()}` is no command.", remedy="Such as: %fs ls /")
    flags = {"-r", "--recurse", "recurse=true"}
    arguments: list[Any] = [word for word in words[1:] if word not in flags]
    result = command(*arguments, True) if flags & set(words) else command(*arguments)
    if isinstance(result, str):
        print(result)
    elif result is not None:
        show(result)


def run_shell(text: str) -> None:
    """Run a shell script and print what it says; it fails the cell only with ``-e`` in front, as on Databricks.

    Raises:
        NotebookError: DEX-DATABRICKS-07, it began with ``-e`` and ended with an error.
    """
    first, _, rest = text.partition("\n")
    strict = first.split()[:1] == ["-e"]
    script = f"{first.strip()[2:].strip()}\n{rest}" if strict else text
    code, said = _streamed(["bash", *(["-e"] if strict else []), "-c", script])
    if code and strict:
        raise _failed("The shell", code, said[-1:])
    if code:
        print(f"exit code {code}")


def run_pip(line: str) -> None:
    """Run pip for this Python, what it says through a pipe where the line has one; one that fails is an error.

    Raises:
        NotebookError: DEX-DATABRICKS-07, it ended with an error.
    """
    words = shlex.split(line, comments=True)
    command = [sys.executable, "-m", "pip", *words]
    if "|" in words:  # what a filter ends with says nothing about pip
        _streamed(["bash", "-c", f"{shlex.join(command[:3])} {line}"])
        return
    code, said = _streamed(command)
    if code:
        raise _failed(f"`%pip {line}`", code, [text for text in said if text.startswith("ERROR")][-1:] or said[-1:])


def _failed(what: str, code: int, said: Sequence[str]) -> NotebookError:
    told = f": {said[0].removeprefix('ERROR: ').rstrip('.')}" if said else ""
    return NotebookError("DEX-DATABRICKS-07", f"{what} ended with {code}{told}.", remedy="Its output is above.")


def _streamed(command: Sequence[str]) -> tuple[int, list[str]]:
    """Print what a command says while it runs; return its exit code and its last lines."""
    said: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as child:
        assert child.stdout is not None
        try:
            for line in child.stdout:
                print(line, end="")
                if plain := _COLOURS.sub("", line).strip():
                    said.append(plain)
        except BaseException:
            child.terminate()
            raise
    return child.returncode, list(said)
