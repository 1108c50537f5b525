"""Values that look like secrets are not shown, wherever a profile goes."""

from __future__ import annotations

from dex_dbutils.config import secret_shape


def masked(text: str) -> str:
    """Return the text, or what kind of secret it looks like in brackets."""
    shape = secret_shape(text) if len(text) >= 8 else None
    return f"[{shape}]" if shape else text
