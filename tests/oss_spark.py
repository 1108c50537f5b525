"""The vendor-neutral Spark itself, in an environment of its own: a rival for benches, an exact engine for tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SPARK = "4.2.0"


def spark_environment() -> Path:
    """Return the interpreter of an environment with a whole Spark and a kernel, made once in the cache."""
    from dex.engines import cache_dir
    from uv import find_uv_bin

    where = cache_dir() / "bench" / f"spark-{SPARK}-pipelines-py{sys.version_info.major}{sys.version_info.minor}"
    python = where / "bin/python"
    if not (where / ".complete").exists():
        print(f"installing pyspark {SPARK}; this happens once", flush=True)
        shutil.rmtree(where, ignore_errors=True)
        uv = find_uv_bin()
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, where], check=True)
        wanted = [f"pyspark[connect,pipelines]=={SPARK}", "ipykernel", "pandas<3"]
        subprocess.run([uv, "pip", "install", "-q", "--compile-bytecode", "--python", python, *wanted], check=True)
        (where / ".complete").touch()
    return python


@contextmanager
def spark_connect_server(folder: Path) -> Iterator[str]:
    """Yield the address of a Spark Connect server that runs while the block does."""
    if shutil.which("java") is None:
        pytest.skip("Java is not on this machine; Spark needs it")
    python = spark_environment()
    (home,) = python.parents[1].glob("lib/python*/site-packages/pyspark")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    conf = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.sql.warehouse.dir": folder / "warehouse",
        "spark.sql.shuffle.partitions": 2,
        "spark.ui.enabled": "false",
    }
    command = [home / "bin/spark-submit", "--master", "local[2]"]
    for key, value in conf.items():
        command += ["--conf", f"{key}={value}"]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
    env = {**os.environ, "SPARK_HOME": str(home), "PYSPARK_PYTHON": str(python)}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "spark.log").open("wb") as log:
        server = subprocess.Popen([str(c) for c in command], cwd=folder, env=env, stdout=log, stderr=log)
        try:
            _await_port(server, port, folder / "spark.log")
            yield f"sc://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


def _await_port(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError(f"Spark did not start:\n{log.read_text('utf-8', errors='replace')[-4000:]}")
