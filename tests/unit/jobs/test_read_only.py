"""Runs of a project in which this user may write nothing."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

from dex.jobs import JobSettings, new_record
from dex_dbutils.config import find_project
from notebook_factory import project_folder

DEX = Path(sys.executable).with_name("dex")
JOB = JobSettings.model_validate({"tasks": [{"task_key": "a"}]})


def as_an_ordinary_user() -> None:
    """Take from this process what lets root write where nobody may (capabilities(7): CAP_DAC_OVERRIDE)."""
    if os.geteuid() == 0:
        drop_from_bounding_set, dac_override = 24, 1  # linux/prctl.h, linux/capability.h
        assert ctypes.CDLL(None, use_errno=True).prctl(drop_from_bounding_set, dac_override, 0, 0, 0) == 0


def test_runs_of_others_can_be_looked_at_where_nothing_can_be_written(tmp_path: Path) -> None:
    root = project_folder(tmp_path / "shop")
    project = find_project(root)
    going, ended = (new_record(project, "daily", JOB, parameters={}, environment="local", only=None) for _ in range(2))
    with ended.held():
        ended.end("SUCCESS")

    def dex(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(DEX), "job", *words, "--project", str(root)]
        return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=as_an_ordinary_user)

    with going.held():
        closed = [*(root / ".dex").rglob("*"), root / ".dex"]
        for path in closed:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            listed, shown, stopped = dex("runs"), dex("show", str(ended.run.id)), dex("stop", str(going.run.id))
        finally:
            for path in closed:
                path.chmod(0o755)
    assert listed.returncode == 0, listed.stderr
    assert [line.split()[2] for line in listed.stdout.splitlines()[1:]] == ["SUCCESS", "RUNNING"]
    assert shown.returncode == 0, shown.stderr
    assert (stopped.returncode, "DEX-FILE-01" in stopped.stderr) == (3, True), stopped.stderr
