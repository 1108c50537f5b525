"""One profile beside what a person would run instead: ``summary()`` with distinct counts on the same engine, and DuckDB.

``python3 dev.py bench profile [--rows 1000000 10000000] [--runs N]``

Every contestant reads the same Parquet file; rounds alternate between them. The profile gives more than either rival:
top values, quantiles with bounds, lengths, patterns, sample rows. Beside the times: how often the engine read the input
(bytes that its process read, over the size of the file), how many rows came through, and how far this process grew.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import psutil
from harness import Bench, packages

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine_fixture import engine_project

#: 3 long, 4 int, 4 double, 1 decimal, 5 string (one with all values different), timestamp, date, boolean.
COLUMNS = """
    i as id, (hash(i) % 9000000000)::bigint as reference, (hash(i + 20) % 200000)::bigint as account,
    (hash(i + 1) % 100)::int as quantity, (hash(i + 2) % 12 + 1)::int as month,
    case when hash(i + 3) % 20 = 0 then null else (hash(i + 4) % 50000)::int end as store,
    (hash(i + 6) % 2001)::int - 1000 as change,
    (hash(i + 7) % 1000000) / 1000.0::double as price, ln(1 + (hash(i + 8) % 1000000))::double as weight,
    case when hash(i + 9) % 50 = 0 then 'nan'::double else (hash(i + 10) % 100000) / 7.0::double end as ratio,
    sin(i)::double as wave, ((hash(i + 11) % 100000000) / 100.0)::decimal(12, 2) as amount,
    ['north', 'south', 'east', 'west'][(hash(i + 12) % 4)::int + 1] as region,
    'SKU-' || (hash(i + 13) % 100000) as sku, md5(i::varchar) as digest,
    case when hash(i + 14) % 30 = 0 then '' when hash(i + 14) % 31 = 0 then null
         else 'customer ' || (hash(i + 15) % 5000) end as customer,
    ['ok', 'late', 'lost'][(hash(i + 16) % 3)::int + 1] as status,
    timestamp '2023-01-01' + to_seconds(i) as at, date '2020-01-01' + (hash(i + 17) % 1500)::int as day,
    hash(i + 18) % 3 = 0 as flag
"""
DEX, SUMMARY, SUMMARIZE = "dex.profile", "summary() + approx_count_distinct", "DuckDB SUMMARIZE"
#: MiB that this process may grow while it profiles, whatever the rows.
MEMORY = 200.0


def make_file(path: Path, rows: int, threads: int) -> None:
    """Write the table to a Parquet file."""
    with duckdb.connect(config={"threads": threads}) as database:
        database.execute(f"copy (select {COLUMNS} from range({rows}) t(i)) to '{path}' (format parquet)")


def summarize(path: Path, threads: int) -> int:
    """Run DuckDB's summary; return its number of rows, one a column."""
    with duckdb.connect(config={"threads": threads}) as database:
        return len(database.execute(f"summarize select * from read_parquet('{path}')").fetchall())


def summary(spark: Any, path: Path) -> int:
    """Run the engine's summary and the distinct counts that it leaves out."""
    from pyspark.sql import functions as F

    frame = spark.read.parquet(str(path))
    found = len(frame.summary().collect())
    # Sail has no distinct count of floating-point columns; a hash of them has as many values
    floats = {name for name, kind in frame.dtypes if kind in ("double", "float")}
    counts = [F.approx_count_distinct(F.xxhash64(n) if n in floats else F.col(n)).alias(n) for n in frame.columns]
    return found + len(frame.agg(*counts).collect()[0])


class Growth:
    """How far this process grows while a block runs, in MiB, looked at every 5 ms."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.before = self.peak = 0

    def __enter__(self) -> Growth:  # noqa: PYI034
        self.before = self.peak = self._process.memory_info().rss
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.005):
            self.peak = max(self.peak, self._process.memory_info().rss)

    @property
    def mib(self) -> float:
        """The growth so far."""
        return (self.peak - self.before) / 2**20


def read_bytes(pid: int) -> int:
    """Return how many bytes a process and its children have read, page cache included."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(int(process.io_counters().read_chars) for process in processes)


def seconds(call: Callable[[], object]) -> float:
    """Return the wall time of a call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def measure(bench: Bench, spark: Any, pid: int, path: Path, label: str, runs: int, threads: int) -> dict[str, Any]:
    """Run all contestants on one file; return what the first profile was seen to read and need."""
    from dex_dbutils import profile

    size = path.stat().st_size
    before = read_bytes(pid)
    with Growth() as growth:
        found = profile(spark.read.parquet(str(path)), name=label)  # also warms the page cache for everybody
    seen = {
        "rows seen": found.rows,
        "scans": found.scans,
        "bytes read / size of the file": round((read_bytes(pid) - before) / size, 2),
        "growth of this process, MiB": round(growth.mib, 1),
    }
    again = [profile(spark.read.parquet(str(path)), name=label).to_dict() for _ in range(1)]
    seen["same bytes in two runs"] = all(one == found.to_dict() for one in again)
    for _ in range(runs):
        bench.add(f"{DEX}, {label}", seconds(lambda: profile(spark.read.parquet(str(path)))))
        bench.add(f"{SUMMARIZE}, {label}", seconds(lambda: summarize(path, threads)))
        bench.add(f"{SUMMARY}, {label}", seconds(lambda: summary(spark, path)))
    print(f"{label}: {seen}", flush=True)
    return seen


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args(argv)
    threads = os.cpu_count() or 2
    bench = Bench("profile", versions=packages(["pyspark-client", "duckdb", "pyarrow", "numpy"]))
    targets: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder, engine_project(Path(folder) / "trial"):
        from dex.engines import engine_for
        from dex_dbutils import get_session, load_environment

        environment = load_environment("local")
        spark = get_session(environment).spark
        status = engine_for(environment).status()
        bench.versions["sail"] = status.version
        for rows in arguments.rows:
            label = f"{rows // 1_000_000} M rows" if rows >= 1_000_000 else f"{rows} rows"
            path = Path(folder) / f"{rows}.parquet"
            make_file(path, rows, threads)
            seen = measure(bench, spark, status.pid, path, label, arguments.runs, threads)
            bench.notes[label] = seen
            path.unlink()
            for rival in (SUMMARY, SUMMARIZE):
                ratio = bench.ratio(f"{DEX}, {label}", f"{rival}, {label}")
                bench.notes[f"{label}: dex / {rival}"] = round(ratio, 2)
            if rows >= 10_000_000:
                ratio = bench.ratio(f"{DEX}, {label}", f"{SUMMARIZE}, {label}")
                targets[f"{label}: times DuckDB's SUMMARIZE"] = (ratio, 2.0)
            targets[f"{label}: bytes read, in sizes of the file"] = (seen["bytes read / size of the file"], 1.5)
            targets[f"{label}: growth of this process, MiB"] = (seen["growth of this process, MiB"], MEMORY)
            targets[f"{label}: rows seen, in rows of the file"] = (seen["rows seen"] / rows, 1.0)
            targets[f"{label}: two runs differ"] = (0.0 if seen["same bytes in two runs"] else 1.0, 0.0)
    return bench.finish(targets=targets)


if __name__ == "__main__":
    sys.exit(main())
