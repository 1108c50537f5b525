"""A run and a job's graph at a terminal: what a person reads at 80 columns, and what a log holds."""

from __future__ import annotations

import io
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from dex.cli import main
from dex.jobs import JobRun, JobSettings, LiveRuns, TaskRun, print_runs, run_text, without_output
from engine_fixture import make_project
from job_project import add_jobs
from rich.console import Console

BEGAN = datetime(2026, 1, 1, tzinfo=timezone.utc)
LONG = "DEX-JOB-02: Task 'refresh' (pipeline_task) needs a workspace: it cannot run on this machine, whatever you do."


def task(
    key: str, result: str | None = None, state: str = "TERMINATED", kind: str = "notebook_task", **more: object
) -> TaskRun:
    facts = {"key": key, "kind": kind, "state": state, "result": result, "started": BEGAN, "attempt": 1, **more}
    return TaskRun.model_validate({**facts, "ended": BEGAN + timedelta(seconds=2) if result else None})


def a_run(*tasks: TaskRun, key: str = "every", number: int = 7, result: str | None = None) -> JobRun:
    ended = BEGAN + timedelta(seconds=9) if result else None
    facts = {"id": number, "key": key, "settings": JobSettings(), "parameters": {}, "environment": "local"}
    return JobRun.model_validate(
        {**facts, "started": BEGAN, "ended": ended, "result": result, "tasks": {t.key: t for t in tasks}}
    )


def terminal(width: int = 80, height: int = 24) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None)


def shown(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def picture(*runs: JobRun, width: int = 80, height: int = 24) -> list[str]:
    console = terminal(width, height)
    live = LiveRuns(console)
    for run in runs:
        live._runs[run.id] = run
    console.print(live.picture())
    return shown(console)


def test_items_stand_below_their_loop_in_the_order_of_the_list() -> None:
    items = [task(f"each[{n}]", "SUCCESS") for n in (0, 1, 9, 2)]
    text = run_text(
        a_run(task("each", "SUCCESS", kind="for_each_task"), task("report", "SUCCESS"), *items)
    ).splitlines()
    assert [line.split()[1] for line in text[1:6]] == ["each", "each[0]", "each[1]", "each[2]", "each[9]"]
    assert text[2].index("each[0]") > text[1].index("each")
    assert "4 of 4 items ended well" in text[1]


def test_of_a_long_loop_only_what_went_wrong_is_shown() -> None:
    items = [task(f"each[{n}]", "FAILED" if n == 3_000 else "SUCCESS") for n in range(5_000)]
    text = run_text(a_run(task("each", "FAILED", kind="for_each_task"), *items, result="FAILED"))
    assert "4,999 of 5,000 items ended well" in text
    assert [line.split()[1] for line in text.splitlines() if "[" in line] == ["each[3000]"]


def test_a_task_without_output_says_what_it_came_to_and_where_to_look() -> None:
    said = [
        without_output(task("enough", "SUCCESS", kind="condition_task", value="true")),
        without_output(task("publish", "SUCCESS", kind="run_job_task", value="12")),
        without_output(task("each", "SUCCESS", kind="for_each_task")),
        without_output(task("report", "UPSTREAM_FAILED")),
    ]
    assert said == [
        "enough printed nothing: SUCCESS  2.0 s  true",
        "publish printed nothing: SUCCESS  2.0 s  run 12. Its tasks: dex job show 12",
        "each printed nothing: SUCCESS  2.0 s. Its items have logs of their own: each[0]",
        "report printed nothing: UPSTREAM_FAILED",
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_a_failure_is_read_whole_below_its_task_and_without_colour(width: int) -> None:
    console = terminal(width)
    print_runs([a_run(task("load", "SUCCESS"), task("refresh", "FAILED", error=LONG), result="FAILED")], console)
    lines = shown(console)
    assert max(map(len, lines)) <= width
    at = lines[2].index("DEX-JOB-02")
    assert lines[2].split()[:4] == ["✗", "refresh", "FAILED", "2.0"]
    told = [line[at:] for line in lines[2:] if line[:at].strip() == "" or "refresh" in line[:at]]
    assert " ".join(told) == LONG
    assert "dex job repair 7" in " ".join(lines)


def test_long_values_and_names_are_cut_and_stay_on_their_line() -> None:
    run = a_run(task("n" * 90, "SUCCESS", value="one\ntwo " * 80), task("other", state="RUNNING"))
    lines = picture(run)
    assert [line[0] for line in lines] == ["e", "✓", "▶"]
    assert max(map(len, lines)) <= 80
    assert lines[1].count("…") == 2


def test_a_job_taller_than_the_terminal_shows_what_runs_and_what_failed() -> None:
    tasks = [task(f"t{n}", state="BLOCKED") for n in range(100)]
    lines = picture(a_run(*tasks, task("bad", "FAILED"), task("now", state="RUNNING")), height=12)
    assert len(lines) < 12
    assert [line.split()[1] for line in lines[-3:-1]] == ["bad", "now"]
    assert lines[-1] == "… 94 more"


def test_many_jobs_are_one_line_of_progress_and_the_tasks_that_run() -> None:
    going = [a_run(task("a", "SUCCESS"), task("b", state="RUNNING"), key=f"j{n}", number=n) for n in range(60)]
    ended = [a_run(task("a", "FAILED"), key=f"bad{n}", number=100 + n, result="FAILED") for n in range(2)]
    lines = picture(*going, *ended, height=24)
    assert lines[0].startswith("2 of 62 jobs ended, 2 not well, 62 of 122 tasks, ")
    assert len(lines) < 24
    assert [line for line in lines if line.startswith("bad0: FAILED")]
    assert lines[-1].startswith("… ")
    assert lines[-1].endswith(" more")


def test_of_many_jobs_those_with_a_running_task_stand_first() -> None:
    waiting = [a_run(task("a", state="BLOCKED"), key=f"j{n}", number=n) for n in range(60)]
    lines = picture(*waiting, a_run(task("a", state="RUNNING"), key="late", number=99))
    assert [line.split(":")[0] for line in lines[1:4:2]] == ["late", "j0"]


def test_the_end_of_many_jobs_says_which_did_not_end_well() -> None:
    console = terminal()
    print_runs([a_run(key=f"j{n}", number=n, result="FAILED" if n == 1 else "SUCCESS") for n in range(3)], console)
    assert shown(console)[-1] == "2 of 3 jobs ended well; not: j1"


def test_a_job_that_a_task_runs_does_not_take_the_place_of_the_one_asked_for() -> None:
    inner = a_run(task("only", state="RUNNING"), key="other", number=8)
    lines = picture(
        a_run(task("go", state="RUNNING", kind="run_job_task", value="8"), task("end", state="BLOCKED")), inner
    )
    assert lines[0].startswith("every: 0 of 2 tasks ended")
    assert "run 8" in lines[1]


def test_the_graph_of_a_job_is_what_its_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEX_PROJECT", str(add_jobs(make_project(tmp_path / "trial"))))
    assert main(["job", "graph", "--job", "every"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "every: 14 tasks in 5 stages"
    assert "    └── report  (sql: sql/report.sql)" in lines
    assert "        └── after  each, too_few  if NONE_FAILED" in lines
    assert any("other_job  (run job: other)" in line for line in lines)
    assert main(["job", "graph", "--job", "every", "--mermaid"]) == 0
    drawn = capsys.readouterr().out.splitlines()
    assert '  enough{"enough"}' in drawn
    assert "  enough -- false --> too_few" in drawn
    assert main(["job", "graph", "--job", "none"]) == 2
    assert "DEX-BUNDLE-30" in capsys.readouterr().err


@pytest.mark.parametrize("width", [120, 80, 60, 40])
def test_keys_that_share_a_beginning_can_be_told_apart_and_no_text_becomes_a_column_of_letters(width: int) -> None:
    shared = "a_rather_long_beginning_that_all_of_the_tasks_share_"
    error = "ValueError: " + "something that is quite long and goes on " * 4
    failed = task(shared + "customers", "FAILED", error=error)
    run = a_run(task(shared + "orders", "SUCCESS"), failed, task("x", "UPSTREAM_CANCELED"), result="FAILED")
    console = terminal(width)
    print_runs([run], console)
    lines = shown(console)
    assert max(map(len, lines)) <= width
    rows = [line for line in lines if line[0] in "✓✗■"]
    names = [line.split()[1] for line in rows]
    assert (names[0].endswith("ders"), names[1].endswith("mers")) == (True, True)
    assert "…" in names[0]
    assert " ".join(" ".join(lines).split()).count("something") == 4  # whole, although it goes on below
    assert len(lines) < 20
    assert len(picture(run, width=width)) == 4
