"""Running a notebook as a task: a kernel of its own, parameters put in, the executed copy kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from dex_dbutils import NotebookError, Where
from dex_dbutils.config import find_project, load_environment
from pydantic import BaseModel, ConfigDict

from dex.files import write_atomically
from dex.notebook.executable import Executable, executable
from dex.notebook.failures import cell_failed, show_exit
from dex.notebook.reading import read_notebook
from dex.redaction import redaction_here

Progress = Callable[[str], None]
Outcome = Literal["succeeded", "failed", "interrupted"]

#: Seconds that a cell may take to end after an interrupt, before its kernel is ended.
INTERRUPT_SECONDS = 10.0
#: Longest folder for sockets on this machine's own file system; their whole path must stay below 104 characters.
SOCKET_PATH = 80
#: Seconds that a kernel may take to start.
START_SECONDS = 90


class RunReport(BaseModel):
    """How a run ended.

    Attributes:
        notebook: its path, as it was given.
        outcome: always ``succeeded`` in a report; the other ends raise.
        cells: code cells that ran.
        seconds: wall time, the kernel's start included.
        value: what the notebook handed to ``dbutils.notebook.exit``.
        environment: environment that was asked for.
        parameters: values that were put in.
        out: where the executed notebook is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    notebook: str
    outcome: Outcome
    cells: int
    seconds: float
    value: str | None = None
    environment: str | None = None
    parameters: dict[str, Any] = {}
    out: str | None = None


def run_notebook(
    path: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
    out: Path | None = None,
    environment: str | None = None,
    progress: Progress | None = None,
) -> RunReport:
    """Run a notebook in a kernel of its own, with this Python, and return how it ended.

    The kernel works in the notebook's folder. The run ends with the first cell that fails; the executed notebook is
    written also then, as far as it came, and after an interrupt.

    Args:
        path: an .ipynb or a Databricks source file.
        parameters: values by name: set below the cell tagged ``parameters``, and the values of widgets.
        texts: what widgets give, where it is not the text of the parameter's value: ``1.50`` of the number 1.5.
        out: where to write the executed notebook; secrets of the project are hidden there.
        environment: environment to bind instead of the one that the notebook's ``%dex_env`` names.
        progress: told of every cell that begins.

    Raises:
        NotebookError: DEX-NOTEBOOK-01 to -06, the notebook or a parameter cannot be used; DEX-NOTEBOOK-08, a cell
            failed; DEX-NOTEBOOK-09, the kernel could not be started or died.
        ConfigError: there is no such environment.
        KeyboardInterrupt: the run was interrupted; its kernel has ended.
    """
    if environment is not None:
        load_environment(environment, start=path.resolve().parent)  # a wrong name fails before a kernel starts
    from dex.databricks import check_runnable, counts_on_databricks

    given = dict(parameters or {})
    notebook = read_notebook(path)
    if counts_on_databricks(notebook):
        project = find_project(path.resolve().parent)
        check_runnable(notebook, project.root if project.exists else None)
    prepared = executable(notebook, given, environment)
    started = time.perf_counter()
    run = _Run(
        prepared,
        path,
        out,
        _kernel_environment(path, {**given, **(texts or {})}, environment),
        progress or (lambda _: None),
    )
    error: BaseException | None = None
    try:
        run.to_its_end()
    except BaseException as caught:  # noqa: BLE001 - told to the ledger, then raised
        error = caught
    seconds = time.perf_counter() - started
    try:
        if out is not None:
            prepared.change_outputs(redaction_here(path.resolve().parent).tree)
            write_atomically(out, prepared.text())
    finally:
        outcome: Outcome = (
            "succeeded" if error is None else "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        )
        _tell_ledger(path, prepared.environment, outcome, given, run, seconds, error)
        if error is not None:
            raise error
    return RunReport(
        notebook=str(path),
        outcome=outcome,
        cells=run.done,
        seconds=seconds,
        value=run.value,
        environment=environment,
        parameters=given,
        out=str(out) if out is not None else None,
    )


class _Interrupted(Exception):
    """The person ended the run; a KeyboardInterrupt would end the event loop before the kernel has ended."""


class _Run:
    """One run; its event loop has a thread of its own, so that it works inside a kernel as well."""

    def __init__(
        self, prepared: Executable, path: Path, out: Path | None, env: dict[str, str], progress: Progress
    ) -> None:
        self.done = 0
        self.value: str | None = None
        self._prepared = prepared
        self._path = path
        self._out = out
        self._env = env
        self._progress = progress
        self._loop: asyncio.AbstractEventLoop | None = None
        self._interrupted: asyncio.Event | None = None
        self._kill: asyncio.Event | None = None
        self._ended = threading.Event()
        self._error: BaseException | None = None

    def to_its_end(self) -> None:
        """Run all cells; raise what ended the run early."""
        thread = threading.Thread(target=self._thread, name="dex-run", daemon=True)
        thread.start()
        interrupts = 0
        with _termination_interrupts():
            while not self._ended.is_set():
                try:
                    self._ended.wait(0.2)  # not join: up to Python 3.12 an interrupted join takes the thread for dead
                except KeyboardInterrupt:
                    interrupts += 1
                    self._signal(self._interrupted if interrupts == 1 else self._kill)
        if interrupts and (self._error is None or isinstance(self._error, _Interrupted)):
            raise KeyboardInterrupt
        if self._error is not None:
            raise self._error

    def _signal(self, event: asyncio.Event | None) -> None:
        if self._loop is not None and event is not None:
            with contextlib.suppress(RuntimeError):  # it ended just now
                self._loop.call_soon_threadsafe(event.set)

    def _thread(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            self._error = error
        finally:
            self._ended.set()

    async def _run(self) -> None:
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, DeadKernelError

        self._loop = asyncio.get_running_loop()
        self._interrupted, self._kill = asyncio.Event(), asyncio.Event()
        folder = tempfile.mkdtemp(prefix="dex-")
        manager = AsyncKernelManager(
            kernel_spec_manager=_this_python(),
            kernel_name="python3",
            connection_file=f"{folder}/kernel.json",
            transport="ipc" if sys.platform != "win32" and len(folder) < SOCKET_PATH else "tcp",
        )
        client = NotebookClient(self._prepared.node, km=manager, timeout=None, startup_timeout=START_SECONDS)
        client.reset_execution_trackers()
        try:
            try:
                await client.async_start_new_kernel(env=self._env, cwd=str(self._path.resolve().parent))
                await client.async_start_new_kernel_client()
            except Exception as error:
                raise NotebookError(
                    "DEX-NOTEBOOK-09",
                    f"The kernel of {self._path.name} did not start: {error or type(error).__name__}.",
                    Where(str(self._path)),
                    "`python -m ipykernel --version` must work in this Python: pip install 'dexkit[lab]'.",
                ) from error
            total = len(self._prepared.code)
            for index, cell in self._prepared.code:
                self._progress(f"cell {self.done + 1} of {total}: {_first_line(cell['source'])}")
                try:
                    await self._cell(client, manager, cell, index)
                except CellExecutionError as error:
                    if error.ename == "NotebookExit":
                        self.done += 1
                        self.value = error.evalue
                        show_exit(cell)
                        return
                    where = Where(str(self._path), cell=self._prepared.number(index))
                    raise cell_failed(cell, where, error.ename, error.evalue, self._out) from None
                except DeadKernelError as error:
                    raise NotebookError(
                        "DEX-NOTEBOOK-09",
                        "The kernel died while the cell ran.",
                        Where(str(self._path), cell=self._prepared.number(index)),
                        "It may have run out of memory, or was killed.",
                    ) from error
                self.done += 1
        finally:
            await _end(client, manager, now=self._interrupted.is_set())
            shutil.rmtree(folder, ignore_errors=True)

    async def _cell(self, client: Any, manager: Any, cell: Any, index: int) -> None:
        """Run one cell; on an interrupt end the cell, and with it the operation of the engine, first."""
        assert self._interrupted is not None and self._kill is not None
        task = asyncio.ensure_future(client.async_execute_cell(cell, index))
        interrupted = asyncio.ensure_future(self._interrupted.wait())
        try:
            await asyncio.wait({task, interrupted}, return_when=asyncio.FIRST_COMPLETED)
            if not interrupted.done():
                await task
                return
            await manager.interrupt_kernel()
            killed = asyncio.ensure_future(self._kill.wait())
            await asyncio.wait({task, killed}, timeout=INTERRUPT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            killed.cancel()
            raise _Interrupted
        finally:
            interrupted.cancel()
            if not task.done():
                task.cancel()
            with contextlib.suppress(BaseException):
                if interrupted.done() and task.done():
                    task.exception()


@contextlib.contextmanager
def _termination_interrupts() -> Iterator[None]:
    """While it lasts, a process that is asked to end ends its run first, as after Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    alone = threading.current_thread() is threading.main_thread()
    if not alone or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


async def _end(client: Any, manager: Any, *, now: bool) -> None:
    """End a kernel, whatever state it is in."""
    if client.kc is not None:
        client.kc.stop_channels()
    if manager.has_kernel:
        with contextlib.suppress(Exception):
            await manager.shutdown_kernel(now=now)
        if manager.has_kernel and await manager.is_alive():
            await manager.shutdown_kernel(now=True)
    await manager.cleanup_resources(restart=False)


def _this_python() -> Any:
    """Return a kernel registry that knows this Python only: the one that has dex."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> Any:
            return KernelSpec(
                argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                display_name="Python 3",
                language="python",
            )

    return ThisPython()


def _kernel_environment(path: Path, parameters: Mapping[str, Any], environment: str | None) -> dict[str, str]:
    env = {**os.environ, "JPY_SESSION_NAME": str(path.resolve()), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    env.pop("DEX_PARAMETERS", None)
    if parameters:
        env["DEX_PARAMETERS"] = json.dumps(dict(parameters), default=str)
    if environment is not None:
        env["DEX_ENV"] = environment
    return env


def _first_line(source: str) -> str:
    return next((line.strip()[:60] for line in source.split("\n") if line.strip()), "")


def _tell_ledger(
    path: Path,
    environment: str | None,
    outcome: Outcome,
    parameters: Mapping[str, Any],
    run: _Run,
    seconds: float,
    error: BaseException | None,
) -> None:
    from dex.ledger import record

    project = find_project(path.resolve().parent)
    details: dict[str, Any] = {"cells": run.done, "parameters": dict(parameters)}
    if error is not None:
        details["error"] = str(error).splitlines()[0] if str(error) else type(error).__name__
    resolved = path.resolve()
    shown = resolved.relative_to(project.root).as_posix() if resolved.is_relative_to(project.root) else path.name
    record(
        project,
        kind="run",
        environment=environment or os.environ.get("DEX_ENV") or project.default_environment,
        status=outcome,
        summary=shown,
        seconds=round(seconds, 3),
        details=details,
    )
