"""A person's view: real kernels, one engine."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from dex.engines import engine_for
from dex_dbutils import load_environment
from jupyter_client.manager import start_new_kernel

LONG = "spark.sql('select count(*) from range(400000) a join range(400000) b on (a.id * b.id) % 7919 = 13').collect()"
LONG_AND_CANCELLABLE = "spark.sql('select sum(sin(id) * cos(id)) from range(40000000000)').collect()"


class Notebook:
    """A kernel that cells are run in."""

    def __init__(self, client: Any, manager: Any) -> None:
        self.client = client
        self.manager = manager

    def run(self, code: str) -> tuple[str, str]:
        """Run a cell; return the status of its reply and all text that it put out."""
        texts: list[str] = []

        def keep(message: dict[str, Any]) -> None:
            content = message["content"]
            texts.append(content.get("text") or content.get("data", {}).get("text/plain") or "")
            texts.extend(content.get("traceback", []))

        reply = self.client.execute_interactive(code, timeout=120, output_hook=keep)
        return reply["content"]["status"], "\n".join(text for text in texts if text).strip()


@contextmanager
def notebook(project: Path) -> Iterator[Notebook]:
    manager, client = start_new_kernel(cwd=str(project))
    try:
        yield Notebook(client, manager)
    finally:
        client.stop_channels()
        if manager.is_alive():
            manager.shutdown_kernel(now=True)


def engine_pid(project: Path) -> int:
    pid = engine_for(load_environment("local", start=project)).status().pid
    assert pid is not None
    return pid


def test_a_cell_whose_engine_is_killed_says_what_to_do_and_that_works(project: Path) -> None:
    with notebook(project) as n:
        assert n.run("%load_ext dex\n%dex_env local")[0] == "ok"
        assert n.run("spark.range(5).write.saveAsTable(session.table('bronze', 'five'))")[0] == "ok"
        killed: list[float] = []

        def kill() -> None:
            time.sleep(1.0)
            os.kill(engine_pid(project), signal.SIGKILL)
            killed.append(time.monotonic())

        threading.Thread(target=kill).start()
        status, text = n.run(LONG)
        assert time.monotonic() - killed[0] < 5
        assert status == "error"
        assert "DEX-ENGINE-06" in text
        assert "%dex_env local" in text
        assert "Traceback" not in text
        assert n.run("%dex_env local")[0] == "ok"
        assert n.run("session.read('bronze', 'five').count()") == ("ok", "5")


def test_an_interrupted_cell_ends_on_the_engine_too(project: Path) -> None:
    with notebook(project) as n:
        n.run("%load_ext dex\n%dex_env local")
        process = psutil.Process(engine_pid(project))

        def interrupt() -> None:
            time.sleep(1.5)
            n.manager.interrupt_kernel()

        threading.Thread(target=interrupt).start()
        status, text = n.run(LONG_AND_CANCELLABLE)
        assert status == "error"
        assert "KeyboardInterrupt" in text
        assert any(process.cpu_percent(0.5) < 10 for _ in range(20)), "the engine still computes"
        assert n.run("spark.range(3).count()") == ("ok", "3")


def test_the_engine_outlives_a_kernel_that_is_shut_down_or_killed(project: Path) -> None:
    pid = engine_pid(project)
    with notebook(project) as first:
        first.run("%load_ext dex\n%dex_env local")
        first.run("spark.range(5).write.saveAsTable('local.bronze.five')")
        first.manager.shutdown_kernel()
    with notebook(project) as second:
        second.run("%load_ext dex\n%dex_env local")
        assert second.run("spark.table('local.bronze.five').count()") == ("ok", "5")
        second.manager.shutdown_kernel(now=True)
    assert engine_pid(project) == pid


def test_binding_outside_of_a_project_works_with_defaults(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("DEX_PROJECT", raising=False)
    folder = tmp_path / "just a folder"
    folder.mkdir()
    try:
        with notebook(folder) as n:
            assert n.run("%load_ext dex\n%dex_env local")[0] == "ok"
            assert n.run("spark.range(5).write.saveAsTable(session.table('silver', 'five'))")[0] == "ok"
            assert n.run("session.read('silver', 'five').count()") == ("ok", "5")
    finally:
        engine_for(load_environment("local", start=folder)).stop()
