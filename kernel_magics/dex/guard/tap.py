"""The tap: a gRPC client interceptor that sees every request of one Spark Connect channel before it leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from dex_dbutils.config import Environment

from dex.guard.effects import Effect, Setting
from dex.guard.homing import bring_home
from dex.guard.plans import effects_of_request
from dex.guard.policy import check, current_after
from dex.guard.scan import Explain, check_scan, plans_of


class Tap(
    grpc.UnaryUnaryClientInterceptor,  # type: ignore[misc]
    grpc.UnaryStreamClientInterceptor,  # type: ignore[misc]
    grpc.StreamUnaryClientInterceptor,  # type: ignore[misc]
):
    """Guards the channel of one environment; refuses by raising before the call is made.

    Args:
        environment: whose guard decides.

    Raises:
        GuardError: DEX-GUARD-06 or -07, the environment's own settings of Spark would lose data on its engine.
    """

    def __init__(self, environment: Environment) -> None:
        conf = environment.engine.conf  # set by the session's door on a channel of its own
        check([Setting(key, value, "engine.conf") for key, value in conf.items()], environment, None)
        self.environment = environment
        self._at_home = environment.engine.type == "sail"  # works on this machine, in the project's folder
        self._explain: Explain | None = None
        self._lock = threading.Lock()
        #: Catalogs that may be current, by session; None: nobody can tell.
        self._current: dict[str, frozenset[str] | None] = {}
        # dex's own engines start a session in the environment's catalog; where others start is not known
        own = environment.engine.type in {"sail", "spark"}
        self._at_first = frozenset({environment.catalog}) if own else None

    def look(self, request: Any) -> None:
        """Let a request pass, the platform's paths in it brought home, or raise.

        Raises:
            GuardError: the guard of the environment refuses it.
        """
        effects = effects_of_request(request)
        if request.DESCRIPTOR.name == "CloneSessionRequest":
            self._clone(request)
        if effects:
            self._decide(request, effects)
        if self._at_home:
            bring_home(request, self.environment.project.root)
        if self._explain is not None:
            check_scan(request, effects, self.environment, self._explain)

    def ask_through(self, spark: Any) -> None:
        """Look at what queries would read, by the plans that the engine of this session makes."""
        if self._at_home and self.environment.guard.max_scan is not None:
            self._explain = plans_of(spark)

    def _decide(self, request: Any, effects: list[Effect]) -> None:
        session = str(getattr(request, "session_id", ""))
        with self._lock:
            current = self._current.get(session, self._at_first)
        after = current
        for effect in effects:  # one by one: a text of two statements may use a catalog, then write there
            check([effect], self.environment, after)
            after = current_after([effect], self.environment, after)
        if after != current:
            self._remember(session, after)

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """See a request with one answer: AnalyzePlan, Config, CloneSession and the like."""
        self.look(request)
        return continuation(details, request)

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """See a request with a stream of answers: ExecutePlan and ReattachExecute."""
        self.look(request)
        return continuation(details, request)

    def intercept_stream_unary(self, continuation: Callable[..., Any], details: Any, requests: Iterator[Any]) -> Any:
        """See a stream of requests: AddArtifacts, whose pieces are data and code for the session alone."""
        return continuation(details, requests)

    def _clone(self, request: Any) -> None:
        """Note that a clone begins with what is current in its original."""
        with self._lock:
            current = self._current.get(str(request.session_id), self._at_first)
            if request.new_session_id:
                self._current[str(request.new_session_id)] = current
            elif current is None or self._at_first is None:  # the server names the clone: any new session may be it
                self._at_first = None
            else:
                self._at_first |= current

    def _remember(self, session: str, current: frozenset[str] | None) -> None:
        with self._lock:
            self._current[session] = current
