"""The wheel of `dex-dbutils` beside a project's own: for workspaces whose package index does not have it."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dex_dbutils
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from dex.toml import read_toml

NAME = "dex-dbutils"
#: What the build command of a project leaves its wheel in; jobs install every wheel of it.
FOLDER = "dist"


def bring_library(root: Path) -> Path | None:
    """Put the wheel of the installed `dex-dbutils` beside that of a project which requires it.

    Args:
        root: folder of the project.

    Returns:
        The wheel; None where the project does not require this version of it, or has no wheel.
    """
    version = importlib.metadata.version(NAME)
    if not any(found.specifier.contains(version, prereleases=True) for found in _requirements(root)):
        return None
    return build_library(root / FOLDER)


def build_library(folder: Path) -> Path:
    """Return a wheel of the installed `dex-dbutils`, the same bytes every time; older ones in the folder go.

    The format is that of PyPA's specification "Binary distribution format", 1.0.

    Args:
        folder: where it goes; made if it is not there.
    """
    found = importlib.metadata.distribution(NAME)
    stem = f"{NAME.replace('-', '_')}-{found.version}"
    info = f"{stem}.dist-info"
    package = Path(dex_dbutils.__file__).parent
    files = {
        f"{package.name}/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    files[f"{info}/METADATA"] = (found.read_text("METADATA") or "").encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: dex\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{stem}-py3-none-any.whl"
    partial = wheel.with_suffix(".part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    partial.replace(wheel)
    for other in folder.glob(f"{NAME.replace('-', '_')}-*.whl"):
        if other != wheel:
            other.unlink()
    return wheel


def _record(files: dict[str, bytes], own: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(content)])
    rows.writerow([own, "", ""])
    return text.getvalue().encode()


def _requirements(root: Path) -> Iterator[Requirement]:
    """Return what the project says of `dex-dbutils`."""
    project: Any = (read_toml(root / "pyproject.toml") or {}).get("project")
    for line in project.get("dependencies") or () if isinstance(project, dict) else ():
        try:
            requirement = Requirement(str(line))
        except InvalidRequirement:
            continue  # whoever builds the wheel is told
        if canonicalize_name(requirement.name) == NAME:
            yield requirement
