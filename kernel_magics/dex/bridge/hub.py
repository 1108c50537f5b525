"""The bridge's state and its one sending thread; knows nothing of kernels and comms."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dex_agents import AgentEvent, Run

    from dex.bridge.kernel import Activity, ProposalView, Snapshot

#: Raised by one whenever an older page or kernel could misread a message.
PROTOCOL = 1
#: Seconds in which changes are gathered into one message: short enough to read as live.
GATHER_SECONDS = 0.1
#: Seconds to wait where no page has said hello yet: the first cells of a notebook have the processor to themselves.
UNHEARD_SECONDS = 1.0
#: Seconds between looks at what changes without a cell, such as an engine that dies.
LOOK_SECONDS = 15.0
#: Characters of a model's text that are kept: what a panel can show.
TEXT_LIMIT = 4000


class Bridge:
    """Tells pages what a kernel holds.

    Every message is made and sent by one thread, so that messages keep their order and no cell waits for a snapshot.
    All methods may be called from any thread.

    Args:
        send: sends one message to every page.
        snapshot: returns the state as of now; must touch neither the notebook's names nor Spark.
    """

    def __init__(self, send: Callable[[dict[str, Any]], None], snapshot: Callable[[], Snapshot]) -> None:
        self._send, self._snapshot = send, snapshot
        self._condition = threading.Condition()
        self._state_changed = self._activity_changed = self._forced = self._closed = False
        self._thread: threading.Thread | None = None
        self._activity: Activity | None = None
        self._proposal: ProposalView | None = None
        self._sent: dict[str, Any] | None = None
        self.connected = False

    def receive(self, message: Mapping[str, Any]) -> None:
        """Answer a page's message; what no page of dex would send is ignored."""
        if message.get("type") in {"hello", "refresh"}:
            self.connected = True
            with self._condition:
                self._forced = self._forced or message["type"] == "hello"
            self.changed()

    def changed(self) -> None:
        """Say that the state may be another now."""
        with self._condition:
            self._state_changed = True
        self._wake()

    def agent_event(self, event: AgentEvent) -> None:
        """Show what an agent is doing."""
        if not self.connected:
            return
        from dex.bridge.kernel import Activity

        before = self._activity if self._activity is not None and self._activity.run_id == event.run_id else None
        note, text = (before.note, before.text) if before else ("", "")
        if event.stage == "text":
            text = (text + event.text)[-TEXT_LIMIT:]
        else:
            note = event.text or note
        with self._condition:
            self._activity = Activity(run_id=event.run_id, stage=event.stage, note=note, text=text)
            self._activity_changed = True
        self._wake()

    def agent_ended(self, run: Run | None, cell_id: str | None = None) -> None:
        """Take the activity away and offer the run's proposal, if there is one.

        Args:
            run: what came of it; None where it failed or was interrupted.
            cell_id: the notebook cell that asked.
        """
        from dex.bridge.proposal import proposal_view

        with self._condition:
            self._activity = None
            self._activity_changed = True
            if run is not None:
                self._proposal = proposal_view(run, cell_id)
        self.changed()

    def close(self) -> None:
        """Send nothing any more."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _wake(self) -> None:
        with self._condition:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="dex-bridge", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    def _work(self) -> None:
        while True:
            with self._condition:
                told = self._condition.wait_for(
                    lambda: self._state_changed or self._activity_changed or self._closed,
                    LOOK_SECONDS if self.connected else None,
                )
                gather = GATHER_SECONDS if self.connected else UNHEARD_SECONDS
                self._condition.wait_for(lambda: self._closed or self._forced, gather if told else 0)
                if self._closed:
                    return
                state, forced = self._state_changed or not told, self._forced
                self._state_changed = self._activity_changed = self._forced = False
            try:
                if state:
                    self._tell_state(forced)
                else:
                    self._tell_activity()
            except Exception:  # a page that cannot be told must not end the telling
                logging.getLogger("dex.bridge").exception("The panel could not be told.")

    def _tell_state(self, forced: bool) -> None:
        from dex.bridge.kernel import SnapshotMessage

        snapshot = self._snapshot().model_copy(update={"proposal": self._proposal})
        message = SnapshotMessage(snapshot=snapshot, activity=self._activity).model_dump(mode="json")
        if forced or message != self._sent:
            self._sent = message
            self._send(message)

    def _tell_activity(self) -> None:
        from dex.bridge.kernel import ActivityMessage

        self._send(ActivityMessage(activity=self._activity).model_dump(mode="json"))
