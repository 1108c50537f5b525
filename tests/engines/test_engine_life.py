"""The engine starts, is shared, outlives its kernel, ends when idle, and survives what goes wrong around it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from dex.engines import engine_for
from dex.engines.process import is_there
from dex.engines.sail import SailEngine
from dex.engines.state import read_state
from dex_dbutils import EngineError, get_session, load_environment
from dex_dbutils.session import close_session
from engine_fixture import make_project

WAIT = 30.0


def wait_until(true: Callable[[], bool], seconds: float = WAIT) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def sail(project: Path, env: str = "local") -> SailEngine:
    engine = engine_for(load_environment(env, start=project))
    assert isinstance(engine, SailEngine)
    return engine


def pid(project: Path) -> int:
    found = sail(project).status().pid
    assert found is not None
    return found


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose engine does not run; the test stops what it starts."""
    project = make_project(tmp_path / "trial")
    monkeypatch.setenv("DEX_PROJECT", str(project))
    return project


def test_two_processes_share_one_engine_and_it_outlives_both(
    bare: Path, in_another_process: Callable[..., str]
) -> None:
    code = "from dex_dbutils import get_session; s = get_session('local'); print(s.engine['url'], s.spark.version)"
    try:
        first, second = in_another_process(code), in_another_process(code)
        assert first == second
        status = sail(bare).status()
        assert (status.state, status.url, status.spark) == ("running", first.split()[0], first.split()[1])
        process = psutil.Process(pid(bare))
        assert os.getpid() not in [parent.pid for parent in process.parents()]
    finally:
        sail(bare).stop()
    assert sail(bare).status().state == "stopped"
    assert not is_there(process)
    sail(bare).stop()  # a second time changes nothing


def test_many_that_start_it_at_once_get_the_same_one(bare: Path) -> None:
    code = "from dex.engines import attach_url; from dex_dbutils import load_environment; print(attach_url(load_environment('local')))"
    starters = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    try:
        urls = {starter.communicate(timeout=120)[0].strip() for starter in starters}
        assert len(urls) == 1
        assert urls.pop().startswith("sc://127.0.0.1:")
    finally:
        sail(bare).stop()


def test_a_killed_kernel_leaves_no_engine_beyond_its_idle_time(bare: Path) -> None:
    (bare / "config/local.yaml").write_text("kind: local\nengine: {type: sail, idle_minutes: 0.05}\ncatalog: local\n")
    code = (
        "import time; from dex_dbutils import get_session\n"
        "s = get_session('local'); print(s.spark.range(3).count(), flush=True); time.sleep(600)"
    )
    kernel = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert kernel.stdout is not None
    assert kernel.stdout.readline() == "3\n"
    engine = psutil.Process(pid(bare))
    time.sleep(4)  # longer than the idle time: a kernel that is attached keeps its engine
    assert engine.is_running()
    kernel.kill()
    kernel.wait()
    wait_until(lambda: not is_there(engine))
    assert sail(bare).status().state == "stopped"
    assert "ending" in sail(bare).log.read_text()


def test_a_large_engine_that_nobody_uses_begins_anew_for_the_next_one(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dex.engines.sail.RESTING_BYTES", 1)
    first = get_session("local")
    first.spark.range(3).write.saveAsTable("local.bronze.kept")
    engine = psutil.Process(pid(bare))
    close_session(first.environment)
    wait_until(lambda: not is_there(engine))
    assert "GB are held: ending" in sail(bare).log.read_text()
    assert get_session("local").spark.table("local.bronze.kept").count() == 3


def test_an_engine_whose_project_was_deleted_ends(bare: Path) -> None:
    sail(bare).start()
    engine = psutil.Process(pid(bare))
    (bare / ".dex/engine/sail.json").unlink()
    wait_until(lambda: not is_there(engine))


def test_state_of_a_dead_process_or_of_another_one_with_its_number_is_not_believed(bare: Path) -> None:
    engine = sail(bare)
    try:
        engine.start()
        path = bare / ".dex/engine/sail.json"
        written = path.read_text()
        os.kill(pid(bare), signal.SIGKILL)
        wait_until(lambda: engine.status().state == "stopped")
        path.write_text(written)
        assert engine.status().state == "stopped"

        another = {**json.loads(written), "pid": os.getpid(), "created": psutil.Process().create_time()}
        path.write_text(json.dumps(another))
        assert engine.status().state == "stopped"
        engine.stop()
        assert psutil.Process().is_running()  # this test is still here

        path.write_text("{half")
        engine.start()
        assert engine.status().state == "running"
    finally:
        engine.stop()


def test_an_engine_that_is_mute_is_replaced(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dex.engines.sail.ANSWER_SECONDS", 1.0)
    engine = sail(bare)
    try:
        engine.start()
        mute = pid(bare)
        stopped = psutil.Process(mute)
        os.kill(mute, signal.SIGSTOP)
        assert engine.status().state == "not answering"
        engine.start()
        assert pid(bare) != mute
        assert engine.status().state == "running"
        assert not is_there(stopped)
    finally:
        engine.stop()


def test_a_fixed_port_is_used_and_a_taken_one_is_named(bare: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (bare / "config/local.yaml").write_text(f"kind: local\nengine: {{type: sail, port: {port}}}\ncatalog: local\n")
        with pytest.raises(EngineError) as caught:
            sail(bare).start()
    assert caught.value.code == "DEX-ENGINE-07"
    assert str(port) in caught.value.what
    assert f"process {os.getpid()}" in caught.value.what
    assert caught.value.where is not None
    assert caught.value.where.key == "engine.port"
    engine = sail(bare)
    try:
        engine.start()
        assert engine.status().url == f"sc://127.0.0.1:{port}"
    finally:
        engine.stop()


def test_a_project_that_cannot_be_written_is_named(bare: Path) -> None:
    (bare / ".dex").write_text("a file where the folder should be")
    with pytest.raises(EngineError) as caught:
        sail(bare).start()
    assert caught.value.code == "DEX-ENGINE-08"
    assert str(bare / ".dex") in str(caught.value)


def test_the_engine_gets_no_token_and_deep_plans_do_not_kill_it(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_TOKEN", "not-for-the-engine")
    monkeypatch.setenv("OPENAI_API_KEY", "not-for-the-engine")
    engine = sail(bare)
    try:
        engine.start()
        environment = psutil.Process(pid(bare)).environ()
        assert "not-for-the-engine" not in environment.values()
        assert int(environment["SAIL_RUNTIME__STACK_SIZE"]) >= 64 * 2**20
        assert int(environment["TOKIO_WORKER_THREADS"]) >= 8
        from pyspark.sql import functions as F

        frame = get_session("local").spark.range(1)
        for i in range(300):
            frame = frame.withColumn(f"c{i}", F.lit(i))
        assert len(frame.collect()[0]) == 301
    finally:
        from dex_dbutils.session import close_session

        close_session(load_environment("local"))
        engine.stop()


def test_a_long_log_is_moved_aside_while_the_engine_goes_on(bare: Path, in_another_process: Callable[..., str]) -> None:
    (bare / "config/local.yaml").write_text("kind: local\nengine: {type: sail, idle_minutes: 0.1}\ncatalog: local\n")
    engine = sail(bare)
    engine.log.parent.mkdir(parents=True)
    engine.log.write_text("an old line\n" * 500_000)
    try:
        engine.start()
        wait_until(lambda: engine.log.with_name(f"{engine.log.name}.1").exists())
        assert engine.log.stat().st_size < 1_000_000
        in_another_process("from dex_dbutils import get_session; get_session('local').spark.range(1).count()")
        assert "creating session" in engine.log.read_text()
    finally:
        engine.stop()


def test_a_process_that_ends_before_it_is_ready_is_reported_with_its_log(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dex.engines.sail._sail_settings", lambda _: {"SAIL_CATALOG__LIST": "[{nonsense"})
    with pytest.raises(EngineError) as caught:
        sail(bare).start()
    assert caught.value.code == "DEX-ENGINE-05"
    assert caught.value.where is not None
    assert caught.value.where.file == str(bare / ".dex/logs/engine-sail.log")
    assert read_state(bare / ".dex/engine/sail.json") is None or sail(bare).status().state == "stopped"


def test_an_engine_of_somebody_else_is_not_ended(tmp_path: Path) -> None:
    project = make_project(
        tmp_path / "trial", dev="kind: development\nengine: {type: connect, url: 'sc://127.0.0.1:1'}\ncatalog: dev\n"
    )
    engine = engine_for(load_environment("dev", start=project))
    assert engine.status().state == "not answering"
    for act, code in (
        (engine.stop, "DEX-ENGINE-10"),
        (engine.restart, "DEX-ENGINE-10"),
        (engine.start, "DEX-ENGINE-06"),
    ):
        with pytest.raises(EngineError) as caught:
            act()
        assert caught.value.code == code


FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
from dex_dbutils import EngineError, get_session
spark = get_session("local").spark
spark.range(3).selectExpr("uuid() AS id").write.saveAsTable("local.bronze.t")
try:
    spark.range(2_000_000).selectExpr("uuid() AS id").write.mode("overwrite").saveAsTable("local.bronze.t")
except EngineError as error:
    print(error.code)
print(spark.table("local.bronze.t").count())
"""


def test_a_write_that_the_disk_does_not_take_is_told_and_loses_nothing(
    bare: Path, in_another_process: Callable[..., str]
) -> None:
    try:
        assert in_another_process(FULL).split() == ["DEX-ENGINE-11", "3"]
    finally:
        sail(bare).stop()
