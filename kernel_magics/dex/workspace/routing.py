"""From a request to the function that answers it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from dex.workspace.refusal import Refusal, invalid, no_route
from dex.workspace.users import User

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

#: What a route gives: bytes are sent as they are, anything else as JSON.
Answer = Any
Handler = Callable[["Workspace", "Request"], Answer]
_NOBODY = User("", ())


@dataclass(frozen=True)
class Request:
    """What a client asks.

    Attributes:
        query: of the address; the first value of each name.
        headers: names in lower case.
        places: what stood at the ``{name}`` of the route.
        user: whose token it has.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    user: User = _NOBODY

    @cached_property
    def given(self) -> dict[str, Any]:
        """Values of the body's JSON object; of the address where there is no body.

        Raises:
            Refusal: the body is no JSON object.
        """
        if not self.body:
            return dict(self.query)
        try:
            values = json.loads(self.body)
        except ValueError:
            raise Refusal(400, "MALFORMED_REQUEST", "The body is not valid JSON.") from None
        if not isinstance(values, dict):
            raise Refusal(400, "MALFORMED_REQUEST", "The body is no JSON object.")
        return values

    def text(self, name: str, default: str | None = None) -> str:
        """Return a value as text; refuse the request where it is needed and not given."""
        value = self.given.get(name, default)
        if value is None or isinstance(value, dict | list):
            raise invalid(f"Missing required field: {name}" if value is None else f"{name} has to be text.")
        return str(value)

    def number(self, name: str, default: int | None = None) -> int:
        """Return a value as a whole number; refuse the request where it is none."""
        text = self.text(name, None if default is None else str(default))
        try:
            return int(text)
        except ValueError:
            raise invalid(f"{name} has to be a whole number.") from None

    def flag(self, name: str) -> bool:
        """Return whether a value is true, in a body or in an address."""
        return str(self.given.get(name, "")).lower() == "true"

    def mapping(self, name: str) -> dict[str, Any]:
        """Return a value that is an object; an empty one where it is not given."""
        value = self.given.get(name)
        if value is not None and not isinstance(value, dict):
            raise invalid(f"{name} has to be an object.")
        return value or {}

    def listed(self, name: str) -> list[Any]:
        """Return a value that is a list; an empty one where it is not given."""
        value = self.given.get(name)
        if value is not None and not isinstance(value, list):
            raise invalid(f"{name} has to be a list.")
        return value or []


@dataclass(frozen=True)
class _Route:
    methods: tuple[str, ...]
    pattern: re.Pattern[str]
    handler: Handler


class Routes:
    """Routes of one noun.

    In a path ``{name}`` is one part, decoded; ``{name:path}`` is all the rest, decoded, its leading slash kept.
    """

    def __init__(self) -> None:
        self._routes: list[_Route] = []

    def __call__(self, methods: str, path: str) -> Callable[[Handler], Handler]:
        """Return a decorator that answers a path with a function.

        Args:
            methods: such as ``GET`` or ``GET HEAD``.
            path: such as ``/api/2.0/permissions/{kind}/{id}``.
        """
        text = re.sub(r"\\{(\w+):path\\}", r"(?P<\1>/.*)", re.escape(path))
        text = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", text)

        def add(handler: Handler) -> Handler:
            self._routes.append(_Route(tuple(methods.split()), re.compile(text), handler))
            return handler

        return add

    def answer(self, workspace: Workspace, request: Request) -> Answer:
        """Return what a request gets.

        Raises:
            Refusal: there is no such route, or it refuses.
        """
        for route in self._routes:
            found = route.pattern.fullmatch(request.path) if request.method in route.methods else None
            if found:
                places = {name: unquote(text) for name, text in found.groupdict().items()}
                return route.handler(workspace, replace(request, places=places))
        raise no_route(request.method, request.path)

    @classmethod
    def joined(cls, parts: Iterable[Routes]) -> Routes:
        """Return the routes of several nouns together."""
        whole = cls()
        whole._routes = [route for part in parts for route in part._routes]
        return whole
