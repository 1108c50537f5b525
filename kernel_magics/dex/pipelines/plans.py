"""Messages of Spark Connect that a frame's plan is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def root_of(frame: Any) -> Any:
    """Return the relation that a frame is, as it would be sent."""
    return frame._plan.to_proto(frame.sparkSession.client).root


def inner(message: Any) -> Iterator[Any]:
    """Yield the messages right inside of a message."""
    for _, value in message.ListFields():
        if hasattr(value, "ListFields"):
            yield value
        elif not isinstance(value, str | bytes | int | float | bool):  # a repeated field, or a map
            values = value.values() if hasattr(value, "values") else value
            yield from (each for each in values if hasattr(each, "ListFields"))


def is_relation(message: Any) -> bool:
    """Return whether a message is a relation."""
    return bool(message.DESCRIPTOR.name == "Relation")
