"""Magics that work on files and settings: `%fs`, `%%writefile`, `%env`, `%cd`."""

from __future__ import annotations

import shlex

from dex.export.pieces import literal
from dex.export.shell import source

#: Commands of ``%fs`` that only show something.
_LOOKING = ("ls", "head", "mounts", "help", "refreshMounts")
_DOING = {"cp": 2, "mv": 2, "rm": 1, "mkdirs": 1, "put": 2, "mount": 2, "unmount": 1, "updateMount": 2}


def file_call(line: str) -> str | None:
    """Return the call of ``dbutils.fs`` that a line of ``%fs`` stands for; empty if it only shows, None if unknown."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        words = line.split()
    if not words or words[0] in _LOOKING:
        return ""
    count = _DOING.get(words[0])
    options = [w for w in words[1:] if w.startswith("-")]
    given = [w for w in words[1:] if not w.startswith("-")]
    if count is None or len(given) < count:
        return None
    arguments = [literal(word) for word in given[:count]]
    if words[0] in ("cp", "mv", "rm") and any("r" in option for option in options):
        arguments.append("True")
    if words[0] == "put" and any("f" in option or "overwrite" in option for option in options):
        arguments.append("True")
    return f"dbutils.fs.{words[0]}({', '.join(arguments)})"


def file_written(arguments: str, body: str) -> str:
    """Return the call that writes the body of ``%%writefile`` to its file."""
    words = arguments.split()
    path = literal(" ".join(w for w in words if w != "-a").strip("\"'"))
    text = source(body if body.endswith("\n") or not body else f"{body}\n")
    if "-a" in words:
        return f'Path({path}).open("a", encoding="utf-8").write({text})'
    return f'Path({path}).write_text({text}, encoding="utf-8")'


def setting(name: str, arguments: str) -> str | None:
    """Return the statement that ``%env NAME=value`` or ``%cd folder`` stands for; None if it only shows."""
    text = arguments.strip()
    if name == "cd":
        return f"os.chdir({literal(text.strip(chr(34) + chr(39)))})" if text and not text.startswith("-") else None
    key, separator, value = text.partition("=") if "=" in text else text.partition(" ")
    return f"os.environ[{literal(key.strip())}] = {literal(value.strip())}" if separator else None
