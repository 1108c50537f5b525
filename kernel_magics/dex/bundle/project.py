"""The Python project that a bundle builds its wheel of: what ``pyproject.toml`` says of it."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from dex.bundle.effective import Bundle
from dex.bundle.toml import read_toml
from dex.bundle.tree import At


def project_of(root: Path) -> dict[str, Any] | None:
    """Return ``[project]`` of the ``pyproject.toml`` in a folder; None where there is none."""
    try:
        changed = (root / "pyproject.toml").stat().st_mtime_ns
    except OSError:
        return None
    return _read(root, changed)


@lru_cache(maxsize=4)
def _read(root: Path, changed: int) -> dict[str, Any] | None:
    project = (read_toml(root / "pyproject.toml") or {}).get("project")
    return project if isinstance(project, dict) else None


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
    """Return whether a dependency is a wheel that an artifact of the bundle builds: it comes to lie in ``dist``."""
    return bundle.tree.get("artifacts") is not None and is_wheel(at) and PurePosixPath(at.value).parent.name == "dist"


def normal(name: str) -> str:
    """Return a distribution's name as the packaging specifications compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
