"""Times as the platform tells them."""

from __future__ import annotations

import time


def now() -> int:
    """Return this moment in milliseconds since 1970."""
    return int(time.time() * 1000)
