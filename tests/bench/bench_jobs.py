"""100 jobs of three tasks at once on one engine, beside the same work in plain processes without dex.

``python3 dev.py bench jobs [--jobs N] [--runs N] [--processes N]``

Every task is a Python file that opens a session, writes or reads a table and counts. Beside it run the same files in
plain processes, as many at a time, job after job in the same order. Both count what they wrote.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from harness import Bench, packages

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine_fixture import engine_project

DEX = Path(sys.executable).with_name("dex")
TASK = """\
import sys
from dex_dbutils import get_session
step, job = sys.argv[1], int(sys.argv[2])
session = get_session("local")
layers = {"bronze": None, "silver": "bronze", "gold": "silver"}
source = layers[step]
rows = session.spark.range(1000 + job) if source is None else session.read(source, f"{sys.argv[3]}_{job}")
rows.write.mode("overwrite").saveAsTable(session.table(step, f"{sys.argv[3]}_{job}"))
found = session.read(step, f"{sys.argv[3]}_{job}").count()
assert found == 1000 + job, found
"""
STEPS = ("bronze", "silver", "gold")
#: Least throughput, in units of that without dex; most memory of a waiting job and of the engine at the end, in MB.
LEAST, MOST, MOST_ENGINE = 0.8, 5.0, 2000.0


def bundle(project: Path, jobs: int) -> None:
    """Write a bundle of jobs with three tasks each, one after the other."""
    (project / "task.py").write_text(TASK)
    lines = ["bundle: {name: bench}", "targets: {dev: {mode: development, default: true}}", "resources:", "  jobs:"]
    for job in range(jobs):
        lines += [
            f"    job{job}:",
            f"      name: job{job}",
            '      environments: [{environment_key: default, spec: {environment_version: "4"}}]',
            "      tasks:",
        ]
        for at, step in enumerate(STEPS):
            waits = f"[{{task_key: {STEPS[at - 1]}}}]" if at else "[]"
            lines += [
                f"        - task_key: {step}",
                "          environment_key: default",
                f"          depends_on: {waits}",
                f'          spark_python_task: {{python_file: ./task.py, parameters: [{step}, "{job}", dex]}}',
            ]
    (project / "databricks.yml").write_text("\n".join(lines) + "\n")


def with_dex(project: Path, jobs: int, processes: int) -> float:
    """Return seconds of all jobs at once."""
    words = [DEX, "job", "run", *(f"job{n}" for n in range(jobs)), "--max-parallel", processes, "--json"]
    before = time.perf_counter()
    runner = subprocess.Popen(
        [*map(str, words), "--project", str(project)], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    out, _ = runner.communicate()
    took = time.perf_counter() - before
    runs = json.loads(out)
    runs = runs if isinstance(runs, list) else [runs]
    wrong = [run["key"] for run in runs if run["result"] != "SUCCESS"]
    assert not wrong, f"{len(wrong)} jobs did not end well: {wrong[:5]}"
    return took


def engine_memory(project: Path) -> float:
    """Return the MB that the engine holds."""
    pid = json.loads((project / ".dex/engine/sail.json").read_text())["pid"]
    return float(psutil.Process(pid).memory_info().rss / 1e6)


def memory(project: Path, jobs: int) -> float:
    """Return the MB that a job which waits for its turn costs its runner: of all jobs less one, none of which may begin."""
    code = (
        "import sys, resource; from pathlib import Path; from dex_dbutils.config import find_project;"
        "from dex.bundle import load_bundle; from dex.jobs.local import settings_of; from dex.jobs.records import new_record;"
        "p = find_project(Path(sys.argv[1])); b = load_bundle(p.root);"
        "first = new_record(p, *settings_of(b, 'job0'), {}, 'local');"
        "before = int(Path('/proc/self/statm').read_text().split()[1]);"
        "kept = [new_record(p, *settings_of(b, f'job{n}'), {}, 'local') for n in range(int(sys.argv[2]))];"
        "print((int(Path('/proc/self/statm').read_text().split()[1]) - before) * resource.getpagesize() / 1e6)"
    )
    done = subprocess.run([sys.executable, "-c", code, project, str(jobs)], capture_output=True, text=True, check=True)
    return float(done.stdout) / jobs


def without(project: Path, jobs: int, processes: int) -> float:
    """Return seconds of the same work in plain processes."""
    environment = {**os.environ, "DEX_PROJECT": str(project)}

    def one(job: int) -> None:
        for step in STEPS:
            words = [sys.executable, project / "task.py", step, str(job), "plain"]
            subprocess.run(words, cwd=project, env=environment, check=True, capture_output=True)

    before = time.perf_counter()
    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(one, range(jobs)))
    return time.perf_counter() - before


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--processes", type=int, default=max(2, os.cpu_count() or 2))
    arguments = parser.parse_args(argv)
    bench = Bench("jobs", versions=packages(["dexkit", "pyspark-client"]))
    each = 3 * arguments.jobs
    waiting = held = 0.0
    for _ in range(arguments.runs):  # an engine each: one that has served hundreds of sessions is slower
        with tempfile.TemporaryDirectory() as folder, engine_project(Path(folder) / "trial") as project:
            bundle(project, arguments.jobs)
            bench.add("dex job run, a task", with_dex(project, arguments.jobs, arguments.processes) / each)
            held = max(held, engine_memory(project))
            waiting = max(waiting, memory(project, arguments.jobs))
        with tempfile.TemporaryDirectory() as folder, engine_project(Path(folder) / "trial") as project:
            bundle(project, arguments.jobs)
            bench.add("plain processes, a task", without(project, arguments.jobs, arguments.processes) / each)
    ratio = bench.ratio("dex job run, a task", "plain processes, a task")
    return bench.finish(
        targets={
            "time of a task, in units of plain processes": (ratio, 1 / LEAST),
            "memory of a waiting job, MB": (waiting, MOST),
            "memory of the engine after it, MB": (held, MOST_ENGINE),
        }
    )


if __name__ == "__main__":
    sys.exit(main())
