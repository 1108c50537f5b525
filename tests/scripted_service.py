"""An OpenAI-compatible service that answers from a script, on a real socket."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """One answer of the script.

    Args:
        text: what the model says.
        status: HTTP status; anything but 200 is an error with ``text`` as its message.
        headers: headers of an error.
        finish: why the answer ends; None sends no end, as a service that dies.
        refusal: sent in the field that services have for it.
        cut_after: characters after which the connection is cut.
        delay: seconds before each piece.
        usage: whether the service counts tokens.
        piece: characters of a piece.
    """

    text: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    finish: str | None = "stop"
    refusal: str | None = None
    cut_after: int | None = None
    delay: float = 0.0
    usage: bool = True
    piece: int = 24


class ScriptedService:
    """The service: its script, and every request it got.

    Attributes:
        script: what it answers, in order.
        requests: bodies of the requests, with their headers under ``headers``.
        gone: set when a client went away in the middle of an answer.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.script: list[Reply] = []
        self.requests: list[dict[str, Any]] = []
        self.gone = threading.Event()
        self.streaming = threading.Event()

    def say(self, *replies: Reply | str | dict[str, Any]) -> None:
        """Put answers at the end of the script; a dict is said as JSON."""
        for reply in replies:
            if isinstance(reply, dict):
                reply = json.dumps(reply)
            self.script.append(Reply(reply) if isinstance(reply, str) else reply)

    @property
    def prompts(self) -> list[str]:
        """Everything that was sent, one text a request."""
        return ["\n".join(message["content"] for message in body["messages"]) for body in self.requests]


@contextmanager
def scripted_service() -> Iterator[ScriptedService]:
    """Run a service on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            service.requests.append({**body, "headers": {name.lower(): value for name, value in self.headers.items()}})
            reply = service.script.pop(0) if service.script else Reply("the script is at its end", status=500)
            try:
                self._error(reply) if reply.status != 200 else self._answer(body, reply)
            except (BrokenPipeError, ConnectionResetError):
                service.gone.set()
                self.close_connection = True

        def _error(self, reply: Reply) -> None:
            data = json.dumps({"error": {"message": reply.text, "type": "scripted", "code": None}}).encode()
            self.send_response(reply.status)
            for name, value in {**reply.headers, "content-length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _answer(self, body: dict[str, Any], reply: Reply) -> None:
            assert body["stream"], "dex streams every answer"
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            self._event(body, {"role": "assistant", "content": ""})
            sent = 0
            for start in range(0, len(reply.text), reply.piece):
                if reply.cut_after is not None and sent >= reply.cut_after:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                time.sleep(reply.delay)
                piece = reply.text[start : start + reply.piece]
                sent += len(piece)
                self._event(body, {"content": piece})
                service.streaming.set()
            if reply.refusal:
                self._event(body, {"refusal": reply.refusal})
            if reply.finish:
                self._event(body, {}, finish=reply.finish)
            if reply.usage and (body.get("stream_options") or {}).get("include_usage"):
                usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
                self._event(body, None, usage=usage)
            self._write(b"data: [DONE]\n\n")
            self.close_connection = True

        def _event(
            self, body: dict[str, Any], delta: dict[str, Any] | None, *, finish: str | None = None, usage: Any = None
        ) -> None:
            choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
            chunk = {
                "id": "c1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": body["model"],
                "choices": choices,
                "usage": usage,
            }
            self._write(f"data: {json.dumps(chunk)}\n\n".encode())

        def _write(self, data: bytes) -> None:
            self.wfile.write(data)
            self.wfile.flush()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service = ScriptedService(f"http://127.0.0.1:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
