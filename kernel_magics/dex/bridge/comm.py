"""The comm that carries the bridge: a fixed id, whole messages, usable from any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from comm import get_comm_manager
from comm.base_comm import BaseComm

TARGET = "dex"
#: Fixed, so that a page that comes back can listen before the kernel answers anything.
COMM_ID = "dex-bridge"


class PanelComm(BaseComm):  # type: ignore[misc]
    """A comm that a thread may send on while a cell runs.

    The kernel's own comm class notes which subshell it last sent from and routes later messages of the page there
    (ipykernel 7, `shell_channel_thread_main`), so a hello that came over a subshell would wait for the running cell.
    This one sends without a parent and leaves the routing to the message's header.

    Args:
        kernel: the running kernel.
        data: what the opening message carries.
        on_message: called with the data of every message of a page.
    """

    def __init__(self, kernel: Any, data: dict[str, Any], on_message: Callable[[Mapping[str, Any]], None]) -> None:
        self._kernel = kernel
        self._on_message = on_message
        super().__init__(target_name=TARGET, comm_id=COMM_ID, data=data)

    def publish_msg(
        self,
        msg_type: str,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        buffers: list[bytes] | None = None,
        **keys: Any,
    ) -> None:
        """Send one message to every page."""
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
        """Pass a page's message on, without the cell events that the base class fires: no cell is running for it."""
        self._on_message(msg["content"]["data"])

    def handle_close(self, msg: dict[str, Any]) -> None:
        """Stay open: one page that leaves does not end the bridge for the others."""
        self._closed = False
        get_comm_manager().register_comm(self)
