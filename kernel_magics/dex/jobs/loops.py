"""The items of a for-each task."""

from __future__ import annotations

import json
from typing import Any

from dex_dbutils import JobError

#: Most items that a for-each task takes, as on the platform.
MOST_ITEMS = 5_000


def items_in(inputs: str, key: str) -> list[Any]:
    """Return the items that the inputs of a for-each task hold, references filled in.

    Args:
        inputs: a list as JSON.
        key: key of the task.

    Raises:
        JobError: DEX-JOB-07, they are no list, or too long a one.
    """
    try:
        items = json.loads(inputs)
    except ValueError:
        items = None
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        shown = inputs if len(inputs) <= 80 else inputs[:77] + "..."
        raise JobError(
            "DEX-JOB-07",
            f"The inputs of the for-each task '{key}' are no JSON list of at most {MOST_ITEMS} items: {shown}",
            remedy="Hand on a list, such as [1, 2, 3], or a task value that is one.",
        )
    return items
