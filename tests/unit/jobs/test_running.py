"""Runs of jobs without an engine: what is kept of their tasks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from dex.jobs import JobRun, JobSettings, Record, Runner, Workshop, begin_repair, new_record, read_record
from dex_dbutils.config import Project, find_project

SECRET = "hunter2222"


def run(record: Record, project: Project) -> JobRun:
    def shop(record: Record) -> Workshop:
        return Workshop(project, project.root, "local", record.folder)

    def no_job(name: str) -> Any:
        raise AssertionError(name)

    runner = Runner(shop, no_job, 1, redact=lambda text: text.replace(SECRET, "[API_KEY]"))
    asyncio.run(runner.run(record))
    return read_record(project, record.run.id).run


def test_no_secret_stays_in_what_is_kept_of_a_task(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text(f"raise ValueError('{SECRET} is refused')\n")
    settings = {
        "environments": [{"environment_key": "e", "spec": {}}],
        "tasks": [
            {"task_key": "fails", "environment_key": "e", "spark_python_task": {"python_file": "fails.py"}},
            {"task_key": "if", "condition_task": {"op": "LESS_THAN", "left": SECRET, "right": "1"}},
        ],
    }
    project = Project(name="p", package="p", root=tmp_path, exists=False)
    found = run(new_record(project, "job", JobSettings.model_validate(settings), {}, "local"), project)
    assert found.tasks["fails"].error == "ValueError: [API_KEY] is refused"
    assert "[API_KEY]" in (found.tasks["if"].error or "")
    assert SECRET not in (tmp_path / f".dex/jobs/{found.id}/changes.jsonl").read_text()


def test_a_task_that_opens_no_session_is_guarded_too(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/base.yaml").write_text("project: {name: p, package: p}\n")
    (tmp_path / "config/local.yaml").write_text("kind: local\nguard: {writes: deny}\n")
    (tmp_path / "writes.py").write_text(
        "from dex_dbutils import load_environment\n"
        "from dex_dbutils.utilities import get_dbutils\n"
        "get_dbutils(None, load_environment('local')).fs.put('/Volumes/local/bronze/a.txt', 'a')\n"
    )
    settings = {
        "environments": [{"environment_key": "e", "spec": {}}],
        "tasks": [{"task_key": "one", "environment_key": "e", "spark_python_task": {"python_file": "writes.py"}}],
    }
    project = find_project(tmp_path)
    found = run(new_record(project, "job", JobSettings.model_validate(settings), {}, "local"), project)
    assert "DEX-GUARD" in (found.tasks["one"].error or "")
    assert not (tmp_path / ".dex/volumes").exists()


def test_items_that_a_repairs_shorter_list_does_not_have_wait_for_nothing(tmp_path: Path) -> None:
    def loop(inputs: str) -> JobSettings:
        inner = {"task_key": "one", "condition_task": {"op": "GREATER_THAN", "left": "{{input}}", "right": "1"}}
        return JobSettings.model_validate(
            {"tasks": [{"task_key": "loop", "for_each_task": {"inputs": inputs, "task": inner}}]}
        )

    project = Project(name="p", package="p", root=tmp_path, exists=False)
    record = new_record(project, "job", loop('[1, "x", "y"]'), {}, "local")
    assert run(record, project).result == "FAILED"
    record = read_record(project, record.run.id)
    begin_repair(record, ["loop"], loop("[1]"), {}, {})
    found = run(record, project)
    assert found.result == "SUCCESS"
    assert {key: task.result for key, task in found.tasks.items()} == {
        "loop": "SUCCESS",
        "loop[0]": "SUCCESS",
        "loop[1]": "EXCLUDED",
        "loop[2]": "EXCLUDED",
    }
