"""`dex job run`: the bundle's jobs on this machine, with the platform's rules; nothing is lost when something is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dex.jobs import JobSettings, new_record, stop_run
from dex_dbutils import JobError
from dex_dbutils.config import find_project
from documented_job import FILES, PROD, documented_jobs
from job_project import RESULTS, add_jobs
from terminal import Terminal

DEX = Path(sys.executable).with_name("dex")
#: The sign of a task, by what it came to.
MARKS = {"SUCCESS": "✓", "FAILED": "✗", "TIMEDOUT": "✗", "UPSTREAM_FAILED": "✗", "EXCLUDED": "−", "DISABLED": "−"}


@pytest.fixture(scope="module")
def shop(own_project: Path) -> Path:
    return add_jobs(own_project)


def job(project: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [str(DEX), "job", *map(str, words), "--project", str(project)]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def every(shop: Path) -> dict[str, Any]:
    """The run of the job with a task of every type."""
    (shop / "said.txt").unlink(missing_ok=True)
    (shop / "tries.txt").unlink(missing_ok=True)
    done = job(shop, "run", "every", "-p", "day=2013-02-03", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_every_task_comes_to_what_the_table_says(every: dict[str, Any]) -> None:
    assert {key: task["result"] for key, task in every["tasks"].items()} == RESULTS
    assert every["result"] == "SUCCESS_WITH_FAILURES"


def test_parameters_values_and_items_reach_the_tasks(every: dict[str, Any], shop: Path) -> None:
    assert every["tasks"]["check"]["value"] == "3 of at least 2"  # the job's day wins over the task's own
    assert every["tasks"]["enough"]["value"] == "true"
    said = (shop / "said.txt").read_text().splitlines()
    assert sorted(said) == ["always", "clean_up timedout", "other from_every", "part a", "part b", "part c"]


def test_the_tables_hold_what_the_tasks_wrote(every: dict[str, Any], shop: Path) -> None:
    from dex_dbutils import get_session, load_environment

    session = get_session(load_environment("local", start=shop))
    assert [tuple(row) for row in session.read("gold", "report").collect()] == [("2013-02-03", 3)]
    assert [tuple(row) for row in session.read("gold", "per_day").collect()] == [("2013-02-03", 2, "configured")]
    assert session.read("silver", "orders_known").count() == 2


def test_the_log_of_a_pipeline_task_shows_its_tables_and_what_its_expectations_count(
    every: dict[str, Any], shop: Path
) -> None:
    lines = job(shop, "logs", every["id"], "refresh").stdout.splitlines()
    assert lines[0] == "daily: 2 of 2 tables"
    assert lines[1].startswith("local.silver.orders_known (materialized view): 2 rows, ")
    assert lines[2] == "  known: 2 passed, 1 failed, dropped"
    assert lines[3].startswith("local.gold.per_day (materialized view): 1 row, ")


def test_failures_say_what_happened(every: dict[str, Any], shop: Path) -> None:
    tasks = every["tasks"]
    assert tasks["slow"]["error"] == "It took longer than its time-out of 1 s."
    assert tasks["flaky"]["attempt"] == 2
    first = (shop / ".dex/jobs" / str(every["id"]) / "flaky.log").read_text()
    assert "RuntimeError: not yet" in first
    logs = job(shop, "logs", every["id"], "each[1]")
    assert logs.stdout == "said part b\n"


def test_the_run_is_one_of_the_ledger_and_is_shown_again(every: dict[str, Any], shop: Path) -> None:
    shown = job(shop, "show", every["id"])
    assert shown.stdout.startswith("every: SUCCESS_WITH_FAILURES")
    runs = json.loads(
        subprocess.run(
            [DEX, "runs", "--json", "--project", shop], capture_output=True, text=True, check=True, cwd=shop
        ).stdout
    )
    assert any(run["kind"] == "job" and run["details"]["run"] == every["id"] for run in runs)


def test_only_some_tasks_or_those_from_one_on(shop: Path) -> None:
    ran = json.loads(job(shop, "run", "every", "--only", "clean_up", "--only", "off", "--json").stdout)
    assert ran["tasks"]["clean_up"]["result"] == "FAILED"  # it asks for the end of a task that did not run
    assert ran["tasks"]["off"]["result"] == "SUCCESS"  # disabled, and runs since it is named
    assert ran["tasks"]["load"]["result"] is None
    unsaid = job(shop, "run")
    assert (unsaid.returncode, "every" in unsaid.stderr) == (2, True)
    refused = job(shop, "run", "every", "--from", "laod")
    assert refused.returncode == 2
    assert "DEX-JOB-09" in refused.stderr


def test_a_job_that_the_configuration_describes_is_emitted_and_runs(shop: Path) -> None:
    add_jobs(shop, {**FILES, "config/prod.yaml": PROD})
    base = shop / "config/base.yaml"
    base.write_text(base.read_text() + documented_jobs())
    emitted = subprocess.run(
        [DEX, "bundle", "emit", "--project", shop], capture_output=True, text=True, check=False, timeout=300
    )
    assert emitted.returncode == 0, emitted.stdout + emitted.stderr
    (shop / "told.txt").unlink(missing_ok=True)
    done = job(shop, "run", "daily", "-p", "day=2013-02-05", "--json")
    tasks = json.loads(done.stdout)["tasks"]
    assert {key: task["result"] for key, task in tasks.items()} == dict.fromkeys(tasks, "SUCCESS"), done.stderr
    assert {
        "ingest",
        "enough",
        "clean",
        "region",
        "region[0]",
        "region[1]",
        "totals",
        "tell",
        "check",
        "publish",
    } == set(tasks)
    assert tasks["check"]["value"] == "2"
    assert (shop / "told.txt").read_text().splitlines() == ["2013-02-05 success", "published 2013-02-05"]


@pytest.mark.parametrize(
    "session",
    [
        "from dex_dbutils import get_spark\nspark = get_spark('local')",
        "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()",
    ],
    ids=["the library's session", "Spark's builder"],
)
def test_a_task_is_guarded_as_a_notebook_is(shop: Path, session: str) -> None:
    lossy = """\
resources:
  jobs:
    lossy:
      name: lossy
      environments: [{environment_key: default, spec: {environment_version: "4"}}]
      tasks: [{task_key: one, environment_key: default, spark_python_task: {python_file: ../jobs/lossy.py}}]
"""
    code = "spark.range(1).write.mode('overwrite').option('replaceWhere', 'id = 0').saveAsTable('bronze.lossy')"
    add_jobs(shop, {"resources/lossy.job.yml": lossy, "jobs/lossy.py": f"{session}\n{code}\n"})
    ran = json.loads(job(shop, "run", "lossy", "--json").stdout)
    assert "DEX-GUARD-06" in ran["tasks"]["one"]["error"]
    (shop / "resources/lossy.job.yml").unlink()


COUNTED = """\
resources:
  jobs:
    counted:
      name: counted
      environments: [{environment_key: default, spec: {environment_version: "4"}}]
      tasks:
"""
COUNTED_TASK = """\
        - task_key: t%d
          depends_on: [%s]
          environment_key: default
          spark_python_task: {python_file: ../jobs/counted.py, parameters: ["t%d"]}
"""
COUNTING = """\
import os, pathlib, subprocess, sys, time
root = pathlib.Path(os.environ["DEX_PROJECT"])
(root / "counted.txt").open("a").write(sys.argv[1] + chr(10))
if sys.argv[1] == "t2" and not (root / "go").exists():
    child = subprocess.Popen(["sleep", "300"])
    (root / "pids.txt").write_text(f"{os.getpid()} {child.pid}")
    time.sleep(300)
"""


@pytest.fixture
def counted(shop: Path) -> Path:
    """A job of four tasks, one after the other; the third waits for ever until the file `go` is there."""
    for name in ("counted.txt", "go", "pids.txt"):
        (shop / name).unlink(missing_ok=True)
    tasks = [COUNTED_TASK % (n, f"{{task_key: t{n - 1}}}" if n else "", n) for n in range(4)]
    return add_jobs(shop, {"resources/counted.job.yml": COUNTED + "".join(tasks), "jobs/counted.py": COUNTING})


def begun(shop: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """Return a run of the counted job that has come to its third task, and the processes of that."""
    command = [DEX, "job", "run", "counted", "--project", shop]
    runner = subprocess.Popen(command, cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: len((shop / "pids.txt").read_text().split()) == 2 if (shop / "pids.txt").exists() else False)
    return runner, [int(pid) for pid in (shop / "pids.txt").read_text().split()]


def until(ready: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def repaired(shop: Path) -> dict[str, Any]:
    (shop / "go").touch()
    latest = json.loads(job(shop, "runs", "--json").stdout)[0]["id"]
    done = job(shop, "repair", latest, "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_runner_that_is_killed_takes_its_tasks_along_and_a_repair_finishes(counted: Path) -> None:
    runner, pids = begun(counted)
    runner.send_signal(signal.SIGKILL)
    runner.communicate()
    until(lambda: not any(alive(pid) for pid in pids), 20)
    assert "unfinished" in job(counted, "runs").stdout.splitlines()[1]
    told = repaired(counted)
    assert (told["result"], told["repairs"]) == ("SUCCESS", 1)
    assert (counted / "counted.txt").read_text().split() == ["t0", "t1", "t2", "t2", "t3"]


def test_a_task_that_is_killed_fails_and_a_repair_does_not_repeat_the_others(counted: Path) -> None:
    runner, pids = begun(counted)
    os.kill(pids[0], signal.SIGKILL)
    out, _ = runner.communicate(timeout=60)
    assert runner.returncode == 1
    assert "signal 9" in out
    until(lambda: not any(alive(pid) for pid in pids), 20)
    assert repaired(counted)["result"] == "SUCCESS"
    assert (counted / "counted.txt").read_text().split() == ["t0", "t1", "t2", "t2", "t3"]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_process_and_a_run_that_can_be_repaired(counted: Path, sent: signal.Signals) -> None:
    runner, pids = begun(counted)
    runner.send_signal(sent)
    runner.communicate(timeout=60)
    assert runner.returncode == 130
    assert not any(alive(pid) for pid in pids)
    told = repaired(counted)
    assert told["result"] == "SUCCESS"
    assert (counted / "counted.txt").read_text().split() == ["t0", "t1", "t2", "t2", "t3"]


def test_a_run_is_stopped_from_elsewhere_and_ends_as_by_an_interrupt(counted: Path) -> None:
    runner, pids = begun(counted)
    latest = json.loads(job(counted, "runs", "--json").stdout)[0]["id"]
    stopped = json.loads(job(counted, "stop", latest, "--json").stdout)
    assert (stopped["result"], stopped["tasks"]["t2"]["result"]) == ("CANCELED", "CANCELED")
    assert not any(alive(pid) for pid in pids)
    out, _ = runner.communicate(timeout=60)
    assert runner.returncode == 1
    assert "counted: CANCELED" in out
    again = job(counted, "stop", latest)
    assert (again.returncode, "DEX-JOB-12" in again.stderr) == (2, True)
    assert repaired(counted)["result"] == "SUCCESS"
    assert (counted / "counted.txt").read_text().split() == ["t0", "t1", "t2", "t2", "t3"]


@pytest.mark.parametrize("columns", [120, 80, 60])
def test_the_run_and_the_graph_are_legible_at_a_terminal(every: dict[str, Any], shop: Path, columns: int) -> None:
    for words in (("job", "show", str(every["id"])), ("job", "graph", "--job", "every")):
        seen, colours = {}, {}
        for colour in (True, False):
            variables = {} if colour else {"NO_COLOR": "1"}
            with Terminal([str(DEX), *words], shop, columns, variables=variables) as terminal:
                assert terminal.to_the_end() == 0
                seen[colour], colours[colour] = terminal.lines(), terminal.colours()
        assert seen[True] == seen[False]  # told by words and marks, not by colour
        assert colours[False] == set()
        assert colours[True] <= {"green", "red", "magenta"}  # these can be read on light and on dark terminals
        for key, result in RESULTS.items():
            lines = [line for line in seen[True] if key in re.split(r"[ (│├└─,]+", line)]
            if words[1] == "show":
                assert len(lines) == 1, key  # whole, and on a line of its own
                assert lines[0].startswith(MARKS[result])
                assert f" {result} " in f"{lines[0]} "
            elif "[" not in key:
                assert lines, key


def test_a_run_is_legible_while_it_goes_on_and_after_an_interrupt(counted: Path) -> None:
    with Terminal([str(DEX), "job", "run", "counted"], counted, 60, 12) as terminal:
        lines = terminal.until(
            lambda lines: re.search(r"t2 +running .*\n· +t3 +blocked$", "\n".join(lines)) is not None
        )
        assert [line.split()[:3] for line in lines[-4:]] == [
            ["✓", "t0", "SUCCESS"],
            ["✓", "t1", "SUCCESS"],
            ["▶", "t2", "running"],
            ["·", "t3", "blocked"],
        ]
        assert lines[-5].startswith("counted: 2 of 4 tasks ended, ")
        terminal.interrupt()
        assert terminal.to_the_end() == 130
    text = "\n".join(terminal.lines())
    assert "running" not in text  # what was shown meanwhile is gone
    assert re.findall(r"^(\S) +(t\d) +(\w+)", text, re.MULTILINE) == [
        ("✓", "t0", "SUCCESS"),
        ("✓", "t1", "SUCCESS"),
        ("■", "t2", "CANCELED"),
        ("■", "t3", "CANCELED"),
    ]
    assert text.startswith("counted: CANCELED")
    assert "dex job repair" in text


def test_a_run_that_does_not_answer_is_not_said_to_be_stopped(counted: Path) -> None:
    record = new_record(find_project(counted), "counted", JobSettings(), {}, "local")
    with record.held(), pytest.raises(JobError, match="DEX-JOB-13"):
        stop_run(find_project(counted), record.run.id, patience=0.2)
    assert not record.stop_asked


def test_a_run_that_ended_well_has_nothing_to_repair(counted: Path) -> None:
    (counted / "go").touch()
    number = json.loads(job(counted, "run", "counted", "--json").stdout)["id"]
    refused = job(counted, "repair", number)
    assert refused.returncode == 2
    assert "DEX-JOB-08" in refused.stderr
