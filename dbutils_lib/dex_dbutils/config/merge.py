"""Laying one configuration over another."""

from __future__ import annotations

from typing import Any

from dex_dbutils.config.document import Document, KeyPath, Position


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``over`` laid on it; neither is changed.

    Mappings merge key by key; any other value of ``over``, lists included, takes the place of the one below.
    """
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def merge_documents(base: Document, over: Document) -> Document:
    """Return the merged values, each with the position of the file that says it.

    An empty section (``guard:`` with nothing below) at the top of either file says nothing.
    """
    values = merge(_without_empty(base.values), _without_empty(over.values))
    positions: dict[KeyPath, Position] = {**base.positions, **over.positions}
    return Document(values, positions)


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
