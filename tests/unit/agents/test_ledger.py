"""The ledger keeps every run, whatever happens to the process or the disk."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from dex_agents import Ledger
from dex_dbutils import LedgerError
from dex_dbutils.config import Project


def project(folder: Path) -> Project:
    return Project(name="trial", package="trial", root=folder, exists=True)


def ledger(folder: Path) -> Ledger:
    return Ledger(project(folder))


def record(folder: Path, summary: str) -> None:
    ledger(folder).record(kind="export", environment="local", status="done", summary=summary, details={"n": 1})


def files(folder: Path) -> list[Path]:
    return sorted((folder / ".dex/runs").glob("*.jsonl"))


def test_runs_come_newest_first_and_as_many_as_asked(tmp_path: Path) -> None:
    for number in range(5):
        record(tmp_path, f"run {number}")
    found = ledger(tmp_path).runs(limit=2)
    assert [run.summary for run in found] == ["run 4", "run 3"]
    assert found[0].kind == "export"
    assert found[0].details == {"n": 1}
    assert ledger(tmp_path / "elsewhere").runs() == []


def test_a_run_that_began_and_never_ended_is_listed_as_unfinished(tmp_path: Path) -> None:
    ledger(tmp_path).begin("r1", kind="agent", summary="clean it", role="silver", environment="local")
    (run,) = ledger(tmp_path).runs()
    assert (run.id, run.status, run.role) == ("r1", "unfinished", "silver")


def test_a_line_that_a_kill_cut_off_is_passed_over_and_the_next_one_is_whole(tmp_path: Path) -> None:
    record(tmp_path, "before")
    with open(files(tmp_path)[0], "ab") as file:
        file.write(b'{"v":1,"event":"recor')
    assert [run.summary for run in ledger(tmp_path).runs()] == ["before"]
    record(tmp_path, "after")
    assert [run.summary for run in ledger(tmp_path).runs()] == ["after", "before"]


def test_what_kill_9_leaves_can_be_read(tmp_path: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from dex_agents import Ledger
        from dex_dbutils.config import Project
        ledger = Ledger(Project(name="t", package="t", root=Path(sys.argv[1]), exists=True))
        for number in range(100_000):
            ledger.record(kind="run", environment="local", status="done", summary=f"{number} " + "x" * 150)
            print(number, flush=True)
    """
    words = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 200:
            pass
        process.send_signal(signal.SIGKILL)
        told = [int(line) for line in process.stdout.read().split() if line]
    found = ledger(tmp_path).runs()
    assert len(found) >= max(told, default=200) + 1
    record(tmp_path, "after the kill")
    assert ledger(tmp_path).runs(limit=1)[0].summary == "after the kill"


def _write_many(folder: str, name: str) -> None:
    for number in range(50):
        record(Path(folder), f"{name} {number} " + "y" * 180)


def test_several_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(str(tmp_path), name)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    lines = [line for path in files(tmp_path) for line in path.read_text().splitlines()]
    assert len([json.loads(line) for line in lines]) == 200
    assert len(ledger(tmp_path).runs()) == 200


def test_a_full_disk_is_an_error_and_the_older_lines_are_untouched(tmp_path: Path) -> None:
    record(tmp_path, "before")
    before = files(tmp_path)[0].read_bytes()
    code = """
        import resource, signal, sys
        from pathlib import Path
        from dex_agents import Ledger
        from dex_dbutils import LedgerError
        from dex_dbutils.config import Project
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        size = int(sys.argv[2])
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        ledger = Ledger(Project(name="t", package="t", root=Path(sys.argv[1]), exists=True))
        try:
            ledger.record(kind="run", environment="local", status="done", summary="z" * 190)
        except LedgerError as error:
            print(error.code)
    """
    words = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path), str(len(before) + 40)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "DEX-LEDGER-01"
    assert files(tmp_path)[0].read_bytes() == before
    record(tmp_path, "after")
    assert [run.summary for run in ledger(tmp_path).runs()] == ["after", "before"]


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / ".dex").write_text("a file where a folder should be")
    with pytest.raises(LedgerError) as caught:
        record(tmp_path, "x")
    assert caught.value.code == "DEX-LEDGER-01"


def test_secrets_of_the_configuration_never_reach_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/base.yaml").write_text(
        "parameters: {token: '${env:TRIAL_TOKEN}'}\nagents: {api_key_env: TRIAL_KEY}\n"
    )
    monkeypatch.setenv("TRIAL_TOKEN", "tok-12345678")
    monkeypatch.setenv("TRIAL_KEY", "key-87654321")
    record(tmp_path, "with tok-12345678 and key-87654321")
    text = files(tmp_path)[0].read_text()
    assert "12345678" not in text
    assert "87654321" not in text
    assert "[TRIAL_TOKEN]" in text
    assert os.environ["TRIAL_TOKEN"] == "tok-12345678"
