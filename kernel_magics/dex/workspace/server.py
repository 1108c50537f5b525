"""The stand-in workspace as a server: plain HTTP on this machine alone, every request with a token."""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import json
import secrets
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dex_dbutils import WorkspaceError

from dex.workspace import (
    catalogs,
    compute,
    control,
    dbfs,
    identity,
    jobs,
    object_routes,
    permissions,
    pipelines,
    run_routes,
    uc_volumes,
    volumes,
)
from dex.workspace import secrets as secret_routes
from dex.workspace.faults import Fault
from dex.workspace.job_runner import JobRunner
from dex.workspace.refusal import Refusal, no_route
from dex.workspace.routing import Request, Routes
from dex.workspace.runner import Runner
from dex.workspace.state import Workspace
from dex.workspace.users import User

_ROUTES = Routes.joined(
    part.routes
    for part in (
        identity,
        secret_routes,
        volumes,
        dbfs,
        object_routes,
        catalogs,
        uc_volumes,
        permissions,
        jobs,
        run_routes,
        pipelines,
        compute,
        control,
    )
)
#: The only route that asks for no token: clients ask it before they log in.
_METADATA = "/.well-known/databricks-config"
#: Seconds that runs may take to end when the server does.
_END_SECONDS = 15.0


class WorkspaceServer(contextlib.AbstractContextManager["WorkspaceServer"]):
    """A server of workspaces, told apart by the tokens of their users; a context manager, which ends it and the runs in it.

    Args:
        port: where it listens; 0 for any free one.
        host: name or address of this machine's loopback interface.
        folder: where contents of files and folders of runs are kept; a temporary one if not given.
        runner: who runs jobs; what runs ``dex job run`` if not given. It is closed with the server.

    Raises:
        WorkspaceError: DEX-WORKSPACE-07, the address is not of this machine alone; DEX-WORKSPACE-08, something
            listens there; DEX-WORKSPACE-09, the folder cannot be used.
    """

    def __init__(
        self, port: int = 0, host: str = "127.0.0.1", folder: Path | None = None, runner: Runner | None = None
    ) -> None:
        _check_loopback(host)
        self._temporary = tempfile.TemporaryDirectory(prefix="dex-workspace-") if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary else _empty_folder(Path(str(folder)))
        self._runner = runner or JobRunner()
        self._workspaces: list[Workspace] = []
        handler = type("Handler", (_Handler,), {"owner": self})
        try:
            self._server = _Server((host, port), handler)
        except OSError as error:
            raise WorkspaceError(
                "DEX-WORKSPACE-08",
                f"Cannot listen on port {port}: {error.strerror or error}.",
                f"{host}:{port}",
                "Give another port, or none to have any free one.",
            ) from error
        self.url = f"http://{host}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="dex-workspace", daemon=True).start()

    def add(
        self, user: str = "tester@example.org", token: str | None = None, catalogs: tuple[str, ...] = ("main",)
    ) -> Workspace:
        """Add a workspace and return it; its token is a random one if not given.

        Args:
            user: e-mail address of the user whose token it is, an administrator; `Workspace.add_user` adds others.
            token: the token; for tests that need to know it beforehand.
            catalogs: catalogs that are there from the beginning.
        """
        token = token or f"dex{secrets.token_hex(16)}"
        folder = self.folder / f"workspace-{len(self._workspaces) + 1}"
        folder.mkdir(parents=True)
        made = Workspace(token, user, folder, self._runner, catalogs)
        made.url = self.url
        self._workspaces.append(made)
        return made

    def workspace_of(self, headers: Mapping[str, str]) -> tuple[Workspace, User]:
        """Return the workspace whose token a request has, and whose it is.

        Raises:
            Refusal: it has none, or one that is not known.
        """
        given = headers.get("authorization", "").encode()
        for workspace in self._workspaces:
            for token, user in list(workspace.users.items()):
                if hmac.compare_digest(given, f"Bearer {token}".encode()):
                    return workspace, user
        raise Refusal(401, "UNAUTHENTICATED", "The token is not valid.")

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the runs and the server; the folder goes, if it was a temporary one."""
        self._server.shutdown()
        self._server.server_close()
        waiting = []
        for workspace in self._workspaces:
            with workspace.lock:
                waiting += workspace.runs.cancel_all()
        end = time.monotonic() + _END_SECONDS
        for run in waiting:
            run.done.wait(max(end - time.monotonic(), 0))
        self._runner.close()
        if self._temporary is not None:
            self._temporary.cleanup()


def _check_loopback(host: str) -> None:
    try:
        ok = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        ok = False
    if not ok:
        raise WorkspaceError(
            "DEX-WORKSPACE-07",
            f"The stand-in workspace does not listen on {host}: it speaks plain HTTP and runs what it is given.",
            remedy="Use 127.0.0.1, and a tunnel with a login of its own where another machine has to reach it.",
        )


def _empty_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(folder.iterdir())
    except OSError as error:
        raise WorkspaceError(
            "DEX-WORKSPACE-09", f"The folder cannot be used: {error.strerror or error}.", folder, "Give another one."
        ) from error
    if taken:
        raise WorkspaceError(
            "DEX-WORKSPACE-09",
            "The folder is not empty.",
            folder,
            "Give an empty or new one: a stand-in workspace begins empty.",
        )
    return folder.resolve()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about clients that leave; everything else is a defect and is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # status, headers and body in one piece: two cost the client 40 ms of waiting
    disable_nagle_algorithm = True
    owner: WorkspaceServer

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, query, self._body(), headers)
        try:
            answer = self._answer(request)
        except Refusal as refusal:
            self._send(refusal.status, {"error_code": refusal.code, "message": refusal.message}, refusal.headers)
        except Exception as error:  # noqa: BLE001  whatever it is: the client gets an answer
            traceback.print_exc()
            self._send(500, {"error_code": "INTERNAL_ERROR", "message": f"{type(error).__name__}: {error}"}, {})
        else:
            if answer is not None:
                self._send(200, answer, {})

    def _answer(self, request: Request) -> Any:
        """Return the answer; None where one was sent, or the connection was cut."""
        if request.path == _METADATA:
            if request.method != "GET":
                raise no_route(request.method, request.path)
            oidc = f"{self.owner.url}/oidc"
            return {"oidc_endpoint": oidc, "workspace_id": identity.WORKSPACE_ID, "host_type": "workspace"}
        workspace, user = self.owner.workspace_of(request.headers)
        if not request.path.startswith(control.PREFIX):
            workspace.asked.append(f"{request.method} {request.path}")
            fault = workspace.faults.meet(request.method, request.path)
            if fault is not None and self._meets(fault):
                return None
        with workspace.lock:
            return _ROUTES.answer(workspace, replace(request, user=user))

    def _meets(self, fault: Fault) -> bool:
        """Let a request meet a fault; return whether that was its answer."""
        time.sleep(fault.seconds)
        if fault.cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return True
        if fault.status is None:
            return False
        status, headers, body = fault.answer()
        self._send(status, body, headers)
        return True

    def _send(self, status: int, answer: Any, headers: Mapping[str, str]) -> None:
        raw = isinstance(answer, bytes)
        body = answer if raw else json.dumps(answer).encode()
        self.send_response(status)
        fixed = {
            "Content-Type": "application/octet-stream" if raw else "application/json",
            "Content-Length": str(len(body)),
            "X-Databricks-Org-Id": identity.WORKSPACE_ID,
        }
        for name, value in {**fixed, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = bytearray()
            while size := int(self.rfile.readline().strip() or b"0", 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return bytes(data)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what was asked is in ``asked``, and tokens are in no log."""
