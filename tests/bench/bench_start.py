"""Fresh kernel to first row: dex beside bare Sail, OSS Spark Connect and classic pyspark, in real Jupyter kernels.

``python3 dev.py bench start [--runs N] [--without-spark]``

Every figure is the time from sending the first cell to a kernel that is up until its last cell's reply, unless it says
otherwise. The engine of a cold run is not running, its files are in the page cache as after any earlier use, and its
software is installed: what a person meets every morning. Rivals are measured round by round beside dex.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness import Bench, packages
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from oss_spark import SPARK, spark_environment

ROW = "assert spark.sql('select 1 as one').collect()[0].one == 1"
LOAD, BIND = "%load_ext dex", "%dex_env local"

#: What a person writes without dex. SAIL and SPARK_CONNECT start the server themselves, as dex does.
BARE_SAIL = """
import subprocess, sys, socket, time
server = subprocess.Popen([SAIL, "spark", "server", "--ip", "127.0.0.1", "--port", str(PORT)], env=SAIL_ENV,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
from pyspark.sql.connect.session import SparkSession
while True:
    try:
        socket.create_connection(("127.0.0.1", PORT)).close()
        break
    except OSError:
        time.sleep(0.005)
spark = SparkSession.builder.remote(f"sc://127.0.0.1:{PORT}").create()
"""
SPARK_CONNECT = """
from pyspark.sql import SparkSession
spark = (SparkSession.builder.remote("local[2]").config("spark.ui.enabled", "false")
         .config("spark.sql.shuffle.partitions", "2").getOrCreate())
"""
CLASSIC = """
from pyspark.sql import SparkSession
spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
         .config("spark.sql.shuffle.partitions", "2").getOrCreate())
"""


class Kernel:
    """A real kernel.

    Args:
        cwd: its working folder.
        python: interpreter to run it with; this one by default.
    """

    def __init__(self, cwd: Path, python: Path | None = None) -> None:
        started = time.perf_counter()
        command = [str(python or sys.executable), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(argv=command, language="python", display_name="bench")
        self.manager.start_kernel(cwd=str(cwd), stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)
        self.seconds_to_start = time.perf_counter() - started

    def run(self, *cells: str) -> float:
        """Run cells one after the other; return the seconds until the last one's reply."""
        started = time.perf_counter()
        for cell in cells:
            reply = self.client.execute_interactive(cell, timeout=300, output_hook=lambda _: None)
            if reply["content"]["status"] != "ok":
                raise RuntimeError("\n".join(reply["content"]["traceback"]) or str(reply["content"]))
        return time.perf_counter() - started

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@contextmanager
def kernel(cwd: Path, python: Path | None = None) -> Iterator[Kernel]:
    """Yield a fresh kernel."""
    made = Kernel(cwd, python)
    try:
        yield made
    finally:
        made.close()


def engine(project: Path, word: str) -> None:
    """Run ``dex engine WORD`` in a project."""
    subprocess.run([sys.executable, "-m", "dex", "engine", word], cwd=project, check=True, capture_output=True)


def dex_rounds(bench: Bench, project: Path) -> None:
    """Measure dex: engine cold, engine running and asked at once, engine running and asked three seconds later."""
    engine(project, "stop")
    with kernel(project) as k:
        bench.add("dex, engine cold", k.run(LOAD, BIND, ROW))
        bench.add("kernel itself", k.seconds_to_start)
    with kernel(project) as k:
        bench.add("dex, engine running", k.run(LOAD, BIND, ROW))
    with kernel(project) as k:
        bench.add("%load_ext dex", k.run(LOAD))
        time.sleep(3)
        bench.add("dex, engine running, 3 s after %load_ext", k.run(BIND, ROW))
    with kernel(project) as k:
        bench.add("import of the client alone", k.run("import pyspark.sql.connect.session"))


def bare_sail(bench: Bench, folder: Path, sail: Path) -> None:
    """Measure Sail and its client without dex: the engine's process starts, then the client is imported, then a row."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sail_env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TOKIO_WORKER_THREADS": "8"}
    with kernel(folder) as k:
        k.run(f"SAIL, PORT, SAIL_ENV = {str(sail)!r}, {port}, {sail_env!r}")
        bench.add("bare Sail and client", k.run(BARE_SAIL, ROW))
        k.run("server.kill(); server.wait()")


def rivals(bench: Bench, folder: Path, python: Path) -> None:
    """Measure OSS Spark Connect and classic pyspark."""
    for name, code in (("OSS Spark Connect", SPARK_CONNECT), ("classic pyspark", CLASSIC)):
        with kernel(folder, python) as k:
            bench.add(name, k.run(code, ROW))
            k.run("spark.stop()")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write; 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="dev.py bench start", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="rounds for dex and bare Sail")
    parser.add_argument("--rival-runs", type=int, default=2, help="rounds for OSS Spark")
    parser.add_argument("--without-spark", action="store_true", help="leave OSS Spark and its Java out")
    arguments = parser.parse_args(argv)
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""  # a person's machine writes byte code; the first round does so here
    from dex.engines import install

    sail = install(lambda message: print(message, flush=True)) / "bin/sail"
    bench = Bench("start", versions=packages(["dexkit", "pyspark-client", "ipykernel", "pandas", "pyarrow"]))
    bench.versions.update(sail="0.7.2", pyspark=SPARK)
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "flights"
        (project / "config").mkdir(parents=True)
        (project / "config/base.yaml").write_text("project: {name: flights, package: flights_etl}\n")
        warm_up = Bench("warm-up")
        try:
            dex_rounds(warm_up, project)
            bare_sail(warm_up, project, sail)
            for _ in range(arguments.runs):
                dex_rounds(bench, project)
                bare_sail(bench, project, sail)
            if not arguments.without_spark:
                python = spark_environment()
                rivals(warm_up, project, python)
                for _ in range(arguments.rival_runs):
                    rivals(bench, project, python)
        finally:
            engine(project, "stop")
    targets = {
        "cold, in units of bare Sail and client": (bench.ratio("dex, engine cold", "bare Sail and client"), 1.5),
        "engine running, at once": (bench.median("dex, engine running"), 1.0),
        "engine running, 3 s after %load_ext": (bench.median("dex, engine running, 3 s after %load_ext"), 0.2),
        "%load_ext dex": (bench.median("%load_ext dex"), 0.2),
    }
    beside = ["bare Sail and client"]
    if not arguments.without_spark:
        beside += ["OSS Spark Connect", "classic pyspark"]
        for rival in ("OSS Spark Connect", "classic pyspark"):
            targets[f"cold, in units of {rival}"] = (bench.ratio("dex, engine cold", rival), 0.2)
    return bench.finish(beside=beside, targets=targets)


if __name__ == "__main__":
    sys.exit(main())
