"""Runs are seen from outside: begun, changed, ended in good order, and killed."""

from __future__ import annotations

import time
from pathlib import Path

from dex.jobs import JobSettings, Record, RunsWatch, new_record
from dex_dbutils.config import Project, find_project
from engine_fixture import make_project


def a_run(project: Project) -> Record:
    return new_record(project, "every", JobSettings(), {}, "local")


def test_every_change_is_told_once_and_to_the_run_that_it_belongs_to(tmp_path: Path) -> None:
    project = find_project(make_project(tmp_path / "shop"))
    watch = RunsWatch(project)
    assert watch.look() == set()
    first = a_run(project)
    assert watch.look() == {first.run.id}
    second = a_run(project)
    with first.held():
        first.task("a", kind="notebook_task", state="RUNNING")
        assert watch.look() == {first.run.id, second.run.id}
        assert watch.look() == {second.run.id}  # nobody runs it
        assert (watch.look(), watch.going) == (set(), {first.run.id})
        first.change(result="SUCCESS")
        assert watch.look() == {first.run.id}
        assert watch.look() == set()
    assert watch.look() == {first.run.id}  # whoever ran it has gone
    assert (watch.look(), watch.going) == (set(), set())


def test_a_run_that_went_on_before_and_is_killed_is_told(tmp_path: Path) -> None:
    project = find_project(make_project(tmp_path / "shop"))
    ended, record = a_run(project), a_run(project)
    with record.held():
        watch = RunsWatch(project)
        assert (watch.look(), watch.going) == (set(), {record.run.id})
    assert watch.look() == {record.run.id}
    ended.change(repairs=1)  # an old run is repaired
    assert watch.look() == {ended.run.id}


def test_a_log_is_followed_as_long_as_its_run_goes_on(tmp_path: Path) -> None:
    project = find_project(make_project(tmp_path / "shop"))
    record = a_run(project)
    log = record.folder / "a.log"
    with record.held():
        watch = RunsWatch(project)
        watch.follow(record.run.id, log)
        watch.look()
        log.write_text("one")
        assert watch.look() == {record.run.id}
        assert watch.look() == set()
    assert watch.look() == {record.run.id}
    watch.follow(record.run.id, log)
    log.write_text("two lines")
    assert watch.look() == set()


def test_a_look_at_a_hundred_runs_takes_a_few_milliseconds(tmp_path: Path) -> None:
    project = find_project(make_project(tmp_path / "shop"))
    for _ in range(120):
        a_run(project)
    watch = RunsWatch(project)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert watch.look() == set()
        took.append(time.perf_counter() - began)
    assert min(took) < 0.02
    assert len(watch._marks) == 100  # older ones are not watched
