"""A session over Spark Connect: one channel that everybody's interceptors see, and a quiet one for dex's own errands."""

from __future__ import annotations

import getpass
import os
import uuid
from typing import Any, Callable

from dex_dbutils.config import Environment
from dex_dbutils.session.client import import_client
from dex_dbutils.session.interceptors import Asking, interceptors_for
from dex_dbutils.session.interrupt import call_within, in_thread, within
from dex_dbutils.session.lookup import is_listening
from dex_dbutils.session.opened import Opened

#: Seconds that an engine which accepts connections may take to answer the smallest question there is.
PROBE_SECONDS = 5.0
#: Seconds for the first answer; a server far away may have to start a session first.
ANSWER_SECONDS = 60.0
#: Settings of every session on an engine of this machine: what holds on Databricks as well.
LOCAL_SETTINGS = {"spark.sql.session.timeZone": "UTC", "spark.sql.sources.default": "delta"}


def open_connect(environment: Environment, attach: Callable[[], str], *, local: bool) -> Opened:
    """Return a session on a Spark Connect server.

    Args:
        environment: whose settings the session gets.
        attach: returns the server's address and starts the server where that is dex's to do.
        local: the server runs on this machine; its tables live in the environment's warehouse, which is registered.

    Raises:
        EngineError: DEX-SESSION-02, there is no Spark client in this Python; DEX-ENGINE-06, nothing answers there;
            whatever ``attach`` raises.
        DexError: DEX-CATALOG-01, the engine has no such catalog; DEX-CATALOG-02, the warehouse cannot be written.
    """
    url = _attach_while_importing(attach)
    from dex_dbutils.session.watch import MARKER, EngineWatch, gone

    if not is_listening(url):
        raise gone(environment, url, while_working=False)
    session_id = str(uuid.uuid4())
    watch = EngineWatch(environment, url)
    interceptors: list[Any] = [watch, *interceptors_for(environment)]
    quiet: Any | None = None
    if local:
        from dex_dbutils.catalog import follow_warehouse

        quiet = _session(url, session_id, [EngineWatch(environment, url)])
        follower = follow_warehouse(quiet, environment)
        interceptors.append(follower)
    spark = _session(url, session_id, interceptors)
    helper = quiet or spark
    settings = {**(LOCAL_SETTINGS if local else {}), **environment.engine.conf}
    if local:
        settings.setdefault("spark.sql.warehouse.dir", str(environment.warehouse))

    def introduce() -> str:
        helper.conf._set_all({**settings, MARKER: helper.session_id}, silent=True)
        watch.help_with(helper)
        return str(helper.version)

    try:
        version = call_within(ANSWER_SECONDS, introduce)
        if local:
            follower.prepare()
    except TimeoutError as error:
        raise gone(environment, url, while_working=False) from error
    except BaseException:
        within(1.0, lambda: _close(spark, quiet))
        raise

    for interceptor in interceptors:
        if isinstance(interceptor, Asking):
            interceptor.ask_through(spark)

    def is_alive() -> bool:
        try:
            return is_listening(url) and call_within(PROBE_SECONDS, watch.is_known)
        except Exception:  # noqa: BLE001  whatever it is, this session is of no use any more
            return False

    known = {"type": environment.engine.type, "url": url, "version": version}
    return Opened(spark, known, is_alive, lambda: _close(spark, quiet))


def _attach_while_importing(attach: Callable[[], str]) -> str:
    """Return the address; the engine starts while this thread imports the client, the longer of the two."""
    answer = in_thread(attach)
    import_client()  # an interrupt here leaves the engine's start to go on by itself
    return answer(None)


def _session(url: str, session_id: str, interceptors: list[Any]) -> Any:
    from pyspark.sql.connect.client import DefaultChannelBuilder
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    builder = DefaultChannelBuilder(url)
    if builder.session_id is None:
        builder.set("session_id", session_id)
    for interceptor in interceptors:
        builder.add_interceptor(interceptor)
    user = os.environ.get("SPARK_USER") or os.environ.get("USER") or _user()
    return ConnectSession(builder, userId=user)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return "dex"


def _close(spark: Any, quiet: Any) -> None:
    spark.stop()
    if quiet is not None:
        quiet.release_session_on_close = False
        quiet.stop()
