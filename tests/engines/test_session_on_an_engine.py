"""A session on a real engine: shared in a process, honest when the engine dies, and ended by an interrupt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from dex import session as binding
from dex.engines import engine_for
from dex_dbutils import DexError, EngineError, Session, get_session, get_spark, load_environment
from dex_dbutils.session import close_session, interruptible, use_environment
from support import ROOT, make_venv, run, uv

LONG = "select count(*) from range(400000) a join range(400000) b on (a.id * b.id) % 7919 = 13"
LONG_AND_CANCELLABLE = "select sum(sin(id) * cos(id)) from range(40000000000)"


def engine_process(session: Session) -> psutil.Process:
    pid = engine_for(session.environment).status().pid
    assert pid is not None
    return psutil.Process(pid)


def comes_to_rest(process: psutil.Process) -> None:
    """Return when a process computes no more; fail if it still does after ten seconds."""
    for _ in range(20):
        if process.cpu_percent(0.5) < 10:
            return
    raise AssertionError("the engine still computes")


def later(seconds: float, act: Callable[[], None]) -> threading.Thread:
    def target() -> None:
        time.sleep(seconds)
        act()

    thread = threading.Thread(target=target)
    thread.start()
    return thread


def test_threads_of_a_process_share_one_session_per_environment(project: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        sessions = list(pool.map(lambda i: get_session(("local", "lab")[i % 2]), range(16)))
    assert len({id(s) for s in sessions}) == 2
    assert get_spark("lab") is sessions[1].spark
    assert sessions[0].spark.range(3).count() == sessions[1].spark.range(3).count() == 3


def test_the_session_asked_for_last_is_the_one_that_spark_finds(project: Path) -> None:
    from pyspark.sql.connect.session import SparkSession

    local = get_session("local")
    assert SparkSession.getActiveSession() is local.spark
    lab = get_session("lab")
    assert SparkSession.getActiveSession() is lab.spark
    assert get_session() is local  # the project's default
    use_environment(lab.environment)
    try:
        assert get_session() is lab  # what a notebook has bound
    finally:
        use_environment(None)


def test_functions_of_a_notebook_run_on_the_engine(session: Session) -> None:
    from pyspark.sql import functions as F

    get_session(session.environment)  # the active one again, after tests that closed theirs
    double = F.udf(lambda x: x * 2, "bigint")
    assert [row[0] for row in session.spark.range(3).select(double("id")).collect()] == [0, 2, 4]


def test_an_engine_killed_under_a_query_is_told_at_once_and_comes_back_with_all_tables(project: Path) -> None:
    here = get_session("local")
    here.spark.range(5).write.saveAsTable(here.table("bronze", "five"))
    get_session("lab").spark.range(6).write.saveAsTable("lab.gold.six")
    killed: list[float] = []

    def kill() -> None:
        engine_process(here).kill()
        killed.append(time.monotonic())

    thread = later(1.0, kill)
    with pytest.raises(EngineError) as caught:
        here.spark.sql(LONG).collect()
    assert time.monotonic() - killed[0] < 5
    thread.join()
    assert caught.value.code == "DEX-ENGINE-06"
    assert "ended while it worked" in caught.value.what
    assert "%dex_env local" in str(caught.value)
    assert str(project / ".dex/logs/engine-sail.log") in str(caught.value)
    with pytest.raises(EngineError):
        here.spark.range(3).count()

    again = get_session("local")
    assert again.read("bronze", "five").count() == 5
    assert get_session("lab").read("gold", "six").count() == 6


def test_an_engine_stopped_between_two_cells_is_not_said_to_have_died_at_work(project: Path) -> None:
    from dex.status import snapshot

    bound = binding.bind("local")
    assert bound.spark.range(3).count() == 3
    assert snapshot({}).session.state == "ready"
    engine_for(bound.environment).stop()
    lost = snapshot({}).session
    assert (lost.state, "%dex_env local" in lost.message) == ("lost", True)
    for work in (lambda: bound.spark.range(3).count(), lambda: bound.spark.sql("select 1").collect()):
        with pytest.raises(EngineError) as caught:
            work()
        assert caught.value.code == "DEX-ENGINE-06"
        assert "is not there" in caught.value.what
    assert binding.bind("local").spark.range(3).count() == 3
    assert snapshot({}).session.state == "ready"


def test_functions_find_the_bound_session_again_after_another_was_closed(project: Path) -> None:
    from pyspark.sql import functions as F

    here = get_session("local")
    lab = get_session("lab")
    close_session(lab.environment)
    double = F.udf(lambda value: value * 2, "long")
    assert [row[0] for row in here.spark.range(3).select(double("id")).collect()] == [0, 2, 4]


def test_an_engine_restarted_on_the_same_port_is_not_mistaken_for_the_old_one(project: Path) -> None:
    here = get_session("local")
    here.spark.range(5).createOrReplaceTempView("mine")
    port = int(here.engine["url"].rpartition(":")[2])
    fixed = here.environment.model_copy(update={"engine": here.environment.engine.model_copy(update={"port": port})})
    engine_for(fixed).restart()
    with pytest.raises(EngineError) as caught:
        here.spark.sql("select current_timezone()").collect()
    assert caught.value.code in {"DEX-SESSION-05", "DEX-ENGINE-06"}
    again = get_session(here.environment)
    assert again is not here
    assert again.engine["url"] == here.engine["url"]
    assert again.spark.range(2).count() == 2


def test_an_interrupt_ends_the_operation_on_the_engine(project: Path) -> None:
    here = get_session("local")
    process = engine_process(here)
    used: list[float] = []

    def interrupt() -> None:
        used.append(sum(process.cpu_times()[:2]))
        os.kill(os.getpid(), signal.SIGINT)

    before = sum(process.cpu_times()[:2])
    thread = later(1.5, interrupt)
    with pytest.raises(KeyboardInterrupt):
        here.spark.sql(LONG_AND_CANCELLABLE).collect()
    thread.join()
    assert used[0] - before > 0.1  # it did compute
    comes_to_rest(process)
    assert here.spark.range(3).count() == 3


def test_an_interrupt_between_two_answers_ends_what_runs_in_other_threads(project: Path) -> None:
    here = get_session("local")
    failed: list[BaseException] = []

    def query() -> None:
        try:
            here.spark.sql(LONG_AND_CANCELLABLE).collect()
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    thread = threading.Thread(target=query)
    with pytest.raises(KeyboardInterrupt), interruptible(here.spark):
        thread.start()
        time.sleep(1.0)
        raise KeyboardInterrupt
    thread.join(10)
    assert not thread.is_alive()
    assert failed


def test_an_environment_that_names_an_address_attaches_to_it(project: Path) -> None:
    url = get_session("local").engine["url"]
    (project / "config/there.yaml").write_text(
        f"kind: development\nengine: {{type: connect, url: '{url}'}}\ncatalog: local\n"
    )
    there = get_session("there")
    assert there.engine["type"] == "connect"
    assert there.spark.range(4).count() == 4
    assert not (project / ".dex/warehouse/there").exists()


def test_an_address_where_nothing_answers_fails_fast(project: Path) -> None:
    (project / "config/nowhere.yaml").write_text(
        "kind: development\nengine: {type: connect, url: 'sc://127.0.0.1:9'}\ncatalog: dev\n"
    )
    started = time.monotonic()
    with pytest.raises(EngineError) as caught:
        get_session("nowhere")
    assert time.monotonic() - started < 10
    assert caught.value.code == "DEX-ENGINE-06"
    assert "sc://127.0.0.1:9" in str(caught.value)


def test_a_changed_configuration_gets_a_new_session(project: Path) -> None:
    first = get_session(load_environment("local"))
    (project / "config/local.yaml").write_text(
        "kind: local\nengine: {type: sail}\ncatalog: local\nparameters: {year: 2014}\n"
    )
    second = get_session("local")
    assert second is not first
    assert second.parameters == {"year": 2014}
    close_session(second.environment)


ALONE = """
import sys
from dex_dbutils import get_session
from dex_dbutils.catalog import list_tables

try:
    import dex
    sys.exit("dexkit is installed here")
except ImportError:
    pass
lab = get_session("lab")
print(lab.read("gold", "numbers").count())
lab.spark.range(8).write.saveAsTable(lab.table("silver", "more"))
print([t.name for t in list_tables(lab.environment)], lab.engine["type"])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"engine": "spark"}, "DEX-SESSION-01"),
        ({"engine": "nosuch"}, "DEX-CONFIG-07"),
        ({"engine": "connect"}, "DEX-CONFIG-07"),
        ({"confirm": "yes"}, "DEX-GUARD-08"),
    ],
    ids=str,
)
def test_what_was_bound_still_works_after_a_binding_that_failed(
    project: Path, arguments: dict[str, str], code: str
) -> None:
    bound = binding.bind("local")
    bound.spark.range(3).createOrReplaceTempView("kept")
    for name in ("local", "lab"):
        with pytest.raises(DexError) as caught:
            binding.bind(name, **arguments)  # type: ignore[arg-type]
        assert caught.value.code == code
        assert caught.value.remedy
    assert binding.state().state == "ready"
    assert binding.current() is bound
    assert get_session() is bound
    assert bound.spark.table("kept").count() == 3
    from pyspark.sql.connect.session import SparkSession

    assert SparkSession.active() is bound.spark


def test_the_library_alone_works_on_an_engine_given_by_spark_remote(project: Path, tmp_path: Path) -> None:
    here = get_session("lab")
    here.spark.range(7).write.saveAsTable(here.table("gold", "numbers"))
    uv("build", "-q", "--wheel", "-o", tmp_path, ROOT / "dbutils_lib")
    constraints = ("-c", ROOT / "constraints.txt")
    python = make_venv(
        tmp_path / "venv", Path(sys.executable), *constraints, next(tmp_path.glob("*.whl")), "pyspark-client"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith("DEX_")}
    printed = run([python, "-c", ALONE], cwd=project, env={**env, "SPARK_REMOTE": here.engine["url"]})
    assert printed.splitlines() == ["7", "['more', 'numbers'] sail"]
    assert here.read("silver", "more").count() == 8

    without = subprocess.run(
        [python, "-c", ALONE],
        cwd=project,
        env={k: v for k, v in env.items() if k != "SPARK_REMOTE"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert without.returncode != 0
    assert "DEX-SESSION-01" in without.stderr
    assert "SPARK_REMOTE" in without.stderr
