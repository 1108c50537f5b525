"""Paths as Sail takes them: what a text of a read or write stands for on this machine.

A path of the platform, such as ``/Volumes/main/raw/x.csv``, is where ``dbutils.fs`` of this machine has it.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Formats whose data lie in files; what other sources call a path may be anything.
FILE_FORMATS = frozenset("arrow avro binaryfile csv delta json orc parquet text xml".split())

_STORE = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_PATTERN = re.compile(r"[*?\[{]")
_CHOICE = re.compile(r"\{([^{}]*)\}")


#: Folders of the platform's file system; the machine's own where it has one of that name.
_PLATFORM_FOLDERS = frozenset({"mnt", "FileStore", "databricks-datasets"})


def at_home(text: str, root: Path) -> str:
    """Return the path of this machine that a path of the platform stands for; any other path as it is.

    ``dbfs:/x``, ``/dbfs/x`` and ``/Volumes/x`` always are the platform's. So are ``/mnt/x`` and the like where this
    machine has no such folder, and any path that is not there and that ``dbutils.fs`` has.

    Args:
        text: a path or URL; it may hold a pattern.
        root: folder of the project.
    """
    path = f"/{text[len('dbfs:') :].lstrip('/')}" if text.startswith("dbfs:/") else text
    named = path != text or path.startswith(("/Volumes/", "/dbfs/"))
    if not path.startswith("/") or "://" in path:
        return text
    if path.startswith("/dbfs/"):
        path = path[len("/dbfs") :]
    from dex_dbutils.utilities import platform_place

    base, inner, _ = platform_place(path, root / ".dex")
    place = os.path.normpath(base / inner)
    if not Path(place).is_relative_to(base):
        return text
    place += "/" if text.endswith("/") else ""
    if named or path.split("/")[1] in _PLATFORM_FOLDERS and not _exists("/".join(path.split("/")[:3])):
        return place
    return place if not _exists(path) and _exists(place) else text


def place_of(text: str, root: Path) -> Path | None:
    """Return the file or folder that the engine takes a path for, or None if it lies in another store.

    Paths of the platform are brought home first. For others only ``scheme://`` makes a URL: ``file:/x`` is a relative
    path to it, as every path without a slash in front, and it knows no ``~``.

    Args:
        text: a path or URL; it may hold a pattern.
        root: folder that the engine works in.
    """
    store = _STORE.match(text)
    if store is None:
        return root / at_home(text, root)
    return Path(unquote(urlsplit(text).path)) if store[1].lower() == "file" else None


def is_there(text: str, root: Path) -> bool:
    """Return whether a path of this machine leads to something, or its pattern does; other stores are believed.

    A path with one of ``*?[{`` is always a pattern for the engine, also where a file has that very name.
    """
    place = place_of(text, root)
    if place is None:
        return True
    path = f"{place}/" if text.endswith("/") else str(place)  # a file with a slash behind it is none
    return _exists(path)


def _exists(path: str) -> bool:
    if not _PATTERN.search(path):
        return os.path.exists(path)
    return any(next(glob.iglob(each, recursive=True), None) for each in _choices(_classes(path)))


def _choices(pattern: str) -> Iterator[str]:
    """Yield the patterns that ``{a,b}`` stands for."""
    found = _CHOICE.search(pattern)
    if found is None:
        yield pattern
        return
    for word in found[1].split(","):
        yield from _choices(f"{pattern[: found.start()]}{word}{pattern[found.end() :]}")


def _classes(pattern: str) -> str:
    """Return a pattern in Python's words: the engine's "none of these" is ``[^ab]``, and ``[!ab]`` is just three of them."""
    pattern = re.sub(r"\[!([^\]]+)\]", r"[\1!]", pattern)
    return re.sub(r"\[\^([^\]]+)\]", r"[!\1]", pattern)
