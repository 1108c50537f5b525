"""The messages of one cell as a reader of the saved notebook knows them: cleared and updated outputs are gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]

#: Messages that become outputs of a cell.
_OUTPUTS = frozenset({"stream", "display_data", "execute_result", "error"})


class CellMessages:
    """Stands between a kernel and the one who reads the messages of one cell.

    Args:
        read: reads the next message of a channel: ``read(stream, timeout=seconds)``.
    """

    def __init__(self, read: Callable[..., Message]) -> None:
        self._read = read
        self._reply: Message | None = None
        self._settled: deque[Message] | None = None

    def get(self, stream: str, timeout: float | None = None) -> Message:
        """Return the next message of a channel; those of ``iopub`` after the cell has ended and its outputs settled.

        Raises:
            queue.Empty: no message came in time.
        """
        if stream == "shell":
            message = self._read(stream, timeout=timeout)
            if message["msg_type"] == "execute_reply":
                self._reply = message
            return message
        if self._reply is None:  # the cell ran out of time: there is no end to wait for
            return self._read(stream, timeout=timeout)
        if self._settled is None:
            self._settled = deque(settle(self._until_idle(timeout)))
        return self._settled.popleft() if self._settled else self._read(stream, timeout=timeout)

    @property
    def reply(self) -> Message | None:
        """The kernel's reply to the cell, if one has come."""
        return self._reply

    def unshown_error(self) -> str | None:
        """Return what went wrong by the kernel's reply; None where it says that all went well."""
        if self._reply is None or self._reply["content"].get("status") == "ok":
            return None
        content = self._reply["content"]
        named = ": ".join(str(content[key]) for key in ("ename", "evalue") if content.get(key))
        return named or f"status '{content.get('status')}'"

    def _until_idle(self, timeout: float | None) -> list[Message]:
        assert self._reply is not None
        request = self._reply["parent_header"].get("msg_id")
        found: list[Message] = []
        while True:
            message = self._read("iopub", timeout=timeout)
            if message["parent_header"].get("msg_id") != request:
                continue
            found.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return found


def settle(messages: list[Message]) -> list[Message]:
    """Return the messages without ``clear_output`` and ``update_display_data``, both applied.

    An update of a display of an earlier cell changes that cell, which was compared already: it is left out.
    """
    kept: list[Message] = []
    clear_at_next = False
    for message in messages:
        kind = message["msg_type"]
        if kind == "clear_output":
            clear_at_next = bool(message["content"].get("wait"))
            if not clear_at_next:
                kept = [m for m in kept if m["msg_type"] not in _OUTPUTS]
            continue
        if kind == "update_display_data":
            _update(kept, message)
            continue
        if kind in _OUTPUTS and clear_at_next:
            kept = [m for m in kept if m["msg_type"] not in _OUTPUTS]
            clear_at_next = False
        kept.append(message)
    return kept


def _update(kept: list[Message], update: Message) -> None:
    wanted = update["content"].get("transient", {}).get("display_id")
    for message in kept:
        shown = message["content"].get("transient", {}).get("display_id")
        if wanted is not None and shown == wanted:
            for key in ("data", "metadata"):
                message["content"][key] = update["content"].get(key, {})
