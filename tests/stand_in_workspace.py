"""The stand-in workspace of `dex.workspace`, alone or with Spark Connect on the same port, for tests.

One TLS port, as a workspace has: a client that speaks HTTP/2 is asking for Spark Connect and is handed to a relay in
front of a local engine; every other one gets the REST routes.
"""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dex.workspace import CLUSTER, Workspace, WorkspaceServer

TOKEN = "trial-token"
USER = "tester@example.org"


@contextmanager
def rest_workspace() -> Iterator[Workspace]:
    """Yield a workspace that answers REST over plain HTTP; it holds no catalog."""
    with WorkspaceServer() as server:
        yield server.add(USER, TOKEN, catalogs=())


def client_of(workspace: Workspace, token: str | None = None, **settings: Any) -> Any:
    """Return the vendor's client of a workspace, logged in as its first user or as the one with the token."""
    from databricks.sdk import WorkspaceClient

    return WorkspaceClient(host=workspace.url, token=token or workspace.token, auth_type="pat", **settings)


@dataclass
class FullWorkspace:
    """A workspace with Spark Connect.

    Attributes:
        rest: what it holds.
        url: address of both.
        root_of_trust: the certificate that its clients have to trust.
        plans: Spark Connect methods that arrived at the relay, with the plan's bytes.
    """

    rest: Workspace
    url: str
    root_of_trust: Path
    plans: list[tuple[str, bytes]] = field(default_factory=list)


# -- Spark Connect -----------------------------------------------------------------------------------------------------


@contextmanager
def full_workspace(folder: Path, spark_connect: str) -> Iterator[FullWorkspace]:
    """Yield a workspace with REST and Spark Connect on one TLS port.

    Args:
        folder: where certificate and key are written.
        spark_connect: host and port of the engine that answers Spark Connect.
    """
    context = _tls(folder)
    with rest_workspace() as rest:
        listener = socket.create_server(("127.0.0.1", 0))
        rest_port = int(rest.url.rpartition(":")[2])
        workspace = FullWorkspace(rest, f"https://localhost:{listener.getsockname()[1]}", folder / "ca.pem")
        with _relay(workspace, spark_connect) as relay_port:
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
def _relay(workspace: FullWorkspace, spark_connect: str) -> Iterator[int]:
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
