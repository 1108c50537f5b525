"""Tells a person what to do when the engine dies under a cell, and ends the engine's work when a cell is interrupted."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any, Callable

import grpc

from dex_dbutils.config import Environment
from dex_dbutils.errors import EngineError, Where
from dex_dbutils.session.gaps import gap
from dex_dbutils.session.interrupt import PATIENCE, within
from dex_dbutils.session.lookup import is_listening, is_loopback

#: A setting that a session gets when it opens. A server that has just been started makes up a session for any number
#: that it is told, with no settings, no tables and another time zone; there this one is missing.
MARKER = "spark.dex.session"

_SERVICE = "/spark.connect.SparkConnectService"
EXECUTE = (f"{_SERVICE}/ExecutePlan", f"{_SERVICE}/ReattachExecute")
#: What a system says when a disk, a quota or a limit is full.
_DISK_FULL = ("No space left on device", "Disk quota exceeded", "File too large")
#: How gRPC begins to tell that no connection came about.
_NOT_REACHED = "failed to connect"
#: Calls whose answer depends on the session.
ASKING = (f"{_SERVICE}/AnalyzePlan", f"{_SERVICE}/Config")


def gone(environment: Environment, url: str, *, while_working: bool) -> EngineError:
    """Return the error for an engine that does not take connections."""
    engine = environment.engine.type
    log = environment.project.dex_dir / "logs" / f"engine-{engine}.log"
    if environment.engine.type == "connect" or not log.exists():
        return EngineError(
            "DEX-ENGINE-06",
            f"The engine of environment '{environment.name}' at {url} does not answer.",
            Where(key="engine.url") if engine == "connect" else None,
            f"Start it, then bind again: %dex_env {environment.name}",
        )
    happened = "ended while it worked" if while_working else "is not there"
    return EngineError(
        "DEX-ENGINE-06",
        f"The {engine} engine at {url} {happened}.",
        Where(file=str(log)),
        f"%dex_env {environment.name} starts it again with all tables; temporary views have to be made again.",
    )


def lost(environment: Environment) -> EngineError:
    """Return the error for an engine that was started anew and does not know the session."""
    return EngineError(
        "DEX-SESSION-05",
        f"The engine of environment '{environment.name}' was restarted; this session is not there any more.",
        None,
        f"%dex_env {environment.name} makes a new one with all tables; temporary views have to be made again.",
    )


def disk_full(environment: Environment, reason: str) -> EngineError:
    """Return the error for a write of an engine of this machine that the disk did not take."""
    return EngineError(
        "DEX-ENGINE-11",
        f"The engine could not write: {reason}. A Delta table is as it was; other files may be half written.",
        Where(file=str(environment.warehouse)),
        "Free some space, or raise the limit on the size of files, then run the cell again.",
    )


class EngineWatch(
    grpc.UnaryUnaryClientInterceptor,  # type: ignore[misc]
    grpc.UnaryStreamClientInterceptor,  # type: ignore[misc]
    grpc.StreamUnaryClientInterceptor,  # type: ignore[misc]
):
    """The outermost interceptor of a channel.

    An engine that died is reported at once, as an error that Spark's client does not retry: with its own policy it
    would try for ten minutes. An interrupt of the person ends the operation on the engine as well.

    Args:
        environment: the environment of the channel, for the words of the error.
        url: the address of the engine.
    """

    def __init__(self, environment: Environment, url: str) -> None:
        self._environment = environment
        self._url = url
        self._spark: Any = None
        self._trace = environment.project.dex_dir / "engine" / f"{environment.engine.type}.json"
        self._traced: object = None
        self._keeps_marker = False

    def help_with(self, spark: Any, *, marked: bool = True) -> None:
        """Do dex's own errands through this session.

        Args:
            spark: where there is one, a session whose channel has no interceptors of others.
            marked: the session has the marker.
        """
        self._spark = spark
        self._traced = self._trace_now()
        self._keeps_marker = marked and spark.conf.get(MARKER, None) == spark.session_id

    def is_known(self) -> bool:
        """Return whether the engine still knows the session; asks it. Raises where it does not answer."""
        if self._spark is None:
            return True
        marker = self._spark.conf.get(MARKER, None)
        return marker == self._spark.session_id or not self._keeps_marker

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Pass a call on; raise `EngineError` where the engine is gone."""
        if details.method in ASKING:
            self._refuse_lost()
        return self._checked(continuation(details, request))

    def intercept_stream_unary(self, continuation: Callable[..., Any], details: Any, requests: Any) -> Any:
        """Pass a call on; raise `EngineError` where the engine is gone."""
        return self._checked(continuation(details, requests))

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Pass a call on and watch its answers."""
        self._refuse_lost()
        operation = getattr(request, "operation_id", "") if details.method in EXECUTE else ""
        # Spark's client attaches again only to work that had begun
        return _Watched(self, continuation(details, request), operation, began=details.method == EXECUTE[1])

    def explain(self, error: BaseException, *, streaming: bool = False, began: bool = False) -> BaseException:
        """Return what to raise for an error of a call; ``streaming``: of one that runs work, if it came there."""
        if isinstance(error, grpc.RpcError) and _code(error) is grpc.StatusCode.UNAVAILABLE and self._is_gone():
            began = began or (streaming and _NOT_REACHED not in _details(error))
            return gone(self._environment, self._url, while_working=began)
        if isinstance(error, grpc.RpcError) and is_loopback(self._url):
            said = _details(error)
            reason = next((words for words in _DISK_FULL if words in said), None)
            return disk_full(self._environment, reason) if reason else gap(said, self._environment) or error
        return error

    def interrupt(self, operation: str) -> None:
        """End an operation on the engine."""
        if self._spark is not None:
            within(PATIENCE, lambda: self._spark.interruptOperation(operation))

    def _checked(self, call: Any) -> Any:
        if isinstance(call, grpc.RpcError):
            raised = self.explain(call)
            if raised is not call:
                raise raised
        return call

    def _refuse_lost(self) -> None:
        """Raise where the engine's process is not the one that the session was made on; costs a look at one file."""
        now = self._trace_now()
        if now == self._traced or self._spark is None:
            return
        if now is not None and not self.is_known():
            raise lost(self._environment)
        self._traced = now

    def _trace_now(self) -> object:
        try:
            found = os.stat(self._trace)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _is_gone(self) -> bool:
        return is_loopback(self._url) and not is_listening(self._url, 1.0)


class _Watched:
    """The answers of a call, with errors explained and interrupts passed on to the engine."""

    def __init__(self, watch: EngineWatch, call: Any, operation: str, *, began: bool) -> None:
        self._watch = watch
        self._call = call
        self._operation = operation
        self._began = began

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._call)
        except StopIteration:
            raise
        except KeyboardInterrupt:
            if self._operation and threading.current_thread() is threading.main_thread():
                self._watch.interrupt(self._operation)
            self._call.cancel()
            raise
        except BaseException as error:
            raised = self._watch.explain(error, streaming=True, began=self._began)
            if raised is error:
                raise
            raise raised from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)


def _details(error: Any) -> str:
    details = getattr(error, "details", None)
    return str(details()) if callable(details) else ""


def _code(error: Any) -> Any:
    code = getattr(error, "code", None)
    return code() if callable(code) else None
