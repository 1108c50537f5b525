"""What every handler of the server may tell a page: its version, a place in a notebook, why it did not do something."""

from __future__ import annotations

from dex.bridge.hub import PROTOCOL
from dex.bridge.message import Model


class PlaceView(Model):
    """Something a person should know, and the place in the notebook that it is about.

    Attributes:
        text: in one line.
        cell: number of the cell, counted from 1 over all cells; None where it is about the whole notebook.
        line: line in that cell, counted from 1.
    """

    text: str
    cell: int | None = None
    line: int | None = None


class ServerVersion(Model):
    """Server to page: its half of the handshake."""

    version: str
    protocol: int = PROTOCOL


class ErrorReply(Model):
    """Server to page: why something was not done.

    Attributes:
        code: stable code of the error.
        message: what happened.
        where: the place, as text.
        remedy: what to do next.
        places: every place in the notebook that stands in the way.
    """

    code: str
    message: str
    where: str | None = None
    remedy: str | None = None
    places: list[PlaceView] = []


SENT: tuple[type[Model], ...] = (ServerVersion, ErrorReply)
RECEIVED: tuple[type[Model], ...] = ()
