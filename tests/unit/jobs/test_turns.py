"""How often a job goes on at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from dex.jobs import JobSettings
from dex.jobs.turns import free_turn, next_turn
from dex_dbutils import JobError
from dex_dbutils.config import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(name="p", package="p", root=tmp_path, exists=False)


def job(limit: int, *, queue: bool = False) -> JobSettings:
    return JobSettings.model_validate({"max_concurrent_runs": limit, "queue": {"enabled": queue}})


def test_as_many_runs_go_on_as_the_job_says_in_each_target(project: Project) -> None:
    taken = [free_turn(project, "a/b", job(2), "dev") for _ in range(3)]
    assert [turn is not None for turn in taken] == [True, True, False]
    other = free_turn(project, "a/b", job(1), "prod")
    assert other is not None
    for turn in (*taken, other):
        if turn is not None:
            turn.release()


def test_a_run_in_a_queue_says_so_once_and_goes_on_when_another_ends(project: Project) -> None:
    told: list[str] = []

    async def wait() -> None:
        first = free_turn(project, "daily", job(1), "dev")
        assert first is not None
        waiting = asyncio.ensure_future(next_turn(project, "daily", job(1, queue=True), "dev", told.append))
        await asyncio.sleep(1)  # it has looked more than once by then
        assert not waiting.done()
        first.release()
        (await waiting).release()

    asyncio.run(wait())
    assert told == ["The job 'daily' goes on as often as it may: max_concurrent_runs is 1. This one waits."]


@pytest.mark.parametrize("queue", [True, False])
def test_a_job_that_may_not_run_at_all_does_not_wait_for_ever(queue: bool, project: Project) -> None:
    with pytest.raises(JobError, match="DEX-JOB-14"):
        asyncio.run(next_turn(project, "daily", job(0, queue=queue), "dev"))
