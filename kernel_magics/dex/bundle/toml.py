"""Read a TOML file on every Python that dexkit runs on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def read_toml(path: Path) -> dict[str, Any] | None:
    """Return a TOML file's values; None where it is no TOML."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
