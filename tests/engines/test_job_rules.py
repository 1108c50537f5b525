"""Every rule of docs/jobs.md holds for `dex job run`; all of their jobs run at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dex.bundle import validate_bundle
from dex.jobs import JobRun, bundle_job, repair_run
from dex_dbutils import JobError
from dex_dbutils.config import find_project
from engine_fixture import engine_project
from job_semantics import REFUSED, REPAIRED, ROWS, Repaired, Row
from job_semantics_bundle import add_rows, change_rows

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
    holds(project, found[name], ROWS[name])


def holds(project: Path, run: dict[str, Any], row: Row | Repaired) -> None:
    assert {key: run["tasks"][key]["result"] for key in row.results} == row.results
    assert run["result"] == row.result
    for key, said in row.outputs.items():
        task = run["tasks"][key]
        log = project / ".dex/jobs" / str(run["id"]) / task["log"] if task["log"] else None
        assert said in (task["value"], log.read_text().strip() if log else None)


@pytest.fixture(scope="module")
def repaired(runs: tuple[Path, dict[str, Any]]) -> dict[str, JobRun]:
    project, found = runs
    change_rows(project)

    def repair(name: str) -> JobRun:
        row, number = REPAIRED[name], found[name]["id"]
        return repair_run(
            find_project(project), number, tasks=row.named, dependents=row.dependents, parameters=row.parameters
        )

    return {name: repair(name) for name in REPAIRED}


@pytest.mark.parametrize("name", REPAIRED)
def test_a_rule_of_repairs_holds_on_this_machine(
    name: str, runs: tuple[Path, dict[str, Any]], repaired: dict[str, JobRun]
) -> None:
    run = repaired[name]
    holds(runs[0], run.model_dump(mode="json"), REPAIRED[name])
    assert [item.type for item in run.history] == ["ORIGINAL", "REPAIR"]
    assert [item.result for item in run.history] == [ROWS[name].result, REPAIRED[name].result]


@pytest.mark.parametrize("name", REFUSED)
def test_a_job_that_is_refused_does_not_run_and_the_bundles_check_says_so(
    name: str, runs: tuple[Path, dict[str, Any]]
) -> None:
    with pytest.raises(JobError) as caught:
        bundle_job(find_project(runs[0]), name)
    assert caught.value.code == "DEX-JOB-01"
    found = validate_bundle(runs[0])
    assert [each.severity for each in found if each.file == f"resources/{name}.job.yml"] == ["error"]


def test_every_rule_stands_in_the_docs() -> None:
    table = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    for rule in [row.rule for row in ROWS.values()] + [rule for rule, _ in REFUSED.values()]:
        assert any(line.startswith(f"| {rule}") for line in table), rule
