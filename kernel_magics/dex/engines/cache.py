"""The user's cache: where engines are installed."""

from __future__ import annotations

import os
from pathlib import Path

from dex_dbutils import EngineError


def cache_dir() -> Path:
    """Return the folder of dex in the user's cache: DEX_CACHE_DIR, or where the system keeps such things."""
    told = os.environ.get("DEX_CACHE_DIR")
    if told:
        return Path(told).expanduser().absolute()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("dex"))


def writable_folder(folder: Path) -> Path:
    """Return a folder of the cache, made if need be.

    Raises:
        EngineError: DEX-ENGINE-03, nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".trial-{os.getpid()}"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise cache_error(folder, error) from error
    return folder


def cache_error(folder: Path, error: OSError) -> EngineError:
    """Return the error for a cache that cannot be written."""
    return EngineError(
        "DEX-ENGINE-03",
        f"The cache for engines cannot be written: {error.strerror or error}.",
        folder,
        "Make the folder writable or free some space; or set DEX_CACHE_DIR to another one.",
    )
