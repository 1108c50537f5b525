"""Jobs from a page: listed, drawn, run, followed, stopped and repaired; nothing outlives the server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dex.bridge import JOBS_EVENT
from dex_server.processes import JobProcesses
from engine_fixture import make_project
from tornado.httpclient import HTTPClientError

Fetch = Callable[..., Awaitable[Any]]
NOTEBOOK = "trial/notebooks/broken.py"
FILES = {
    "databricks.yml": "bundle: {name: trial}\ninclude: [resources/*.yml]\ntargets: {dev: {default: true}}\n",
    "notebooks/broken.py": "# Databricks notebook source\nx = 1\n\n# COMMAND ----------\n\nprint(x)\nx / 0\n",
    "jobs/say.py": "import sys\nprint('said', *sys.argv[1:])\n",
    "jobs/maybe.py": "import os, pathlib\nassert pathlib.Path(os.environ['DEX_PROJECT'], 'ready').exists(), 'not yet'\n",
    "jobs/slow.py": "import os, pathlib, time\n"
    "pathlib.Path(os.environ['DEX_PROJECT'], 'pid').write_text(str(os.getpid()))\ntime.sleep(300)\n",
    "resources/jobs.yml": """\
resources:
  jobs:
    small:
      name: A small job
      parameters: [{name: day, default: monday}]
      environments: [{environment_key: default, spec: {environment_version: "4"}}]
      tasks:
        - task_key: maybe
          environment_key: default
          spark_python_task: {python_file: ../jobs/maybe.py}
        - task_key: each
          depends_on: [{task_key: maybe}]
          run_if: ALL_DONE
          for_each_task:
            inputs: "[1, 2]"
            task:
              task_key: one
              environment_key: default
              spark_python_task: {python_file: ../jobs/say.py, parameters: ["{{job.parameters.day}}", "{{input}}"]}
    notebook:
      tasks: [{task_key: nb, notebook_task: {notebook_path: ../notebooks/broken.py}}]
    slow:
      environments: [{environment_key: default, spec: {environment_version: "4"}}]
      tasks: [{task_key: slow, environment_key: default, spark_python_task: {python_file: ../jobs/slow.py}}]
    unsound:
      tasks: [{task_key: a, depends_on: [{task_key: b}], pipeline_task: {pipeline_id: x}}]
""",
}


@pytest.fixture
def trial(jp_root_dir: Path) -> Iterator[Path]:
    """A project with jobs below the server's root; its engine ends with the test."""
    project = make_project(Path(jp_root_dir) / "trial")
    for name, text in FILES.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    yield project
    stop = [sys.executable, "-m", "dex", "engine", "stop", "--env", "local", "--project", str(project)]
    subprocess.run(stop, check=False, capture_output=True)


async def ask(fetch: Fetch, *route: str, **more: Any) -> tuple[int, dict[str, Any]]:
    try:
        answer = await fetch("dex", "jobs", *route, method="POST", body=json.dumps({"path": NOTEBOOK, **more}))
    except HTTPClientError as error:
        assert error.response is not None
        return error.code, json.loads(error.response.body)
    return int(answer.code), json.loads(answer.body)


async def ended(fetch: Fetch, job: str, run: int) -> dict[str, Any]:
    """Return a run when it has ended, as a page that polls sees it."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        code, reply = await ask(fetch, "show", job=job, run=run)
        assert code == 200, reply
        if reply["run"] is not None and reply["run"]["status"] != "RUNNING":
            return reply
        await asyncio.sleep(0.2)
    raise AssertionError(f"the run did not end: {reply}")


def tasks_of(reply: dict[str, Any]) -> dict[str, Any]:
    return {task["key"]: task for stage in reply["stages"] for task in stage}


async def test_the_jobs_of_the_bundle_are_listed_and_drawn(jp_fetch: Fetch, trial: Path) -> None:
    code, reply = await ask(jp_fetch)
    assert code == 200
    assert [(job["key"], job["name"], job["tasks"], job["runs"]) for job in reply["jobs"][:2]] == [
        ("small", "A small job", 2, []),
        ("notebook", "notebook", 1, []),
    ]
    assert reply["jobs"][3]["problem"].startswith("DEX-JOB-01")
    code, drawn = await ask(jp_fetch, "show", job="small")
    assert [[task["key"] for task in stage] for stage in drawn["stages"]] == [["maybe"], ["each"]]
    each = tasks_of(drawn)["each"]
    assert (each["needs"], each["run_if"], each["status"]) == (["maybe"], "ALL_DONE", None)
    assert drawn["parameters"] == [{"name": "day", "default": "monday"}]
    assert (await ask(jp_fetch, "show", job="none"))[1]["code"] == "DEX-BUNDLE-30"
    assert reply["unreadable"] == []


async def test_a_file_that_cannot_be_read_is_told_and_no_job_is_run_without_it(jp_fetch: Fetch, trial: Path) -> None:
    (trial / "resources/broken.job.yml").write_text("resources:\n  jobs: {lost: {}\n")
    _, reply = await ask(jp_fetch)
    assert reply["jobs"][0]["key"] == "small"
    assert reply["jobs"][0]["problem"].startswith("DEX-BUNDLE-02")
    (told,) = reply["unreadable"]
    assert told.startswith("resources/broken.job.yml, line 3: ")
    assert (await ask(jp_fetch, "run", job="lost"))[1]["code"] == "DEX-BUNDLE-02"
    assert (await ask(jp_fetch, "show", job="small", run=7))[1]["code"] == "DEX-JOB-05"
    (trial / "databricks.yml").unlink()
    assert (await ask(jp_fetch))[1]["jobs"] == []


async def test_a_run_is_followed_to_its_end_repaired_and_leads_to_the_cell(jp_fetch: Fetch, trial: Path) -> None:
    code, begun = await ask(jp_fetch, "run", job="small", parameters={"day": "friday"})
    assert code == 200, begun
    reply = await ended(jp_fetch, "small", begun["run"])
    assert {key: task["status"] for key, task in tasks_of(reply).items()} == {"maybe": "FAILED", "each": "SUCCESS"}
    assert tasks_of(reply)["maybe"]["error"] == "AssertionError: not yet"
    assert [item["status"] for item in tasks_of(reply)["each"]["items"]] == ["SUCCESS", "SUCCESS"]
    assert (reply["run"]["status"], reply["run"]["repairable"]) == ("SUCCESS_WITH_FAILURES", True)
    assert (await ask(jp_fetch, "log", run=begun["run"], task="each[1]"))[1]["text"] == "said friday 2\n"
    assert (await ask(jp_fetch, "log", run=begun["run"], task="no"))[1]["code"] == "DEX-JOB-09"

    (trial / "ready").touch()
    assert (await ask(jp_fetch, "repair", run=begun["run"]))[1] == begun
    again = await ask(jp_fetch, "repair", run=begun["run"])  # a second click, or another page
    assert again[1]["code"] == "DEX-JOB-08"
    repaired = await ended(jp_fetch, "small", begun["run"])
    assert {task["status"] for task in tasks_of(repaired).values()} == {"SUCCESS"}
    assert [item["attempt"] for item in tasks_of(repaired)["each"]["items"]] == [1, 1]  # not repeated
    assert repaired["run"]["repairable"] is False
    listed = (await ask(jp_fetch))[1]["jobs"][0]["runs"]
    assert [(run["run"], run["status"]) for run in listed] == [(begun["run"], "SUCCESS")]

    failed = (await ask(jp_fetch, "run", job="notebook"))[1]["run"]
    await ended(jp_fetch, "notebook", failed)
    log = (await ask(jp_fetch, "log", run=failed, task="nb"))[1]
    assert log["places"][0] == {"path": NOTEBOOK, "notebook": "notebooks/broken.py", "cell": 2, "line": 2}
    assert "ZeroDivisionError" in log["text"]


async def test_a_stopped_run_leaves_no_process_and_so_does_the_end_of_the_server(
    jp_fetch: Fetch, trial: Path, jp_serverapp: Any
) -> None:
    for number, stop in enumerate(("page", "server")):
        code, begun = await ask(jp_fetch, "run", job="slow")
        assert code == 200, begun
        pid = await started_task(trial)
        assert tasks_of((await ask(jp_fetch, "show", job="slow", run=begun["run"]))[1])["slow"]["status"] == "RUNNING"
        if stop == "page":
            assert (await ask(jp_fetch, "repair", run=begun["run"]))[1]["code"] == "DEX-JOB-08"
            assert (await ask(jp_fetch, "stop", run=begun["run"]))[0] == 200
        else:
            await jp_serverapp.extension_manager.stop_all_extensions()
        assert gone(pid), number
        reply = await ended(jp_fetch, "slow", begun["run"])
        assert (reply["run"]["status"], reply["run"]["repairable"]) == ("CANCELED", True)
        assert reply["problem"] is None
        assert (await ask(jp_fetch, "stop", run=begun["run"]))[1]["code"] == "DEX-JOB-12"


async def test_a_job_that_cannot_begin_says_why(jp_fetch: Fetch, trial: Path) -> None:
    assert (await ask(jp_fetch, "run", job="unsound"))[1]["code"] == "DEX-JOB-01"
    code, begun = await ask(jp_fetch, "run", job="small", parameters={"dya": "friday"})
    assert code == 200
    end = time.monotonic() + 30
    while (reply := (await ask(jp_fetch, "show", job="small", run=begun["run"]))[1]).get("starting") is not None:
        assert time.monotonic() < end
        await asyncio.sleep(0.2)
    assert reply["code"] == "DEX-JOB-10"
    assert "dya" in reply["message"]


async def test_no_refusal_brings_a_secret_into_the_page(
    jp_fetch: Fetch, trial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEX_SECRET_DB_PASSWORD", "hunter2-hunter2")
    code, reply = await ask(jp_fetch, "run", job="hunter2-hunter2")
    assert code == 400
    assert "[DEX_SECRET_DB_PASSWORD]" in reply["message"]
    assert "hunter2" not in json.dumps(reply)


async def test_a_run_is_stopped_before_its_first_task_without_an_error(jp_fetch: Fetch, trial: Path) -> None:
    begun = (await ask(jp_fetch, "run", job="small"))[1]
    [listed] = (await ask(jp_fetch))[1]["jobs"][0]["runs"]  # for pages that have not started it
    assert (listed["run"], listed["status"], listed["ours"]) == (begun["run"], "PENDING", True)
    assert (await ask(jp_fetch, "stop", run=begun["run"]))[0] == 200
    code, reply = await ask(jp_fetch, "show", job="small", run=begun["run"])
    assert (code, reply["stopped"], reply["run"], reply["starting"]) == (200, True, None, None)
    assert not (trial / ".dex/jobs").exists()


async def test_a_run_of_a_terminal_shows_up_by_itself_and_is_stopped_from_the_page(
    jp_fetch: Fetch, trial: Path, jp_serverapp: Any
) -> None:
    told: list[dict[str, Any]] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        told.append(data)

    async def until(met: Callable[[], bool]) -> None:
        end = time.monotonic() + 40
        while not met():
            assert time.monotonic() < end, told
            await asyncio.sleep(0.1)

    jp_serverapp.event_logger.add_listener(schema_id=JOBS_EVENT, listener=listen)
    project = (await ask(jp_fetch))[1]["project"]
    command = [sys.executable, "-m", "dex", "job", "run", "slow", "--project", str(trial)]
    terminal = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: ASYNC220
    pid = await started_task(trial)
    await until(lambda: bool(told))
    [run] = told[-1]["runs"]
    assert told[-1]["project"] == project
    assert {key for event in told for key in event if not key.startswith("__")} == {"project", "runs"}  # and no more
    state = (await ask(jp_fetch, "show", job="slow", run=run))[1]["run"]
    assert (state["status"], state["ours"]) == ("RUNNING", False)
    await ask(jp_fetch, "log", run=run, task="slow")
    await asyncio.sleep(1)
    told.clear()
    await asyncio.sleep(1.5)
    assert told == []  # nothing has changed
    (trial / f".dex/jobs/{run}/slow.log").write_text("a line")
    await until(lambda: bool(told))  # a log that is looked at is followed
    told.clear()
    assert (await ask(jp_fetch, "stop", run=run))[0] == 200
    assert gone(pid)
    assert (await ask(jp_fetch, "show", job="slow", run=run))[1]["run"]["status"] == "CANCELED"
    await until(lambda: bool(told))
    assert terminal.wait(30) == 1
    assert terminal.stdout is not None
    assert b"slow: CANCELED" in terminal.stdout.read()


STARTER = """\
import sys, time
from pathlib import Path
from dex.jobs import new_number
from dex_dbutils.config import find_project
from dex_server.processes import JobProcesses
JobProcesses().start(find_project(Path(sys.argv[1])), "slow", new_number(), ["run", "slow"])
time.sleep(300)
"""


async def test_a_killed_server_leaves_no_process(trial: Path) -> None:
    server = subprocess.Popen([sys.executable, "-c", STARTER, str(trial)])  # noqa: ASYNC220
    pid = await started_task(trial)
    server.send_signal(signal.SIGKILL)
    server.wait()
    end = time.monotonic() + 30
    while not gone(pid) and time.monotonic() < end:
        await asyncio.sleep(0.1)
    assert gone(pid)


async def started_task(project: Path) -> int:
    """Return the process of the slow task, once it runs."""
    end = time.monotonic() + 40
    while not (project / "pid").exists() or not (project / "pid").read_text():
        assert time.monotonic() < end, "the task did not begin"
        await asyncio.sleep(0.1)
    pid = int((project / "pid").read_text())
    (project / "pid").unlink()
    return pid


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


def test_a_run_that_nobody_started_here_is_not_known() -> None:
    processes = JobProcesses()
    assert (processes.alive(1), processes.last_line(1), processes.failure(1)) == (False, None, None)
    assert (processes.stopped(1), processes.any_alive(), processes.states(Path())) == (False, False, {})
    assert processes.going(Path()) == {}
