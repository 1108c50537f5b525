"""Bind an environment in this process: its Spark session, names, utilities and guard."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # `%load_ext dex` imports this module, and the first binding brings the rest
    from dex_dbutils import Environment, Session

StateName = Literal["none", "starting", "ready", "failed"]

#: Names that binding puts into a notebook.
KERNEL_NAMES = ("spark", "dbutils", "session")


@dataclass(frozen=True)
class SessionState:
    """How far the binding of this process is.

    Attributes:
        state: none, starting, ready or failed.
        environment: the environment that is bound or was asked for.
        message: what went wrong, or is being done, in one line.
        seconds: wall time of the last binding.
    """

    state: StateName = "none"
    environment: Environment | None = None
    message: str = ""
    seconds: float = 0.0


class Binder:
    """The one binding of a process; safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._listeners: list[Callable[[], None]] = []
        self._state = SessionState()
        self._session: Session | None = None

    @property
    def state(self) -> SessionState:
        """How far the binding is."""
        return self._state

    @property
    def session(self) -> Session | None:
        """The bound session, if there is one."""
        return self._session

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after every change of state; return a function that ends this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def bind(
        self,
        name: str | None = None,
        *,
        engine: str | None = None,
        confirm: str | None = None,
        namespace: MutableMapping[str, Any] | None = None,
    ) -> Session:
        """Return the session of an environment, started or attached as needed.

        Args:
            name: the environment; the project's default if not given.
            engine: engine type that replaces the configured one for this binding.
            confirm: the environment's name, typed again, to allow writes where its guard asks for that.
            namespace: where `spark`, `dbutils` and `session` are put, such as a notebook's names.

        Raises:
            ConfigError: the configuration or the name is wrong; what was bound before stays bound.
            EngineError: the engine cannot be had; what was bound before stays bound.
        """
        with self._lock:
            before, started = self._state, time.perf_counter()
            environment = _load(name, engine)
            self._set(SessionState("starting", environment, f"binding {environment.name}"))
            try:
                from dex_dbutils.session import get_session, use_environment

                from dex.guard import confirm_writes, install_tap

                install_tap()
                confirm_writes(environment, confirm)  # first: a wrong word must not cost the session that is there
                try:
                    session = get_session(environment)
                except BaseException:
                    confirm_writes(environment, None)
                    raise
            except BaseException as error:
                failed = before.state == "none" or before.state == "failed"
                first_line = (str(error) or type(error).__name__).splitlines()[0]
                self._set(SessionState("failed", environment, first_line) if failed else before)
                raise
            self._session = session
            use_environment(environment)
            if namespace is not None:
                namespace.update(spark=session.spark, dbutils=session.dbutils, session=session)
            self._set(SessionState("ready", environment, seconds=time.perf_counter() - started))
            return session

    def _set(self, state: SessionState) -> None:
        self._state = state
        for listener in tuple(self._listeners):
            listener()


def _load(name: str | None, engine: str | None) -> Environment:
    from dex_dbutils import load_environment

    environment = load_environment(name)
    if engine is None:
        return environment
    from dex_dbutils.config import with_engine

    return with_engine(environment, engine)


_binder = Binder()


def bind(
    name: str | None = None,
    *,
    engine: str | None = None,
    confirm: str | None = None,
    namespace: MutableMapping[str, Any] | None = None,
) -> Session:
    """Return the session of an environment in this process; see `Binder.bind`."""
    return _binder.bind(name, engine=engine, confirm=confirm, namespace=namespace)


def current() -> Session | None:
    """Return the bound session, or None."""
    return _binder.session


def state() -> SessionState:
    """Return how far the binding of this process is."""
    return _binder.state


def on_change(listener: Callable[[], None]) -> Callable[[], None]:
    """Call ``listener`` after every change of the binding; return a function that ends this."""
    return _binder.on_change(listener)
