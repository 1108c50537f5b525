"""Pins, probes and states of engines, without one."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from dex.engines.installing import without_credentials
from dex.engines.probe import spark_version
from dex.engines.process import NotStarted, scrubbed_environment, start_detached, tail
from dex.engines.sail import VERSION, requirements
from dex.engines.state import EngineState, live_state, to_json
from support import ROOT


def pins(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_the_engine_is_pinned_to_what_the_project_is_pinned_to() -> None:
    engine, project = pins(requirements()), pins((ROOT / "constraints.txt").read_text("utf-8"))
    assert engine["pysail"] == {VERSION}
    different = {name for name, versions in engine.items() if name in project and not versions <= project[name]}
    assert different == set()
    assert {"pyspark-client", "pandas", "pyarrow", "psutil"} <= set(engine)


def test_a_probe_asks_what_the_client_would_ask() -> None:
    from dex.engines import probe
    from pyspark.sql.connect.proto import base_pb2 as pb

    request = pb.AnalyzePlanRequest.FromString(probe._QUESTION)
    assert request.WhichOneof("analyze") == "spark_version"
    assert request.user_context.user_id == "dex"
    answer = pb.AnalyzePlanResponse(session_id=request.session_id, server_side_session_id=request.session_id)
    answer.spark_version.version = "4.2.0"
    assert probe._version_in(answer.SerializeToString()) == "4.2.0"


def test_a_server_that_takes_connections_and_says_nothing_costs_the_deadline_and_no_more() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        started = time.monotonic()
        assert spark_version(f"sc://127.0.0.1:{mute.getsockname()[1]}", 0.5) is None
        assert time.monotonic() - started < 5
    assert spark_version("sc://127.0.0.1:9", 5.0) is None


def test_a_state_is_believed_only_of_the_process_that_wrote_it(tmp_path: Path) -> None:
    me = psutil.Process()
    word = me.cmdline()[-1]
    state = EngineState(me.pid, me.create_time(), word, 1, "0", ["local"], 1.0)
    path = tmp_path / "sail.json"
    path.write_text(to_json(state))
    assert live_state(path) == state
    for wrong in ({"created": me.create_time() - 60}, {"marker": "another"}, {"pid": 2**22 + 1}):
        path.write_text(to_json(EngineState(**{**state.__dict__, **wrong})))
        assert live_state(path) is None
    path.write_text("[1, 2")
    assert live_state(path) is None
    path.write_text('{"pid": 1}')
    assert live_state(path) is None


def test_only_what_an_engine_needs_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_TOKEN", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("PYTHONPATH", "x")
    passed = scrubbed_environment({"SETTING": "1"})
    assert passed["PATH"] == os.environ["PATH"]
    assert passed["SETTING"] == "1"
    assert {"DATABRICKS_TOKEN", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH"} & set(passed) == set()


def test_a_process_that_ends_without_a_word_is_not_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    started = time.monotonic()
    command = ["sh", "-c", "echo what went wrong >&2; exit 3"]
    with pytest.raises(NotStarted):
        start_detached(command, env={"PATH": os.environ["PATH"]}, cwd=tmp_path, log=log, seconds=30)
    assert time.monotonic() - started < 10
    assert tail(log) == "what went wrong"


def test_an_address_in_a_message_has_no_password() -> None:
    assert without_credentials("cannot reach https://me:pw@index.example/simple") == (
        "cannot reach https://index.example/simple"
    )


def test_the_client_is_imported_once_in_the_background() -> None:
    from dex.engines import pre_import

    pre_import()
    pre_import()
    running = [thread for thread in threading.enumerate() if thread.name == "dex-pre-import"]
    assert len(running) <= 1
    assert all(thread.daemon for thread in running)
    for thread in running:
        thread.join(60)


def test_without_uv_the_error_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['uv'] = None\n"
        "from dex.engines import install\nfrom dex_dbutils import EngineError\n"
        "try:\n    install()\nexcept EngineError as error:\n    print(error)"
    )
    env = {"PATH": str(tmp_path), "DEX_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("DEX-ENGINE-01")
    assert "pip install 'dexkit[local]'" in done.stdout
