"""What every new Spark Connect channel gets: the interceptors that others registered, such as the guard's tap."""

from __future__ import annotations

import threading
from typing import Any, Callable, Protocol, runtime_checkable

from dex_dbutils.config import Environment

#: Makes the gRPC client interceptor of one channel.
InterceptorFactory = Callable[[Environment], object]


@runtime_checkable
class Asking(Protocol):
    """An interceptor that asks the engine questions of its own before a request leaves."""

    def ask_through(self, spark: Any) -> None:
        """Take the session that the channel is for; it is open, and what it asks passes all interceptors."""


_lock = threading.Lock()
_factories: list[InterceptorFactory] = []


def add_interceptor(factory: InterceptorFactory) -> None:
    """Give every Spark Connect channel made from now on the interceptor that ``factory(environment)`` returns.

    Registering the same factory again changes nothing. The first one registered sees a request first.
    """
    with _lock:
        if factory not in _factories:
            _factories.append(factory)


def interceptors_for(environment: Environment) -> list[object]:
    """Return new interceptors for a channel of an environment, in the order of their registration."""
    with _lock:
        factories = tuple(_factories)
    return [factory(environment) for factory in factories]
