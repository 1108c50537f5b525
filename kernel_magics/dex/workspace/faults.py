"""Failures on request: what a client meets on a bad day."""

from __future__ import annotations

import threading
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_CODES = {
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    409: "RESOURCE_CONFLICT",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Fault(BaseModel):
    """One kind of failure.

    Attributes:
        route: method and path that it meets; ``*`` and ``?`` as in names of files.
        count: so many requests meet it; None for every one.
        after: so many requests of the route pass first.
        status: status of the answer; None where the request is answered after all, only late.
        code: ``error_code`` of the answer; the usual one of the status if not given.
        message: of the answer.
        retry_after: seconds, sent as ``Retry-After``.
        seconds: how long the answer takes.
        cut: the connection ends without an answer.
    """

    model_config = ConfigDict(extra="forbid")

    route: str = "*"
    count: int | None = Field(default=1, ge=1)
    after: int = Field(default=0, ge=0)
    status: int | None = Field(default=None, ge=400, le=599)
    code: str | None = None
    message: str = "A fault that was asked for."
    retry_after: int | None = Field(default=None, ge=0)
    seconds: float = Field(default=0.0, ge=0, le=600)
    cut: bool = False

    def answer(self) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Return status, headers and body of the answer."""
        assert self.status is not None
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        code = self.code or _CODES.get(self.status, "INTERNAL_ERROR" if self.status >= 500 else "BAD_REQUEST")
        return self.status, headers, {"error_code": code, "message": self.message}


class Faults:
    """The failures that are asked for; each request meets the first that fits."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Ask for one more."""
        with self._lock:
            self._faults.append(fault.model_copy())

    def clear(self) -> None:
        """Take all back."""
        with self._lock:
            self._faults.clear()

    def waiting(self) -> list[Fault]:
        """Return those that are still to come."""
        with self._lock:
            return [fault.model_copy() for fault in self._faults]

    def meet(self, method: str, path: str) -> Fault | None:
        """Return what a request meets, and count it."""
        with self._lock:
            for fault in self._faults:
                if not fnmatchcase(f"{method} {path}", fault.route):
                    continue
                if fault.after:
                    fault.after -= 1
                    continue
                if fault.count is not None:
                    fault.count -= 1
                    if not fault.count:
                        self._faults.remove(fault)
                return fault
        return None
