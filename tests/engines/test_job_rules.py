"""Every rule of docs/jobs.md holds for `dex job run`; all of their jobs run at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_fixture import engine_project
from job_semantics import ROWS, add_rows

DEX = Path(sys.executable).with_name("dex")
PAGE = Path(__file__).resolve().parents[2] / "docs/jobs.md"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    with engine_project(tmp_path_factory.mktemp("rules") / "trial") as project:
        add_rows(project)
        done = subprocess.run(
            [DEX, "job", "run", *ROWS, "--json", "--project", project], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done.stderr
        yield project, {run["key"]: run for run in json.loads(done.stdout)}


@pytest.mark.parametrize("name", ROWS)
def test_a_rule_holds_on_this_machine(name: str, runs: tuple[Path, dict[str, Any]]) -> None:
    project, found = runs
    run, row = found[name], ROWS[name]
    assert {key: run["tasks"][key]["result"] for key in row.results} == row.results
    assert run["result"] == row.result
    for key, said in row.outputs.items():
        task = run["tasks"][key]
        log = project / ".dex/jobs" / str(run["id"]) / task["log"] if task["log"] else None
        assert task["value"] == said or (log is not None and log.read_text().strip() == said)


def test_every_rule_stands_in_the_docs() -> None:
    table = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    for row in ROWS.values():
        assert any(line.startswith(f"| {row.rule}") for line in table), row.rule
