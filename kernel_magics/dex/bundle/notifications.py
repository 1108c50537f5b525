"""Who is told of a run, and what counts as healthy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dex.bundle.models import Finding
from dex.bundle.tree import At


def check_notifications(job: At) -> Iterator[Finding]:
    """Yield addresses that are several or none, and limits of health that every run passes at once.

    Args:
        job: the job.
    """
    for owner in (job, *job.items("tasks")):
        told = owner.get("email_notifications")
        for _, addresses in told.entries() if told else ():
            for address in addresses.value if isinstance(addresses.value, list) else ():
                if isinstance(address.value, str) and re.search(r"[\s,;]", address.value.strip()):
                    said = f"'{address.value}' is not one address. Give each its own entry."
                    yield address.finding("DEX-BUNDLE-29", said)
        health = owner.get("health")
        for rule in health.items("rules") if health else ():
            value = rule.get("value")
            if value is not None and isinstance(value.value, int) and value.value <= 0:
                yield value.finding("DEX-BUNDLE-29", f"A rule's `value` is more than 0, not {value.value}.")
