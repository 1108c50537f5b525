"""The Python projects that a bundle builds its wheels of: what their ``pyproject.toml`` say of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from dex.bundle.effective import Bundle
from dex.bundle.tree import At
from dex.toml import read_toml


def projects_of(bundle: Bundle) -> list[dict[str, Any] | None]:
    """Return ``[project]`` of every wheel that a bundle builds; None for one that does not say what is in its wheel.

    A bundle without artifacts has the project of its folder, if that is one.
    """
    artifacts = bundle.tree.get("artifacts")
    folders = []
    for _, artifact in artifacts.entries() if artifacts is not None else ():
        path = artifact.text("path") or "."
        if artifact.text("type") in (None, "whl"):
            folders.append(bundle.root / PurePosixPath(artifact.file).parent / path)
    if not folders:
        own = _project(bundle.root)
        return [own] if own else []
    return [_project(folder) for folder in folders]


def _project(folder: Path) -> dict[str, Any] | None:
    try:
        changed = (folder / "pyproject.toml").stat().st_mtime_ns
    except OSError:
        return None
    return _read(folder, changed)


@lru_cache(maxsize=4)
def _read(root: Path, changed: int) -> dict[str, Any] | None:
    project = (read_toml(root / "pyproject.toml") or {}).get("project")
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        return None
    elsewhere = any((root / name).is_file() for name in ("setup.py", "setup.cfg"))  # which add to what stands here
    said = project.get("dynamic")
    return None if elsewhere or (isinstance(said, list) and {"scripts", "entry-points"} & set(said)) else project


def is_wheel(at: At) -> bool:
    """Return whether a dependency is a wheel of the bundle's folder."""
    text = at.value
    return (
        isinstance(text, str)
        and text.endswith(".whl")
        and not text.startswith("/")
        and "${" not in text
        and "://" not in text
    )


def built_here(bundle: Bundle, at: At) -> bool:
    """Return whether a dependency is a wheel that an artifact builds, which comes to lie in ``dist``.

    Without artifacts the platform's tool runs the ``setup.py`` that lies beside the bundle, if there is one.
    """
    builds = bundle.tree.get("artifacts") is not None or (bundle.root / "setup.py").is_file()
    return builds and is_wheel(at) and PurePosixPath(at.value).parent.name == "dist"
