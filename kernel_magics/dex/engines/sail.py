"""Sail, the default engine of a laptop: one process per project, shared by its notebooks."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import psutil
from dex_dbutils import DexError, EngineError, Environment, Where, load_environment
from dex_dbutils.config import environment_names
from filelock import FileLock, Timeout

from dex.engines.installing import ensure_environment, interpreter_of, is_complete, python_minor
from dex.engines.model import EngineStatus
from dex.engines.probe import spark_version
from dex.engines.process import NotStarted, end, scrubbed_environment, start_detached, tail
from dex.engines.state import EngineState, live_state

VERSION = "0.7.2"
#: Seconds: for a new process to listen; for a living one to answer; to wait for another starter.
START_SECONDS, ANSWER_SECONDS, LOCK_SECONDS = 30.0, 10.0, 120.0
#: Deep plans overflow the default stack and end the process without a word; with 64 MiB they pass.
STACK_BYTES = 64 * 1024 * 1024
#: Seconds after which Sail forgets a session that asks nothing; its own default of 15 minutes loses a lunch break's work.
SESSION_SECONDS = 7 * 24 * 3600
#: Memory that an engine may hold while nobody is attached. Sail keeps some of every statement, see `WarehouseFollower`.
RESTING_BYTES = 2_000_000_000

Progress = Callable[[str], None]


def install_sail(progress: Progress | None = None) -> Path:
    """Return the folder of Sail's environment for this Python, made if it is not there.

    Raises:
        EngineError: DEX-ENGINE-01 to -04, it cannot be installed.
    """
    check = "import pysail.spark, pyspark, pandas, pyarrow, psutil"
    return ensure_environment(folder_name(), requirements(), check, progress)


def folder_name() -> str:
    """Return the name of Sail's folder in the cache."""
    return f"sail-{VERSION}-{python_minor()}"


def requirements() -> str:
    """Return the pinned requirements of Sail's environment."""
    return Path(__file__).with_name("sail-requirements.txt").read_text("utf-8")


class SailEngine:
    """The Sail process of an environment's project.

    Args:
        environment: any local environment of the project; all of them share the process.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.log = environment.project.dex_dir / "logs" / "engine-sail.log"
        self._folder = environment.project.dex_dir / "engine"
        self._state_path = self._folder / "sail.json"
        self._known: EngineState | None = None

    @property
    def url(self) -> str | None:
        """Address of the engine that `start` left running."""
        return self._known.url if self._known else None

    def start(self, progress: Progress | None = None) -> None:
        """Start the engine, or find it running; it answers when this returns.

        An engine that lives and does not answer is replaced; so is one that lacks the environment's catalog, unless
        somebody is attached to it.

        Raises:
            EngineError: DEX-ENGINE-01 to -05 and -07 to -10.
        """
        self._known = self._usable()
        if self._known is None:
            with self._locked():
                self._known = self._usable()
                if self._known is None:
                    self._end_useless(progress or (lambda _: None))
                    self._known = self._launch(progress)

    def stop(self) -> None:
        """End the engine; tables stay, temporary views go.

        Raises:
            EngineError: DEX-ENGINE-04, another process holds the engine's lock.
        """
        if live_state(self._state_path) is None and not self._state_path.exists():
            return
        with self._locked():
            self._stop()

    def restart(self, progress: Progress | None = None) -> None:
        """End the engine and start it again.

        Raises:
            EngineError: as `start`.
        """
        with self._locked():
            self._stop()
            self._known = self._launch(progress)

    def status(self) -> EngineStatus:
        """Return the state of the engine; asks it, for two seconds at most."""
        installed = is_complete(self._environment_folder, requirements())
        state = live_state(self._state_path)
        if state is None:
            return EngineStatus(type="sail", state="stopped", version=VERSION, installed=installed, log=self._log_text)
        spark = spark_version(state.url, 2.0)
        return EngineStatus(
            type="sail",
            state="running" if spark else "not answering",
            version=state.version,
            spark=spark,
            url=state.url,
            pid=state.pid,
            log=self._log_text,
            catalogs=state.catalogs,
            clients=_clients(state),
            idle_minutes=state.idle_minutes,
            installed=installed,
        )

    # -- parts ---------------------------------------------------------------------------------------------------------

    @cached_property
    def _environment_folder(self) -> Path:
        from dex.engines.cache import cache_dir

        return cache_dir() / "engines" / folder_name()

    @property
    def _log_text(self) -> str | None:
        return str(self.log) if self.log.exists() else None

    def _usable(self) -> EngineState | None:
        """Return the running engine if it answers and has the environment's catalog."""
        state = live_state(self._state_path)
        if state is None or self.environment.catalog not in state.catalogs:
            return None
        return state if spark_version(state.url, ANSWER_SECONDS) else None

    def _end_useless(self, say: Progress) -> None:
        """End an engine that lives but is of no use here; say so where that would take work from somebody."""
        state = live_state(self._state_path)
        if state is None:
            return
        if spark_version(state.url, ANSWER_SECONDS):
            clients = _lasting_clients(state)
            if clients:
                raise EngineError(
                    "DEX-ENGINE-09",
                    f"The running engine was started before catalog '{self.environment.catalog}' was configured, and "
                    f"{clients} connection{'s are' if clients > 1 else ' is'} open to it.",
                    Where(key="catalog"),
                    "Close the other notebooks or save their work, then: dex engine restart",
                )
            say(f"restarting the engine, which lacks catalog '{self.environment.catalog}'")
        else:
            say("restarting the engine, which does not answer")
        self._stop()

    def _stop(self) -> None:
        state = live_state(self._state_path)
        process = state.process() if state else None
        if process is not None:
            end(process)
        self._state_path.unlink(missing_ok=True)
        self._known = None

    def _launch(self, progress: Progress | None) -> EngineState:
        folder = install_sail(progress)
        port = self.environment.engine.port or 0
        _refuse_taken(port)
        catalogs = self._catalogs()
        marker = f"dex-engine-{uuid.uuid4().hex}"
        idle = self.environment.engine.idle_minutes
        settings = {
            "port": port,
            "path": str(self._state_path),
            "log": str(self.log),
            "resting_bytes": RESTING_BYTES,
            "state": {"version": VERSION, "catalogs": catalogs, "idle_minutes": idle},
        }
        host = Path(__file__).with_name("sail_host.py")
        command = [str(interpreter_of(folder)), "-I", str(host), marker, json.dumps(settings)]
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self._state_path.unlink(missing_ok=True)
            told = start_detached(
                command,
                env=scrubbed_environment(_sail_settings(catalogs)),
                cwd=self.environment.project.root,  # where relative paths begin, as in `dbutils.fs`
                log=self.log,
                seconds=START_SECONDS,
            )
        except NotStarted as error:
            _refuse_taken(port)
            raise self._did_not_start(str(error)) from error
        except OSError as error:
            raise self._not_writable(error) from error
        state = EngineState(**told)
        if spark_version(state.url, ANSWER_SECONDS) is None:
            raise self._did_not_start("it listens and does not answer")
        return state

    def _catalogs(self) -> list[str]:
        """Return the catalogs of all environments of the project; those whose files cannot be read are left out."""
        names = [self.environment.catalog]
        project = self.environment.project
        for name in environment_names(project) if project.exists else ():
            try:
                names.append(load_environment(name, start=project.root).catalog)
            except DexError:
                continue
        return list(dict.fromkeys(names))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock that every start and stop of this engine takes; it goes with its process, so it is never stale."""
        lock = FileLock(self._folder / "sail.lock")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout as error:
            raise EngineError(
                "DEX-ENGINE-04",
                f"Another process has been starting or stopping the engine for {LOCK_SECONDS:.0f} seconds.",
                self._folder / "sail.lock",
                "Look at what it does, end it, and try again.",
            ) from error
        except OSError as error:
            raise self._not_writable(error) from error
        try:
            yield
        finally:
            lock.release()

    def _not_writable(self, error: OSError) -> EngineError:
        return EngineError(
            "DEX-ENGINE-08",
            f"The engine cannot keep its files in the project: {error.strerror or error}.",
            self.environment.project.dex_dir,
            "Free some space or make the folder writable, or work in another folder.",
        )

    def _did_not_start(self, said: str) -> EngineError:
        last = said or tail(self.log, 3) or "it said nothing"
        return EngineError(
            "DEX-ENGINE-05",
            f"The engine did not start: {last}",
            self.log,
            "Read the log. If it does not help: dex engine install, then dex engine start",
        )


def _sail_settings(catalogs: list[str]) -> dict[str, str]:
    listed = ",".join(f'{{type="memory",name="{name}",initial_database=["default"]}}' for name in catalogs)
    return {
        # Sail computes on the threads that also answer; with two of them one heavy join silences it for everybody.
        "TOKIO_WORKER_THREADS": str(max(8, 2 * (os.cpu_count() or 1))),
        "SAIL_RUNTIME__STACK_SIZE": str(STACK_BYTES),
        "SAIL_SPARK__SESSION_TIMEOUT_SECS": str(SESSION_SECONDS),
        "SAIL_CATALOG__LIST": f"[{listed}]",
        "SAIL_CATALOG__DEFAULT_CATALOG": catalogs[0],
    }


def _refuse_taken(port: int) -> None:
    if port == 0:
        return
    with socket.socket() as trial:
        if sys.platform != "win32":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise EngineError(
                "DEX-ENGINE-07",
                f"Port {port} is taken{_holder(port)}.",
                Where(key="engine.port"),
                "End what holds it, set another engine.port, or leave it out: then any free port is taken.",
            ) from error


def _holder(port: int) -> str:
    """Return `` by NAME (process N)`` of who listens on a port, or nothing where the system does not tell."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        return ""
    return ""


def _lasting_clients(state: EngineState) -> int:
    """Return the connections that stay open; the one of the last probe takes a moment to close."""
    clients = _clients(state)
    deadline = time.monotonic() + 1.0
    while clients and time.monotonic() < deadline:
        time.sleep(0.05)
        clients = min(clients, _clients(state))
    return clients


def _clients(state: EngineState) -> int:
    process = state.process()
    if process is None:
        return 0
    try:
        found = process.net_connections("tcp")
    except psutil.Error:
        return 0
    return sum(bool(c.raddr) and c.laddr.port == state.port and c.status == "ESTABLISHED" for c in found)
