"""Long lists, a page at a time."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from dex.workspace.refusal import invalid
from dex.workspace.routing import Request

T = TypeVar("T")


def page(
    items: Sequence[T], request: Request, *, limit: str = "max_results", default: int, most: int
) -> tuple[list[T], dict[str, str]]:
    """Return the items of the page asked for, and the fields of the answer that lead to the next one.

    Args:
        items: all of them.
        request: its ``page_token``, and how many it wants.
        limit: name of the field that says how many.
        default: how many, where it does not say; also for 0, which stands for the platform's own number.
        most: how many it may want.
    """
    size = request.number(limit, 0) or default
    if not 0 < size <= most:
        raise invalid(f"{limit} has to be between 1 and {most}.")
    start = _start(request.given.get("page_token")) or request.number("offset", 0)
    rest = {"next_page_token": _token(start + size)} if start + size < len(items) else {}
    return list(items[start : start + size]), rest


def pages(lists: Mapping[str, Any], request: Request, size: int) -> tuple[dict[str, list[Any]], dict[str, str]]:
    """Return one page of several lists that are paged together, and the field that leads to the next one.

    Args:
        lists: by name; what is no list is left out.
        request: its ``page_token``.
        size: items of each list in a page.
    """
    start = _start(request.given.get("page_token"))
    found = {name: items for name, items in lists.items() if isinstance(items, list)}
    more = any(len(items) > start + size for items in found.values())
    rest = {"next_page_token": _token(start + size)} if more else {}
    return {name: items[start : start + size] for name, items in found.items()}, rest


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(f"from {start}".encode()).decode()


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("from "))
    except ValueError:
        raise invalid("The page token is not valid.") from None
