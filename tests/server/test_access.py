"""No handler answers a stranger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from dex_server.handlers import HANDLERS, DexHandler
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import HTTPClientError

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
Fetch = Callable[..., Awaitable[Any]]


def verbs_of(handler: type[DexHandler]) -> list[str]:
    """Return the verbs that a handler answers itself."""
    return [verb for verb in VERBS if any(verb.lower() in vars(kind) for kind in handler.__mro__[:2])]


CALLS = [(verb, route) for route, handler in HANDLERS for verb in verbs_of(handler)]


async def code_of(fetch: Fetch, verb: str, route: str, headers: dict[str, str] | None = None) -> int:
    body = "{}" if verb in {"POST", "PUT", "PATCH"} else None
    try:
        answer = await fetch(
            *route.strip("/").split("/"), method=verb, body=body, **({"headers": headers} if headers else {})
        )
    except HTTPClientError as error:
        return error.code
    return int(answer.code)


def registered(router: Any) -> dict[str, type[Any]]:
    """Return every handler that a server really has, by its pattern."""
    found: dict[str, type[Any]] = {}
    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            found.update(registered(rule.target))
        elif isinstance(rule.target, type):
            found[rule.matcher.regex.pattern] = rule.target
    return found


def test_every_route_of_the_extension_is_walked(jp_serverapp: Any) -> None:
    ours = {
        pattern: handler
        for pattern, handler in registered(jp_serverapp.web_app.default_router).items()
        if handler.__module__.startswith("dex_server") or "/dex" in pattern
    }
    assert set(ours.values()) == {handler for _, handler in HANDLERS}
    assert len(ours) == len(HANDLERS) >= 2
    assert all(verbs_of(handler) for handler in ours.values())


@pytest.mark.parametrize(("verb", "route"), CALLS)
async def test_a_stranger_without_a_token_is_refused(jp_fetch: Fetch, verb: str, route: str) -> None:
    assert await code_of(jp_fetch, verb, route, {"Authorization": ""}) == 403


@pytest.mark.parametrize(("verb", "route"), CALLS)
async def test_a_stranger_with_a_wrong_token_is_refused(jp_fetch: Fetch, verb: str, route: str) -> None:
    assert await code_of(jp_fetch, verb, route, {"Authorization": "token wrong"}) == 403


@pytest.mark.parametrize(("verb", "route"), CALLS)
async def test_a_known_user_is_let_in(jp_fetch: Fetch, verb: str, route: str) -> None:
    assert await code_of(jp_fetch, verb, route) in {200, 400}


class OnlyContents(Authorizer):
    """Lets a user do everything but what belongs to dex."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return resource != "dex"


@pytest.mark.parametrize(("verb", "route"), CALLS)
async def test_a_user_whom_the_server_does_not_authorize_is_refused(
    jp_fetch: Fetch, jp_serverapp: Any, verb: str, route: str
) -> None:
    jp_serverapp.web_app.settings["authorizer"] = OnlyContents(parent=jp_serverapp)
    assert await code_of(jp_fetch, verb, route) == 403
