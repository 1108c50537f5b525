"""What carries the bridge: a comm with a fixed id to the pages, and an ear on the control channel for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from comm import get_comm_manager
from comm.base_comm import BaseComm

TARGET = "dex"
#: Fixed, so that a page that comes back can listen before the kernel answers anything.
COMM_ID = "dex-bridge"
#: The message that pages put their own into: answered on the control thread, past a running cell.
CARRIER = "comm_info_request"


class PanelComm(BaseComm):  # type: ignore[misc]
    """A comm that a thread may send on while a cell runs, to every page at once.

    Args:
        kernel: the running kernel.
        data: what the opening message carries.
    """

    def __init__(self, kernel: Any, data: dict[str, Any]) -> None:
        self._kernel = kernel
        super().__init__(target_name=TARGET, comm_id=COMM_ID, data=data)

    def publish_msg(
        self,
        msg_type: str,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        buffers: list[bytes] | None = None,
        **keys: Any,
    ) -> None:
        """Send one message to every page; without a parent, because it belongs to no cell."""
        self._kernel.session.send(
            self._kernel.iopub_socket,
            msg_type,
            {"data": data or {}, "comm_id": self.comm_id, **keys},
            metadata=metadata or {},
            parent={},
            ident=self.topic,
            buffers=buffers,
        )

    def handle_msg(self, msg: dict[str, Any]) -> None:
        """Ignore what comes by comm: it would wait for the running cell; see `Ear`."""

    def handle_close(self, msg: dict[str, Any]) -> None:
        """Stay open: one page that leaves does not end the bridge for the others."""
        self._closed = False
        get_comm_manager().register_comm(self)


class Ear:
    """Hears pages while a cell runs.

    A page asks on the control channel which comms there are, and its own message is a key of that request. The
    control thread answers past a running cell, in ipykernel 6 and 7 alike. A subshell would do so too, but its "idle"
    makes JupyterLab show the kernel as idle while the cell runs on, and each one counts as activity, so that a kernel
    that nobody uses would never be culled; requests for comm information are tracked for neither.

    Args:
        kernel: the running kernel.
        on_message: called on the control thread with every message of a page.
    """

    def __init__(self, kernel: Any, on_message: Callable[[Mapping[str, Any]], None]) -> None:
        self._handlers: dict[str, Callable[..., Any]] = getattr(kernel, "control_handlers", {})
        self._usual = self._handlers.get(CARRIER)
        self._on_message = on_message
        if self._usual is not None:
            self._handlers[CARRIER] = self._hear

    def close(self) -> None:
        """Give the request back to whom it belongs, unless somebody else has taken it by now."""
        if self._usual is not None and self._handlers.get(CARRIER) == self._hear:
            self._handlers[CARRIER] = self._usual

    def _hear(self, stream: Any, ident: Any, parent: dict[str, Any]) -> Any:
        message = parent["content"].get(TARGET)
        if isinstance(message, Mapping):
            self._on_message(message)
        assert self._usual is not None
        return self._usual(stream, ident, parent)
