"""Paths in the configuration: they begin at the project's folder; those of a file in ``resources/`` begin there."""

from __future__ import annotations

import glob
import posixpath
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dex.bundle import At, Finding, is_local

#: Folder of the bundle's resource files, below the project.
FOLDER = "resources"
_FILES = frozenset({"python_file", "requirements", "notebook_path", "whl", "jar"})
_FOLDERS = frozenset({"project_directory", "profiles_directory"})
_SUFFIXES = (".py", ".ipynb", ".sql", ".scala", ".r")


def from_resources(at: At) -> At:
    """Return what a person says of a job or a task, its relative paths written from the folder of resource files."""
    return _changed(at, (), bool(at.get("git_source")))


def _changed(at: At, keys: tuple[str, ...], git: bool) -> At:
    if isinstance(at.value, dict):
        source = at.text("source")
        git = source == "GIT" if source is not None else git
        return replace(at, value={key: _changed(entry, (*keys, key), git) for key, entry in at.value.items()})
    if isinstance(at.value, list):
        return replace(at, value=[_changed(item, keys, git) for item in at.value])
    if git or not _is_path(at, keys):
        return at
    return replace(at, value=posixpath.relpath(posixpath.normpath(at.value), FOLDER))


def _is_path(at: At, keys: tuple[str, ...]) -> bool:
    """Return whether a value is a path below the project."""
    if not isinstance(at.value, str) or not keys or not is_local(at.value):
        return False
    if keys[-1] == "dependencies":
        return at.value.startswith(".")
    return keys[-1] in _FILES | _FOLDERS or keys[-2:] == ("file", "path")


def check_paths(root: Path, at: At) -> Iterator[Finding]:
    """Yield paths of a job's configuration that are not there, or that leave the project.

    Args:
        root: the project's folder.
        at: what the configuration says.
    """
    yield from _check(root, at, (), bool(at.get("git_source")))


def _check(root: Path, at: At, keys: tuple[str, ...], git: bool) -> Iterator[Finding]:
    if isinstance(at.value, dict):
        source = at.text("source")
        git = source == "GIT" if source is not None else git
        for key, entry in at.entries():
            yield from _check(root, entry, (*keys, key), git)
    elif isinstance(at.value, list):
        for item in at.value:
            yield from _check(root, item, keys, git)
    elif not git and _is_path(at, keys):
        yield from _missing(root, at, keys[-1])


def _missing(root: Path, at: At, key: str) -> Iterator[Finding]:
    path = posixpath.normpath(at.value)
    if path.startswith("../"):
        inside = path.removeprefix("../")
        hint = f" Did you mean '{inside}'?" if (root / inside).exists() else ""
        said = f"'{at.value}' leaves the project: paths in the configuration begin at its folder.{hint}"
        yield at.finding("DEX-BUNDLE-15", said)
        return
    if glob.has_magic(path) or key in ("whl", "jar", "dependencies") or (root / path).exists():
        return  # what a build makes is not there yet
    near = [path + suffix for suffix in _SUFFIXES if (root / (path + suffix)).is_file()]
    hint = f" Did you mean '{near[0]}'?" if near else " Paths in the configuration begin at the project's folder."
    what = "folder" if key in _FOLDERS else "file"
    yield at.finding("DEX-BUNDLE-15", f"There is no {what} '{at.value}'.{hint}")
