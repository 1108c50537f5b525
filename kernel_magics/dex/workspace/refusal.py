"""Answers that are no success, as the platform words them."""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """An answer other than 200.

    Args:
        status: of HTTP.
        code: ``error_code`` of the body; clients choose the type of their error by it.
        message: what a person reads.
        headers: sent with it.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})
        super().__init__(message)


def missing(what: str) -> Refusal:
    """Return the answer about something that is not there."""
    return Refusal(404, "RESOURCE_DOES_NOT_EXIST", f"{what} does not exist.")


def exists(what: str, status: int = 400) -> Refusal:
    """Return the answer about something that is there already."""
    return Refusal(status, "RESOURCE_ALREADY_EXISTS", f"{what} already exists.")


def invalid(message: str) -> Refusal:
    """Return the answer about a value that does not fit."""
    return Refusal(400, "INVALID_PARAMETER_VALUE", message)


def denied(message: str) -> Refusal:
    """Return the answer to somebody who may not do what was asked."""
    return Refusal(403, "PERMISSION_DENIED", message)


def no_route(method: str, path: str) -> Refusal:
    """Return the answer about a route that there is none of."""
    return Refusal(404, "ENDPOINT_NOT_FOUND", f"No API found for '{method} {path}'")
