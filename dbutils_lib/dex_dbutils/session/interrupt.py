"""An interrupt ends the engine's operation too, not only the wait for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, TypeVar

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

T = TypeVar("T")

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


def call_within(seconds: float, call: Callable[[], T]) -> T:
    """Return what a call returns; raise what it raises, or `TimeoutError` if it takes longer.

    The call goes on in its own thread where it takes longer: Spark's client has no deadlines.
    """
    return in_thread(call)(seconds)


def in_thread(call: Callable[[], T]) -> Callable[[float | None], T]:
    """Begin a call in a thread of its own; return a function that waits for its end and gives what came of it.

    That function takes the seconds to wait, or None to wait for ever; it raises what the call raised, or `TimeoutError`.
    """
    returned: list[T] = []
    raised: list[BaseException] = []

    def target() -> None:
        try:
            returned.append(call())
        except BaseException as error:  # noqa: BLE001  raised again in the thread that asked
            raised.append(error)

    thread = threading.Thread(target=target, name="dex-call", daemon=True)
    thread.start()

    def answer(seconds: float | None) -> T:
        thread.join(seconds)
        if raised:
            raise raised[0]
        if not returned:
            raise TimeoutError(f"no answer within {seconds:g} seconds")
        return returned[0]

    return answer


def within(seconds: float, call: Callable[[], object]) -> bool:
    """Make a call and wait for it that long at most; return whether it ended without an error."""
    try:
        call_within(seconds, call)
    except Exception:  # noqa: BLE001  whoever asks in this way does not want to know more
        return False
    return True
