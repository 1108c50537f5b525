"""A stand-in workspace: enough of the REST routes and of Spark Connect for the vendor's unmodified clients.

One TLS port, as a workspace has: a client that speaks HTTP/2 is asking for Spark Connect and is handed to a relay in
front of a local engine; every other one gets the REST routes. State lives in memory, one workspace per object.
"""

from __future__ import annotations

import base64
import datetime
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "trial-token"
USER = "tester@example.org"
CLUSTER = "0000-000000-trial"


class Refusal(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}
        super().__init__(message)


def missing(what: str) -> Refusal:
    return Refusal(404, "RESOURCE_DOES_NOT_EXIST", f"{what} does not exist.")


@dataclass
class Workspace:
    """What a workspace holds, and what was asked of it.

    Attributes:
        url: its address.
        root_of_trust: the certificate that its TLS clients have to trust.
        secrets: scope -> key -> value.
        unreadable: scopes that the user may not read.
        files: path in a volume or in DBFS -> content; folders end with a slash.
        tables: full name -> columns.
        throttled: so many of the next requests are answered with 429.
        asked: method and path of every request, in order.
        plans: Spark Connect methods that arrived at the relay, with the plan's bytes.
        spark_version: version of the cluster's runtime.
    """

    url: str = ""
    root_of_trust: Path | None = None
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    throttled: int = 0
    asked: list[str] = field(default_factory=list)
    plans: list[tuple[str, bytes]] = field(default_factory=list)
    spark_version: str = "17.3.x-scala2.13"
    uploads: dict[int, tuple[str, bytearray]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes, headers: Any) -> Any:
        """Return what a request gets: bytes as they are, anything else as JSON."""
        with self.lock:
            self.asked.append(f"{method} {path}")
            if path == "/.well-known/databricks-config":
                raise missing(path)
            if headers.get("Authorization") != f"Bearer {TOKEN}":
                raise Refusal(401, "UNAUTHENTICATED", "The token is not valid.")
            if self.throttled > 0:
                self.throttled -= 1
                raise Refusal(429, "REQUEST_LIMIT_EXCEEDED", "Too many requests.", {"Retry-After": "1"})
            for start, route in _ROUTES.items():
                if path.startswith(start):
                    return route(self, method, path[len(start) :], query, body)
            raise Refusal(404, "ENDPOINT_NOT_FOUND", f"No API found for '{method} {path}'")


# -- routes ------------------------------------------------------------------------------------------------------------


def _me(workspace: Workspace, method: str, rest: str, query: dict[str, str], body: bytes) -> Any:
    return {"id": "1", "userName": USER, "displayName": "Trial", "active": True}


def _secrets(workspace: Workspace, method: str, rest: str, query: dict[str, str], body: bytes) -> Any:
    given = json.loads(body) if body else query
    if rest == "scopes/list":
        return {"scopes": [{"name": name, "backend_type": "DATABRICKS"} for name in workspace.secrets]}
    if rest == "scopes/create":
        workspace.secrets.setdefault(given["scope"], {})
        return {}
    scope = given.get("scope", "")
    if scope not in workspace.secrets:
        raise missing(f"Secret scope {scope}")
    if scope in workspace.unreadable:
        raise Refusal(403, "PERMISSION_DENIED", f"User does not have READ permission on scope {scope}.")
    keys = workspace.secrets[scope]
    if rest == "put":
        keys[given["key"]] = given.get("string_value", "")
        return {}
    if rest == "list":
        return {"secrets": [{"key": key, "last_updated_timestamp": 0} for key in sorted(keys)]}
    if given.get("key") not in keys:
        raise missing(f"Secret {given.get('key')} in scope {scope}")
    return {"key": given["key"], "value": base64.b64encode(keys[given["key"]].encode()).decode()}


def _volume_files(workspace: Workspace, method: str, rest: str, query: dict[str, str], body: bytes) -> Any:
    path = unquote(rest)
    if method == "PUT":
        if path in workspace.files and query.get("overwrite") != "true":
            raise Refusal(409, "ALREADY_EXISTS", f"The file {path} exists.")
        workspace.files[path] = body
        return b""
    if path not in workspace.files:
        raise Refusal(404, "NOT_FOUND", f"The file {path} does not exist.")
    if method == "DELETE":
        del workspace.files[path]
        return b""
    return workspace.files[path]


def _volume_folders(workspace: Workspace, method: str, rest: str, query: dict[str, str], body: bytes) -> Any:
    path = unquote(rest).rstrip("/")
    if method == "PUT":
        workspace.files[f"{path}/"] = b""
        return b""
    below = _below(workspace, path)
    if not below and f"{path}/" not in workspace.files:
        raise Refusal(404, "NOT_FOUND", f"The directory {path} does not exist.")
    if method == "DELETE":
        if below:
            raise Refusal(400, "BAD_REQUEST", f"The directory {path} is not empty.")
        del workspace.files[f"{path}/"]
        return b""
    if method == "HEAD":
        return b""
    return {"contents": [_entry(workspace, f"{path}/{name}", {"last_modified": 0}) for name in below]}


def _dbfs(workspace: Workspace, method: str, rest: str, query: dict[str, str], body: bytes) -> Any:
    given = json.loads(body) if body else query
    path = str(given.get("path", "")).removeprefix("dbfs:").rstrip("/")
    if rest == "create":
        if path in workspace.files and not given.get("overwrite"):
            raise Refusal(400, "RESOURCE_ALREADY_EXISTS", f"{path} exists.")
        handle = len(workspace.uploads) + 1
        workspace.uploads[handle] = (path, bytearray())
        return {"handle": handle}
    if rest == "add-block":
        workspace.uploads[given["handle"]][1].extend(base64.b64decode(given["data"]))
        return {}
    if rest == "close":
        path, data = workspace.uploads[given["handle"]]
        workspace.files[path] = bytes(data)
        return {}
    if rest == "mkdirs":
        workspace.files[f"{path}/"] = b""
        return {}
    below = _below(workspace, path)
    if path not in workspace.files and f"{path}/" not in workspace.files and not below:
        raise missing(f"File or directory {path}")
    if rest == "get-status":
        is_file = path in workspace.files
        size = len(workspace.files.get(path, b""))
        return {"path": path, "is_dir": not is_file, "file_size": size, "modification_time": 0}
    if rest == "list":
        if path in workspace.files:
            return {"files": [{"path": path, "is_dir": False, "file_size": len(workspace.files[path])}]}
        more = {"modification_time": 0}
        return {
            "files": [_entry(workspace, f"{path}/{name}", more, size="file_size", folder="is_dir") for name in below]
        }
    if rest == "read":
        data = workspace.files[path]
        start = int(given.get("offset", 0))
        part = data[start : start + int(given.get("length", 1 << 20))]
        return {"bytes_read": len(part), "data": base64.b64encode(part).decode()}
    if rest == "delete":
        for name in [name for name in workspace.files if name == path or name.startswith(f"{path}/")]:
            del workspace.files[name]
        return {}
    raise Refusal(404, "ENDPOINT_NOT_FOUND", f"No API found for 'dbfs/{rest}'")


def _below(workspace: Workspace, path: str) -> list[str]:
    names = {name[len(path) + 1 :].partition("/")[0] for name in workspace.files if name.startswith(f"{path}/")}
    return sorted(names - {""})


def _entry(
    workspace: Workspace, path: str, more: dict[str, Any], size: str = "file_size", folder: str = "is_directory"
) -> dict[str, Any]:
    is_file = path in workspace.files
    entry = {"path": path, "name": path.rpartition("/")[2], folder: not is_file, **more}
    return {**entry, size: len(workspace.files[path])} if is_file else entry


def _catalogs(workspace: Workspace, method: str, rest: str, query: dict[str, str], body: bytes) -> Any:
    names = [name.split(".") for name in workspace.tables]
    kind, _, full = rest.partition("/")
    if kind == "catalogs":
        return {"catalogs": [{"name": name} for name in sorted({c for c, _, _ in names})]}
    if kind == "schemas":
        wanted = query.get("catalog_name")
        found = sorted({(c, s) for c, s, _ in names if c == wanted})
        return {"schemas": [{"name": s, "catalog_name": c, "full_name": f"{c}.{s}"} for c, s in found]}
    if full:
        if full not in workspace.tables:
            raise Refusal(404, "TABLE_DOES_NOT_EXIST", f"Table '{full}' does not exist.")
        return _table(workspace, full)
    inside = f"{query.get('catalog_name')}.{query.get('schema_name')}."
    return {"tables": [_table(workspace, name) for name in sorted(workspace.tables) if name.startswith(inside)]}


def _table(workspace: Workspace, full: str) -> dict[str, Any]:
    catalog, schema, name = full.split(".")
    about = {"name": name, "catalog_name": catalog, "schema_name": schema, "full_name": full, "table_type": "MANAGED"}
    return {**about, "columns": workspace.tables[full]}


def _cluster(workspace: Workspace, method: str, rest: str, query: dict[str, str], body: bytes) -> Any:
    if query.get("cluster_id") != CLUSTER:
        raise Refusal(400, "INVALID_PARAMETER_VALUE", f"Cluster {query.get('cluster_id')} does not exist.")
    about = {"cluster_id": CLUSTER, "cluster_name": "trial", "state": "RUNNING"}
    return {**about, "spark_version": workspace.spark_version, "data_security_mode": "USER_ISOLATION"}


_Route = Callable[[Workspace, str, str, dict[str, str], bytes], Any]
_ROUTES: dict[str, _Route] = {
    "/api/2.0/preview/scim/v2/Me": _me,
    "/api/2.0/secrets/": _secrets,
    "/api/2.0/fs/files": _volume_files,
    "/api/2.0/fs/directories": _volume_folders,
    "/api/2.0/dbfs/": _dbfs,
    "/api/2.1/unity-catalog/": _catalogs,
    "/api/2.1/clusters/get": _cluster,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # status, headers and body in one piece: two cost the client 40 ms of waiting
    workspace: Workspace

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        body = self._body()
        status, headers, answer = 200, {}, b""
        kind = "application/json"
        try:
            found = self.workspace.answer(self.command, parts.path, query, body, self.headers)
            answer = found if isinstance(found, bytes) else json.dumps(found).encode()
            kind = "application/octet-stream" if isinstance(found, bytes) else kind
        except Refusal as refusal:
            status, headers = refusal.status, refusal.headers
            answer = json.dumps({"error_code": refusal.code, "message": refusal.message}).encode()
        self.send_response(status)
        for key, value in {"Content-Type": kind, "Content-Length": str(len(answer)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)
        self.wfile.flush()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline().strip() or b"0", 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: tests read what was asked from the workspace."""


@contextmanager
def rest_workspace() -> Iterator[Workspace]:
    """Yield a workspace that answers REST over plain HTTP."""
    workspace = Workspace()
    handler = type("Handler", (_Handler,), {"workspace": workspace})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    workspace.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield workspace
    finally:
        server.shutdown()
        server.server_close()


# -- Spark Connect -----------------------------------------------------------------------------------------------------


@contextmanager
def full_workspace(folder: Path, spark_connect: str) -> Iterator[Workspace]:
    """Yield a workspace with REST and Spark Connect on one TLS port.

    Args:
        folder: where certificate and key are written.
        spark_connect: host and port of the engine that answers Spark Connect.
    """
    context = _tls(folder)
    with rest_workspace() as workspace, _relay(workspace, spark_connect) as relay_port:
        listener = socket.create_server(("127.0.0.1", 0))
        rest_port = int(workspace.url.rpartition(":")[2])
        workspace.root_of_trust = folder / "ca.pem"
        workspace.url = f"https://localhost:{listener.getsockname()[1]}"
        threading.Thread(target=_accept, args=(listener, context, rest_port, relay_port), daemon=True).start()
        try:
            yield workspace
        finally:
            listener.close()


def _accept(listener: socket.socket, context: ssl.SSLContext, rest_port: int, relay_port: int) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve_tls, args=(plain, context, rest_port, relay_port), daemon=True).start()


def _serve_tls(plain: socket.socket, context: ssl.SSLContext, rest_port: int, relay_port: int) -> None:
    """Tell by ALPN what a client speaks, and pass its bytes on."""
    try:
        client = context.wrap_socket(plain, server_side=True)
    except (OSError, ssl.SSLError):
        plain.close()
        return
    port = relay_port if client.selected_alpn_protocol() == "h2" else rest_port
    inner = socket.create_connection(("127.0.0.1", port))
    client.setblocking(False)
    _Pump(client, inner).run()


class _Pump:
    """Passes bytes both ways between a TLS socket and a plain one, in one thread: a TLS socket is not for two."""

    def __init__(self, client: ssl.SSLSocket, inner: socket.socket) -> None:
        self.client, self.inner = client, inner
        inner.setblocking(False)

    def run(self) -> None:
        import select

        to_inner, to_client = bytearray(), bytearray()
        try:
            while True:
                reading = [
                    s for s, full in ((self.client, len(to_inner)), (self.inner, len(to_client))) if full < 1 << 20
                ]
                writing = [s for s, waiting in ((self.inner, to_inner), (self.client, to_client)) if waiting]
                pending = self.client.pending() > 0 and self.client in reading
                readable, writable, _ = select.select(reading, writing, [], 0 if pending else 60)
                if (pending or self.client in readable) and not self._take(self.client, to_inner):
                    break
                if self.inner in readable and not self._take(self.inner, to_client):
                    while to_client:
                        self._give(self.client, to_client)
                    break
                if self.inner in writable:
                    self._give(self.inner, to_inner)
                if self.client in writable:
                    self._give(self.client, to_client)
        except OSError:
            pass
        finally:
            with suppress(OSError):
                self.client.close()
            with suppress(OSError):
                self.inner.close()

    @staticmethod
    def _take(source: socket.socket, waiting: bytearray) -> bool:
        try:
            data = source.recv(1 << 16)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return True
        waiting += data
        return bool(data)

    @staticmethod
    def _give(target: socket.socket, waiting: bytearray) -> None:
        try:
            del waiting[: target.send(bytes(waiting[: 1 << 16]))]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return


@contextmanager
def _relay(workspace: Workspace, spark_connect: str) -> Iterator[int]:
    """Yield the port of a relay that checks who asks, notes what arrives and lets an engine answer."""
    import grpc

    upstream = grpc.insecure_channel(spark_connect, options=[("grpc.max_receive_message_length", -1)])

    class Relay(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            method = details.method

            def serve(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
                metadata = dict(context.invocation_metadata())
                if metadata.get("authorization") != f"Bearer {TOKEN}":
                    context.abort(grpc.StatusCode.UNAUTHENTICATED, "The token is not valid.")
                if metadata.get("x-databricks-cluster-id") != CLUSTER:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "There is no such cluster.")

                def noted() -> Iterator[bytes]:
                    for request in requests:
                        workspace.plans.append((method.rpartition("/")[2], request))
                        yield request

                call = upstream.stream_stream(method)(noted())
                context.add_callback(call.cancel)
                try:
                    yield from call
                except grpc.RpcError as error:
                    context.set_trailing_metadata(
                        [(k, v) for k, v in error.trailing_metadata() or () if k.endswith("-bin")]
                    )
                    context.abort(error.code(), error.details() or "")

            return grpc.stream_stream_rpc_method_handler(serve)

    server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers((Relay(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(1.0)
        upstream.close()


def _tls(folder: Path) -> ssl.SSLContext:
    """Return a server's context with a new certificate for localhost; its root is ``folder/ca.pem``."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trial root")])

    def certificate(name: x509.Name, public: Any, *extensions: Any) -> x509.Certificate:
        builder = x509.CertificateBuilder(root_name, name, public, x509.random_serial_number(), now - day, now + day)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(root_key, hashes.SHA256())

    root = certificate(root_name, root_key.public_key(), x509.BasicConstraints(ca=True, path_length=None))
    leaf = certificate(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
        key.public_key(),
        x509.SubjectAlternativeName([x509.DNSName("localhost")]),
        x509.BasicConstraints(ca=False, path_length=None),
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(root.public_bytes(pem))
    (folder / "server.pem").write_bytes(leaf.public_bytes(pem))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").write_bytes(key.private_bytes(pem, *plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context
