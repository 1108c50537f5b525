"""Ask a Spark Connect server the smallest question there is, with a deadline, without Spark's client."""

from __future__ import annotations

from urllib.parse import urlsplit

from dex_dbutils.session import is_listening

#: AnalyzePlanRequest{session_id, user_context{user_id: "dex"}, spark_version{}}: written out, so that no client has
#: to be imported. Always the same session, so that probes do not pile up sessions in the server.
_SESSION = b"00000000-0000-4000-8000-0000000000de"
_QUESTION = b"\n$" + _SESSION + b"\x12\x05\n\x03dexR\x00"
_METHOD = "/spark.connect.SparkConnectService/AnalyzePlan"


def spark_version(url: str, seconds: float) -> str | None:
    """Return the version of Spark that a server says it is, or None if it does not answer in time.

    Args:
        url: an ``sc://`` address without TLS.
        seconds: the deadline.
    """
    if not is_listening(url, min(seconds, 2.0)):
        return None
    import grpc

    parts = urlsplit(url)
    with grpc.insecure_channel(f"{parts.hostname}:{parts.port or 15002}") as channel:
        ask = channel.unary_unary(_METHOD)  # bytes in, bytes out
        try:
            answer: bytes = ask(_QUESTION, timeout=seconds)
        except grpc.RpcError:
            return None
    return _version_in(answer)


def _version_in(answer: bytes) -> str:
    """Return the version in an AnalyzePlanResponse: field 8, a message whose field 1 is text."""
    i = 0
    while i < len(answer):
        key, length = answer[i], answer[i + 1]  # every field of this answer is short and of wire type 2
        body = answer[i + 2 : i + 2 + length]
        if key == 0x42:
            return body[2:].decode()
        i += 2 + length
    return ""
