"""The kernel's end of the panel: one bridge per kernel, fed by the session, the profiles and the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:

    from dex.bridge import Bridge

_bridge: Bridge | None = None


def bridge() -> Bridge | None:
    """Return the open bridge, or None outside of a kernel."""
    return _bridge
