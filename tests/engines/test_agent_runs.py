"""A run of an agent: what it leaves behind, how it ends, and the secrets that it keeps."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from agent_requests import request_of, statuses
from dex_agents import AgentRequest, Ledger, run_agent

if TYPE_CHECKING:
    from dex_dbutils import Session

Clean = Callable[..., Any]


def test_nothing_is_written_but_the_ledger(clean: Clean, session: Session) -> None:
    from dex_dbutils.catalog import list_tables

    before = list_tables(session.environment)
    run, _ = clean("NA means null.", {"v": ["NA"]})
    assert list_tables(session.environment) == before
    newest = Ledger(session.environment.project).runs(limit=1)[0]
    assert (newest.id, newest.status, newest.summary) == (run.id, "passed", "NA means null.")


def test_the_output_of_a_run_is_the_same_every_time(clean: Clean, real: Callable[[str], Any]) -> None:
    first, second = (clean(request_of("ask-flights"), real("flights"))[0]._repr_mimebundle_() for _ in range(2))
    assert json.dumps(first[0], sort_keys=True) == json.dumps(second[0], sort_keys=True)
    assert first[1]["dex"]["run_id"] != second[1]["dex"]["run_id"]


def test_a_dry_run_makes_the_request_and_sends_nothing(session: Session) -> None:
    frame = session.spark.createDataFrame([("a",)], "v string")
    request = AgentRequest(role="silver", text="Trim v.", frames=["raw"], provider="openai", dry_run=True)
    run = run_agent(request, session, {"raw": frame})
    assert (run.outcome, run.proposal, run.tokens.total) == ("dry run", None, 0)
    assert run.prompt[-1].content.endswith("Request: Trim v.")
    assert "Request: Trim v." in run.to_text()


def test_an_interrupt_ends_the_engines_operation_and_is_recorded(project: Path) -> None:
    import _thread

    from dex_dbutils import get_session

    # An engine of its own: Sail goes on with a cross join after its answer was cancelled, until it is stopped.
    session = get_session("local")
    spark = session.spark
    slow = spark.range(3_000_000).alias("a").crossJoin(spark.range(3_000_000).alias("b"))
    frame = slow.selectExpr("cast(a.id * b.id % 7 as string) as v")

    def interrupt() -> None:
        time.sleep(1.0)
        _thread.interrupt_main()

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run_agent(AgentRequest(role="silver", text="NA means null.", frames=["raw"]), session, {"raw": frame})
    assert Ledger(session.environment.project).runs(limit=1)[0].status == "interrupted"
    assert spark.range(5).count() == 5


def test_an_engine_that_dies_is_an_error_and_no_verdict(project: Path) -> None:
    import os
    import signal

    from dex.engines import engine_for
    from dex_dbutils import get_session, load_environment

    environment = load_environment("local", start=project)
    session = get_session(environment)
    frame = session.spark.createDataFrame([("a",)], "v string")
    pid = engine_for(environment).status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Exception) as caught:
        run_agent(AgentRequest(role="silver", text="NA means null.", frames=["raw"]), session, {"raw": frame})
    assert "assert" not in type(caught.value).__name__.lower()
    assert Ledger(environment.project).runs(limit=1)[0].status == "error"


@pytest.fixture
def configured(session: Session) -> Iterator[Callable[[str], None]]:
    """Write a line into a file of the project's configuration, for one test."""
    path = session.environment.project.config_folder / "trial.yaml"
    yield lambda line: path.write_text(line + "\n") and None
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("value", ["amount", "proposal", "passed"])
def test_a_setting_that_is_a_word_of_the_run_changes_nothing(
    clean: Clean, configured: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    configured("parameters: {team: '${env:TRIAL_TEAM}'}")
    monkeypatch.setenv("TRIAL_TEAM", value)
    run, out = clean("Cast amount to double.", {"amount": ["1"]})
    assert (run.status, dict(out.dtypes)) == ("passed", {"amount": "double"})


@pytest.mark.parametrize("value", ["proposal", "passed", "recorded"])
def test_a_secret_that_is_a_word_of_the_run_loses_nothing(
    clean: Clean, configured: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, session: Session, value: str
) -> None:
    configured("parameters: {password: '${env:TRIAL}'}")
    monkeypatch.setenv("TRIAL", value)
    run, _ = clean("Cast amount to double.", {"amount": ["1"]})
    assert run.status == "passed"
    assert Ledger(session.environment.project).runs(limit=1)[0].status == "passed"


def test_a_secret_in_the_code_is_shown_nowhere_and_does_not_pass(
    session: Session, configured: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configured("parameters: {password: '${env:TRIAL}'}")
    monkeypatch.setenv("TRIAL", "hunter2")
    frame = session.spark.createDataFrame([("hunter2",)], "a string")
    request = AgentRequest(role="silver", text='"hunter2" means null.', frames=["raw"])
    run = run_agent(request, session, {"raw": frame})
    assert (run.status, statuses(run)["policy"]) == ("failed", "failed")
    assert "it holds the value of TRIAL" in run.to_text()
    assert "hunter2" not in run.model_dump_json()
