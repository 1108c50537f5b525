"""The Python projects that a bundle builds its wheels of: what their ``pyproject.toml`` say of them."""

from __future__ import annotations

import ast
import re
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
    folders = _folders(bundle)
    if not folders:
        own = _project(bundle.root)
        return [own] if own else []
    return [_project(folder) for folder in folders]


def has_function(bundle: Bundle, package: str, name: str) -> bool:
    """Return whether a package that the bundle builds may have a function, which the platform calls without an entry point.

    Source: the Jobs API on `entry_point` of a wheel task.

    Args:
        bundle: the bundle.
        package: name of the package or of its wheel.
        name: of the function.
    """
    module = re.sub(r"[-.]+", "_", package)
    for folder in _folders(bundle) or [bundle.root]:
        for path in (f"{module}/__init__.py", f"{module}.py"):
            for found in (folder / path, folder / "src" / path):
                try:
                    statements = ast.parse(found.read_text("utf-8-sig")).body
                except (OSError, ValueError, SyntaxError):
                    continue
                if any({"*", name} & _bound(each) for each in statements):
                    return True
    return False


def _bound(statement: ast.stmt) -> set[str]:
    """Return the names that a statement of a module binds; ``*`` where that cannot be told."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in statement.names}
    if isinstance(statement, ast.Assign):
        return {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return {"*"} if isinstance(statement, ast.If | ast.Try | ast.With) else set()


def _folders(bundle: Bundle) -> list[Path]:
    """Return the folders in which the bundle's artifacts build wheels."""
    artifacts = bundle.tree.get("artifacts")
    return [
        bundle.root / PurePosixPath(artifact.file).parent / (artifact.text("path") or ".")
        for _, artifact in (artifacts.entries() if artifacts is not None else ())
        if artifact.text("type") in (None, "whl")
    ]


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
    """Return whether a dependency is a wheel that an artifact builds: into ``dist``, or where its command or files say.

    Without artifacts the platform's tool runs the ``setup.py`` that lies beside the bundle, if there is one.
    """
    artifacts = bundle.tree.get("artifacts")
    if not is_wheel(at) or (artifacts is None and not (bundle.root / "setup.py").is_file()):
        return False
    folder = PurePosixPath(at.value).parent.name
    return folder == "dist" or any(
        folder in re.split(r"[^\w.-]+", artifact.text("build") or "")
        or folder
        in (PurePosixPath(source).parent.name for each in artifact.items("files") if (source := each.text("source")))
        for _, artifact in (artifacts.entries() if artifacts is not None else ())
    )
