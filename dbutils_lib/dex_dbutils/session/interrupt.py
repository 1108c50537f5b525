"""An interrupt ends the engine's operation too, not only the wait for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Seconds that a person who interrupted waits for the engine's answer to it, at most.
PATIENCE = 2.0


@contextmanager
def interruptible(spark: SparkSession) -> Iterator[None]:
    """End every operation of the session when the block is interrupted; the interrupt itself goes on.

    Args:
        spark: a Spark Connect session, or a classic one of Spark 3.5 or later. Where a session cannot interrupt,
            the block behaves as if this were not there.
    """
    try:
        yield
    except KeyboardInterrupt:
        interrupt_all: Any = getattr(spark, "interruptAll", None)
        if interrupt_all is not None:
            within(PATIENCE, interrupt_all)
        raise


def within(seconds: float, call: Callable[[], object]) -> bool:
    """Run a call in a thread and wait for it that long at most; return whether it ended without an error."""
    done: list[bool] = []

    def target() -> None:
        try:
            call()
        except Exception:  # whoever asked for this is on the way out and has an error of their own
            return
        done.append(True)

    thread = threading.Thread(target=target, name="dex-within", daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(done)
