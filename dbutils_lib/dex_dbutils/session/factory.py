"""One session per environment and process."""

from __future__ import annotations

import atexit
import importlib
import importlib.util
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Union

from dex_dbutils.config import Environment, load_environment
from dex_dbutils.session.interrupt import within
from dex_dbutils.session.model import Session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dex_dbutils.session.opened import Opened

EnvironmentLike = Union[str, Environment, None]

#: Seconds that a session which is not needed any more may take to say goodbye to its engine.
GOODBYE = 2.0


class _Slot:
    """The place of one environment; its lock is held while a session is made, so that two threads share one."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.held: _Held | None = None


@dataclass
class _Held:
    session: Session
    opened: Opened


_lock = threading.Lock()
_slots: dict[tuple[Path, str], _Slot] = {}
_used: Environment | None = None


def get_spark(env: EnvironmentLike = None) -> SparkSession:
    """Return the Spark session of an environment; see `get_session`.

    Example:
        >>> spark = get_spark("local")  # doctest: +SKIP
    """
    return get_session(env).spark


def get_session(env: EnvironmentLike = None) -> Session:
    """Return the session of an environment: the one that this process has, or a new one.

    A session whose engine is gone, or whose environment has changed, is replaced by a new one; it ends once the new
    one is there, and goes on where there is none. The session returned is also Spark's active one in this
    thread and the default of the process, which functions such as ``udf`` ask for.

    Args:
        env: name of an environment of the project, an environment, or nothing for the one that a notebook has bound,
            else the project's default. A name finds a session also where it was bound with another engine than the
            configured one.

    Raises:
        ConfigError: there is no such environment, or its configuration cannot be used.
        EngineError: nothing answers for the environment's engine.
    """
    if env is None:
        env = _used
    environment = env if isinstance(env, Environment) else load_environment(env)
    slot = _slot(environment)
    with slot.lock:
        held = slot.held
        if held is not None:
            same = held.session.environment == environment or (
                not isinstance(env, Environment) and _differs_in_engine_only(held.session.environment, environment)
            )
            if same and held.opened.is_alive():
                held.opened.activate()
                return held.session
        from dex_dbutils.session.opened import open_session

        opened = open_session(environment)
        try:
            session = Session(opened.spark, environment, _dbutils(opened.spark, environment), opened.engine)
        except BaseException:
            within(GOODBYE, opened.close)
            raise
        _end(slot)  # only now: where there is no new session, the old one goes on
        slot.held = _Held(session, opened)
        _say_goodbye_at_exit()
        _send_own_code(environment)
        opened.activate()
        return session


def _send_own_code(environment: Environment) -> None:
    """Let UDFs carry the functions of the project's package with them: a local engine's workers do not have it.

    On the platform a job installs the package on every worker, as its wheel.
    """
    package = environment.project.package
    if environment.kind != "local" or importlib.util.find_spec(package) is None:
        return
    from pyspark import cloudpickle

    cloudpickle.register_pickle_by_value(importlib.import_module(package))


def use_environment(environment: Environment | None) -> None:
    """Make ``get_session()`` and ``get_spark()`` without a name mean this environment, as binding a notebook does."""
    global _used
    _used = environment


def holds(environment: Environment, spark: SparkSession) -> bool:
    """Return whether a session is the one that this process has for an environment; none is made."""
    held = _slot(environment).held
    return held is not None and held.session.spark is spark


def close_session(environment: Environment) -> None:
    """End the session of an environment in this process, if there is one; the engine goes on for others.

    Where it was Spark's active session, the one that a notebook has bound is it again, else the newest that is open.
    """
    slot = _slot(environment)
    with slot.lock:
        was_active = slot.held is not None and slot.held.opened.is_active()
        _end(slot)
    if not was_active:
        return
    bound = _slot(_used).held if _used is not None else None
    others = [bound, *(other.held for other in reversed(list(_slots.values())))]
    other = next((held for held in others if held is not None), None)
    if other is not None:
        other.opened.activate()


def _slot(environment: Environment) -> _Slot:
    with _lock:
        return _slots.setdefault((environment.project.root, environment.name), _Slot())


@cache
def _say_goodbye_at_exit() -> None:
    """Let engines forget the sessions of a process that ends as it should; one that is killed leaves them behind."""

    def goodbye() -> None:
        for slot in list(_slots.values()):
            _end(slot)

    atexit.register(goodbye)


def _end(slot: _Slot) -> None:
    held, slot.held = slot.held, None
    if held is not None:
        within(GOODBYE, held.opened.close)  # an engine that is gone or mute must not hold anybody up


def _differs_in_engine_only(held: Environment, wanted: Environment) -> bool:
    return held.model_copy(update={"engine": wanted.engine}) == wanted


def _dbutils(spark: SparkSession, environment: Environment) -> object:
    from dex_dbutils.utilities import get_dbutils

    return get_dbutils(spark, environment)
