"""What the bundle builds before it is deployed: folders that are there, and commands that can build them."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import PurePosixPath

from dex.bundle.effective import Bundle
from dex.bundle.models import Finding
from dex.bundle.paths import local_path
from dex.bundle.tree import At

#: Words with which commands begin that build a Python project, and the files of which each needs one.
_BUILDERS = {
    ("uv", "build"): ("pyproject.toml", "setup.py"),
    ("python", "-m", "build"): ("pyproject.toml", "setup.py"),
    ("python3", "-m", "build"): ("pyproject.toml", "setup.py"),
    ("hatch", "build"): ("pyproject.toml",),
    ("poetry", "build"): ("pyproject.toml",),
    ("python", "setup.py"): ("setup.py",),
    ("python3", "setup.py"): ("setup.py",),
}


def check_artifacts(bundle: Bundle) -> Iterator[Finding]:
    """Yield artifacts whose folder is not there, that nothing builds, or whose command has nothing to build."""
    artifacts = bundle.tree.get("artifacts")
    for key, artifact in artifacts.entries() if artifacts is not None else ():
        if isinstance(artifact.value, dict):
            yield from _artifact(bundle, key, artifact)


def _artifact(bundle: Bundle, key: str, artifact: At) -> Iterator[Finding]:
    named, build, files = artifact.get("path"), artifact.text("build"), artifact.items("files")
    folder = local_path(bundle.root, named) if named is not None else bundle.root / PurePosixPath(artifact.file).parent
    if folder is None:
        return
    if named is not None and not folder.is_dir():
        said = f"There is no folder '{named.value}' to build artifact '{key}' in. The path is relative to this file."
        yield named.finding("DEX-BUNDLE-37", said)
        return
    if build:
        told = build.split()
        for words, needed in _BUILDERS.items():
            own = tuple(told[: len(words)]) == words and all(word.startswith("-") for word in told[len(words) :])
            if own and not any((folder / name).is_file() for name in needed):  # what else it names could be a folder
                at = artifact.get("build") or artifact
                said = f"`{build}` finds nothing to build: {' or '.join(needed)} is not in its folder."
                yield at.finding("DEX-BUNDLE-37", said)
        return
    for file in files:
        source = file.get("source")
        pattern = local_path(bundle.root, source) if source is not None else None
        if source is not None and pattern is not None and not glob.glob(str(pattern)):
            said = f"No file matches '{source.value}', and artifact '{key}' has no `build` that makes one."
            yield source.finding("DEX-BUNDLE-37", said)
    if not files and artifact.text("type") == "whl" and not (folder / "setup.py").is_file():
        said = f"Nothing builds artifact '{key}': without `build`, setup.py is run, which is not there."
        yield artifact.finding("DEX-BUNDLE-37", f"{said} Write `build: uv build --wheel`.")
