"""The kernel's end of the panel: one bridge per kernel, fed by the session, the profiles and the runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dex_agents import Run
    from IPython.core.interactiveshell import InteractiveShell

    from dex.bridge import Bridge, Snapshot
    from dex.bridge.comm import Ear, PanelComm

_open: _Wiring | None = None


def bridge() -> Bridge | None:
    """Return the open bridge, or None outside of a kernel."""
    return _open.bridge if _open is not None else None


def open_bridge(shell: InteractiveShell) -> None:
    """Open the bridge of this kernel; do nothing outside of a kernel, or when it is open."""
    global _open
    if _open is None and getattr(shell, "kernel", None) is not None:
        _open = _Wiring(shell)


def close_bridge(shell: InteractiveShell) -> None:
    """Close the bridge and take the listeners back."""
    global _open
    if _open is not None:
        _open.close()
        _open = None


def tell_result(run: Run | None) -> None:
    """Tell the panel that the agent of the running cell has ended, and what came of it."""
    if _open is not None:
        _open.bridge.agent_ended(run, _open.running_cell())


class _Wiring:
    """Everything that holds a bridge to its kernel."""

    def __init__(self, shell: Any) -> None:
        from dex import __version__, agents, profiles, session
        from dex.bridge import PROTOCOL, Bridge

        self._shell = shell
        self._comm: PanelComm | None = None
        self._ear: Ear | None = None
        self.bridge = Bridge(self._send, self._snapshot)
        self._undo: list[Callable[[], None]] = [
            session.on_change(self.bridge.changed),
            profiles.on_change(self.bridge.changed),
            agents.on_change(self.bridge.changed),
        ]
        shell.events.register("post_run_cell", self._cell_ended)
        self._open_comm({"type": "opened", "protocol": PROTOCOL, "version": __version__})

    def running_cell(self) -> str | None:
        """Return the id of the notebook cell that runs, where the editor tells it with its request."""
        metadata = self._shell.kernel.get_parent("shell").get("metadata") or {}
        cell_id = metadata.get("cellId")
        return cell_id if isinstance(cell_id, str) else None

    def close(self) -> None:
        """Take every listener back and close the comm."""
        for undo in self._undo:
            undo()
        self._shell.events.unregister("post_run_cell", self._cell_ended)
        self.bridge.close()
        if self._ear is not None:
            self._ear.close()
        if self._comm is not None:
            self._comm.close()

    def _open_comm(self, data: dict[str, Any]) -> None:
        from dex.bridge.comm import Ear, PanelComm

        self._ear = Ear(self._shell.kernel, self.bridge.receive)
        self._comm = PanelComm(self._shell.kernel, data)

    def _send(self, message: dict[str, Any]) -> None:
        if self._comm is not None:
            self._comm.send(message)

    def _snapshot(self) -> Snapshot:
        from dex.status import snapshot

        return snapshot(self._shell.user_ns)

    def _cell_ended(self, _: object = None) -> None:
        if self.bridge.connected:
            self.bridge.changed()
