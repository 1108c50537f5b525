"""`dex mutate` tells what became of each mutant: found by a check, by an error, endless, its process gone, not found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from dex.export import try_mutants
from dex.export.mutation import run
from dex_dbutils.config import find_project
from engine_fixture import make_project

MODULE = """\
import os


def larger(n):
    return n > 1


def second(n):
    return [10, 20][n - 1]


def down(n):
    while n > 0:
        n = n - 1
    return n


def fatal(n):
    return os._exit(3) if n == 7 else n


def unused(n):
    return not n
"""
TESTS = """\
import subprocess

from trial_etl.steps import down, fatal, larger, second


def test_them():
    subprocess.run(["echo", "survived"], check=True)
    assert larger(2)
    assert not larger(1)
    assert second(2) == 20
    assert down(3) == 0
    assert fatal(6) == 6
"""


def test_each_way_in_which_a_mutant_ends_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SECONDS", 4)
    monkeypatch.setattr(run, "SLOWER", 0)
    project_root = make_project(tmp_path / "trial")
    (project_root / "src/trial_etl").mkdir(parents=True)
    (project_root / "src/trial_etl/steps.py").write_text(MODULE)
    (project_root / "tests").mkdir()
    (project_root / "tests/test_steps.py").write_text(TESTS)
    report = try_mutants(find_project(project_root), "steps")
    became = {(m.function, m.change): m.outcome for m in report.mutants}
    assert became["larger", "n > 1 -> n >= 1"] == "failed"
    assert became["second", "n - 1 -> n + 1"] == "error"
    assert became["second", "20 -> 21"] == "failed"
    assert [m.change for m in report.mutants if m.outcome == "timeout"] == ["n - 1 -> n + 1"]
    assert [m.function for m in report.mutants if m.outcome == "died"] == ["fatal", "fatal"]
    assert became["unused", "not n -> n"] == "survived"
    lived = sum(m.outcome in ("survived", "died") for m in report.mutants)
    assert report.killed == len(report.mutants) - lived
    text = report.to_text()
    assert "by a check that did not hold" in text
    assert "1 by taking too long" in text
    assert "2 with a process that died, not counted as killed" in text
    assert "survived  line 23, unused: not n -> n" in text


STUCK = """\
import subprocess
from pathlib import Path


def test_it():
    with subprocess.Popen(["sleep", "300"]) as started:
        Path("started").write_text(str(started.pid))
"""


def test_an_interrupt_leaves_no_process(tmp_path: Path) -> None:
    project = make_project(tmp_path / "trial")
    (project / "src/trial_etl").mkdir(parents=True)
    (project / "src/trial_etl/steps.py").write_text("def one():\n    return 1\n")
    (project / "tests").mkdir()
    (project / "tests/test_steps.py").write_text(STUCK)
    files = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    (tmp_path / "temporary").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "dex", "mutate", project / "notebooks/steps.ipynb", "--project", project],
        cwd=project,
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    started = project / "started"
    while not (started.exists() and started.read_text()):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    below = psutil.Process(process.pid).children(recursive=True)
    assert int(started.read_text()) in {each.pid for each in below}
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert psutil.wait_procs(below, timeout=10)[1] == []
    started.unlink()
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == files
    assert not list((tmp_path / "temporary").iterdir())
