"""TOML on every Python that dexkit runs on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    from tomllib import TOMLDecodeError, loads
else:
    from tomli import TOMLDecodeError, loads

__all__ = ["TOMLDecodeError", "loads", "read_toml"]


def read_toml(path: Path) -> dict[str, Any] | None:
    """Return a TOML file's values; None where it is no TOML, or there is none that can be read."""
    try:
        return loads(path.read_text("utf-8"))
    except (OSError, TOMLDecodeError, UnicodeDecodeError):
        return None
