"""An environment of its own for an engine, made once with uv and shared by every project of the user."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dex_dbutils import EngineError

from dex.engines.cache import cache_dir, cache_error, writable_folder

if TYPE_CHECKING:
    from filelock import FileLock

#: Written last; an environment without it is half made.
STAMP = ".complete.json"
#: Seconds that one maker waits for another one.
PATIENCE = 900.0


def python_minor() -> str:
    """Return this Python as ``py311``; an engine that runs functions of a notebook needs the same one."""
    return f"py{sys.version_info.major}{sys.version_info.minor}"


def interpreter_of(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_complete(folder: Path, requirements: str) -> bool:
    """Return whether an environment was made to its end, from these requirements, and its interpreter is there."""
    try:
        stamp = json.loads((folder / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return stamp.get("requirements") == requirements and interpreter_of(folder).exists()


def ensure_environment(name: str, requirements: str, check: str, progress: Callable[[str], None] | None = None) -> Path:
    """Return the folder of a complete environment; make it if it is missing or half made.

    Several processes may ask at once: one makes it, the others wait.

    Args:
        name: name of its folder below ``engines`` in the cache.
        requirements: lines of a requirements file, every version pinned.
        check: a statement that must run in it, such as an import of the engine.
        progress: told what goes on.

    Raises:
        EngineError: DEX-ENGINE-01, uv is not installed; DEX-ENGINE-02, uv failed; DEX-ENGINE-03, the cache cannot be
            written; DEX-ENGINE-04, another process has been making it for too long.
    """
    folder = cache_dir() / "engines" / name
    if is_complete(folder, requirements):
        return folder
    from filelock import FileLock, Timeout

    writable_folder(folder.parent)
    say = progress or (lambda _: None)
    lock = FileLock(folder.with_name(f"{name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"waiting for another process that installs {name}")
        _wait_for(lock, name)
    try:
        if not is_complete(folder, requirements):
            _make(folder, requirements, check, say)
    finally:
        lock.release()
    return folder


def _wait_for(lock: FileLock, name: str) -> None:
    from filelock import Timeout

    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout as error:
        raise EngineError(
            "DEX-ENGINE-04",
            f"Another process has been installing {name} for {PATIENCE / 60:.0f} minutes.",
            Path(lock.lock_file),
            "Look at what it does, end it, and try again.",
        ) from error


def _make(folder: Path, requirements: str, check: str, say: Callable[[str], None]) -> None:
    uv = _uv()
    say(f"installing {folder.name} into the cache; this happens once")
    interpreter = interpreter_of(folder)
    try:
        if folder.exists():
            shutil.rmtree(folder)
        _run([uv, "venv", "-q", "--python", sys.executable, folder], folder)
        pins = folder / "requirements.txt"
        pins.write_text(requirements, "utf-8")
        # Without byte code every start would compile: seconds instead of a fraction of one.
        install = [uv, "pip", "install", "-q", "--compile-bytecode", "--no-deps", "--python", interpreter, "-r", pins]
        _run(install, folder)
        _run([interpreter, "-I", "-c", check], folder)
        stamp = {"requirements": requirements, "python": sys.version.split()[0]}
        partial = folder / f"{STAMP}.new"
        partial.write_text(json.dumps(stamp), "utf-8")
        partial.replace(folder / STAMP)
    except OSError as error:
        raise cache_error(folder.parent, error) from error
    say(f"installed {folder.name}")


def _uv() -> str:
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        found = shutil.which("uv")
        if found:
            return found
        raise EngineError(
            "DEX-ENGINE-01",
            "The local engine is not installed yet, and uv, which installs it, is not there.",
            remedy="pip install 'dexkit[local]'",
        ) from error


def _run(command: list[object], folder: Path) -> None:
    words = [str(word) for word in command]
    env = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=env, stdin=subprocess.DEVNULL)
    if done.returncode:
        told = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise EngineError(
            "DEX-ENGINE-02",
            f"Installing {folder.name} failed: {without_credentials(' '.join(told[-6:])) or f'exit {done.returncode}'}",
            folder,
            "Check that the package index can be reached, then try again: dex engine install",
        )


def without_credentials(text: str) -> str:
    """Return a text without user names and passwords in addresses, which a package index may have."""
    return re.sub(r"(\w://)[^/\s@]+@", r"\1", text)
