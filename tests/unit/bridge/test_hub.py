"""What pages are told, and when."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from dex.bridge import Bridge, Snapshot
from dex.bridge.hub import TEXT_LIMIT
from dex_agents.models import AgentEvent, AgentRequest, Check, Proposal, Run, Verdict

HELLO = {"type": "hello", "protocol": 1}


class Page:
    """Collects what a bridge sends."""

    def __init__(self) -> None:
        self.inbox: queue.Queue[dict[str, Any]] = queue.Queue()
        self.project = "flights"
        self.snapshots = 0
        self.fails = False
        self.bridge = Bridge(self.inbox.put, self._snapshot)

    def _snapshot(self) -> Snapshot:
        self.snapshots += 1
        if self.fails:
            raise RuntimeError("no snapshot today")
        return Snapshot(version="0.1.0", project=self.project)

    def next(self, kind: str | None = None) -> dict[str, Any]:
        while True:
            message = self.inbox.get(timeout=10)
            if kind is None or message["type"] == kind:
                return message

    def is_told_nothing(self, seconds: float = 0.5) -> bool:
        try:
            self.inbox.get(timeout=seconds)
        except queue.Empty:
            return True
        return False


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page()
    yield page
    page.bridge.close()


def a_run(**more: Any) -> Run:
    proposal = Proposal(code="flights = clean(flights_raw)", function="clean", into="flights", assertions="assert 1")
    verdict = Verdict.of([Check(name="parses", status="passed"), Check(name="keys", status="not run")])
    values = {
        "id": "run-1",
        "role": "silver",
        "environment": "local",
        "request": AgentRequest(role="silver", text="clean", frames=["flights_raw"]),
        "provider": "rules",
        "proposal": proposal,
        "verdict": verdict,
        "outcome": "proposed",
        "started": datetime(2026, 1, 1, tzinfo=timezone.utc),
        "seconds": 1.0,
        **more,
    }
    return Run.model_validate(values)


def test_a_page_that_says_hello_is_told_the_whole_state(page: Page) -> None:
    assert not page.bridge.connected
    page.bridge.receive(HELLO)
    message = page.next()
    assert (message["type"], message["snapshot"]["project"]) == ("snapshot", "flights")
    assert page.bridge.connected


def test_a_second_page_is_told_the_same_though_nothing_changed(page: Page) -> None:
    page.bridge.receive(HELLO)
    first = page.next()
    page.bridge.receive(HELLO)
    assert page.next() == first


def test_a_change_that_changes_nothing_is_not_told(page: Page) -> None:
    page.bridge.receive(HELLO)
    page.next()
    page.bridge.changed()
    assert page.is_told_nothing()
    page.project = "trains"
    page.bridge.changed()
    assert page.next()["snapshot"]["project"] == "trains"


def test_many_changes_at_once_become_one_message(page: Page) -> None:
    page.bridge.receive(HELLO)
    page.next()
    page.project = "trains"
    for _ in range(1000):
        page.bridge.changed()
    page.next()
    assert page.is_told_nothing()
    assert page.snapshots < 10


def test_a_state_is_told_even_before_any_page_has_said_hello(page: Page) -> None:
    page.bridge.changed()
    assert page.next()["type"] == "snapshot"
    assert not page.bridge.connected


@pytest.mark.parametrize("message", [{}, {"type": "format the disk"}, {"type": 3}, {"kind": "hello"}])
def test_what_no_page_of_dex_would_send_is_ignored(page: Page, message: dict[str, Any]) -> None:
    page.bridge.receive(message)
    assert not page.bridge.connected
    assert page.is_told_nothing(0.2)


def test_the_text_of_a_model_arrives_whole_and_in_order(page: Page) -> None:
    page.bridge.receive(HELLO)
    page.next()
    words = [f"word{i} " for i in range(200)]
    page.bridge.agent_event(AgentEvent(run_id="run-1", stage="ask", text="Asking the model"))
    for word in words:
        page.bridge.agent_event(AgentEvent(run_id="run-1", stage="text", text=word))
    told = page.next("activity")["activity"]
    while len(told["text"]) < len("".join(words)):
        told = page.next("activity")["activity"]
    assert told["text"] == "".join(words)
    assert told["note"] == "Asking the model"


def test_a_page_that_comes_while_an_agent_works_sees_all_of_it(page: Page) -> None:
    page.bridge.receive(HELLO)
    page.bridge.agent_event(AgentEvent(run_id="run-1", stage="text", text="a half answer"))
    page.bridge.receive(HELLO)
    while (message := page.next("snapshot"))["activity"] is None:
        pass
    assert message["activity"]["text"] == "a half answer"


def test_an_endless_answer_does_not_grow_without_end(page: Page) -> None:
    page.bridge.receive(HELLO)
    for _ in range(50):
        page.bridge.agent_event(AgentEvent(run_id="run-1", stage="text", text="x" * 1000))
    assert page.bridge._activity is not None
    assert len(page.bridge._activity.text) == TEXT_LIMIT


def test_a_run_that_ends_leaves_its_proposal_and_no_activity(page: Page) -> None:
    page.bridge.receive(HELLO)
    page.bridge.agent_event(AgentEvent(run_id="run-1", stage="gate"))
    page.bridge.agent_ended(a_run(), "cell-7")
    while (message := page.next("snapshot"))["snapshot"]["proposal"] is None:
        pass
    proposal = message["snapshot"]["proposal"]
    assert message["activity"] is None
    assert (proposal["cell_id"], proposal["into"], proposal["status"]) == ("cell-7", "flights", "incomplete")
    assert [check["status"] for check in proposal["checks"]] == ["passed", "not run"]


def test_an_interrupted_run_takes_its_activity_away_and_keeps_the_last_proposal(page: Page) -> None:
    page.bridge.receive(HELLO)
    page.bridge.agent_ended(a_run())
    page.bridge.agent_event(AgentEvent(run_id="run-2", stage="ask"))
    page.bridge.agent_ended(None)
    page.bridge.receive(HELLO)
    while (message := page.next("snapshot"))["snapshot"]["proposal"] is None or message["activity"] is not None:
        pass
    assert message["snapshot"]["proposal"]["run_id"] == "run-1"


def test_a_run_without_a_proposal_leaves_nothing_to_insert(page: Page) -> None:
    page.bridge.receive(HELLO)
    page.bridge.agent_ended(a_run())
    page.bridge.agent_ended(a_run(proposal=None, verdict=None, outcome="error", problem="it refused"))
    page.bridge.receive(HELLO)
    while (message := page.next("snapshot"))["snapshot"]["proposal"] is not None:
        pass
    assert message["snapshot"]["proposal"] is None


def test_a_snapshot_that_fails_once_does_not_end_the_telling(page: Page) -> None:
    page.fails = True
    page.bridge.receive(HELLO)
    assert page.is_told_nothing()
    page.fails = False
    page.bridge.receive(HELLO)
    assert page.next()["type"] == "snapshot"


def test_a_closed_bridge_says_nothing(page: Page) -> None:
    page.bridge.receive(HELLO)
    page.next()
    page.bridge.close()
    page.bridge.receive(HELLO)
    assert page.is_told_nothing()
