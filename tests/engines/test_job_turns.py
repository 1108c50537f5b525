"""A job runs as often at a time as it says, over all terminals of this machine."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from job_project import add_jobs

DEX = Path(sys.executable).with_name("dex")
BUNDLE = "bundle: {name: trial}\ninclude: [resources/*.yml]\ntargets: {dev: {mode: development, default: true}}\n"
JOBS = """\
resources:
  jobs:
    one:
      queue: {enabled: %s}
      environments: [{environment_key: default, spec: {environment_version: "4"}}]
      tasks: [{task_key: wait, environment_key: default, spark_python_task: {python_file: ../jobs/wait.py}}]
    other:
      environments: [{environment_key: default, spec: {environment_version: "4"}}]
      tasks: [{task_key: say, environment_key: default, spark_python_task: {python_file: ../jobs/say.py}}]
    outer:
      tasks: [{task_key: inner, run_job_task: {job_id: "${resources.jobs.one.id}"}}]
"""
WAIT = """\
import os, pathlib, time
root = pathlib.Path(os.environ["DEX_PROJECT"])
(root / "began").touch()
while not (root / "go").exists():
    time.sleep(0.05)
"""
SAY = "import os, pathlib\npathlib.Path(os.environ['DEX_PROJECT'], 'said').touch()\n"


@pytest.fixture
def shop(own_project: Path) -> Path:
    for name in ("began", "go", "said"):
        (own_project / name).unlink(missing_ok=True)
    jobs = {"resources/one.yml": JOBS % "false", "jobs/wait.py": WAIT, "jobs/say.py": SAY}
    return add_jobs(own_project, {"databricks.yml": BUNDLE, **jobs})


def start(shop: Path, *words: str) -> subprocess.Popen[str]:
    command = [DEX, "job", "run", *words, "--json", "--project", shop]
    return subprocess.Popen(command, cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(runner: subprocess.Popen[str]) -> tuple[int, Any]:
    told = runner.communicate(timeout=120)[0]
    return runner.returncode, json.loads(told)


def until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def test_a_second_run_of_a_job_is_refused_and_begins_nothing(shop: Path) -> None:
    first = start(shop, "one")
    until((shop / "began").exists)
    code, told = ended(start(shop, "other", "one"))
    assert (code, told["error"]["code"]) == (2, "DEX-JOB-14")
    assert not (shop / "said").exists()  # the other job of the same command has not begun either
    assert ended(start(shop, "other"))[0] == 0
    code, told = ended(start(shop, "outer"))
    assert code == 1
    assert "DEX-JOB-14" in told["tasks"]["inner"]["error"]
    (shop / "go").touch()
    assert ended(first)[0] == 0
    assert told["tasks"]["inner"]["error"] != ended(start(shop, "outer"))[1]["tasks"]["inner"]["error"]


def test_the_run_in_the_way_is_named_and_a_killed_one_is_none(shop: Path) -> None:
    first = start(shop, "one")
    until((shop / "began").exists)
    (shop / "began").unlink()
    where = ended(start(shop, "one"))[1]["error"]["where"]["file"]
    listed = subprocess.run(
        [DEX, "job", "runs", "--project", shop], capture_output=True, text=True, check=True, cwd=shop
    )
    assert where.removeprefix("run ") == listed.stdout.splitlines()[1].split()[0]
    first.send_signal(signal.SIGKILL)
    first.communicate()
    (shop / "go").touch()
    assert ended(start(shop, "one"))[0] == 0


def test_with_a_queue_a_run_waits_for_its_turn(shop: Path) -> None:
    (shop / "resources/one.yml").write_text(JOBS % "true")
    runners = [start(shop, "one") for _ in range(3)]
    until((shop / "began").exists)
    (shop / "go").touch()
    runs = [told for code, told in map(ended, runners) if code == 0]
    spans = sorted((run["started"], run["ended"]) for run in runs)
    assert len(spans) == 3
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
