"""The line of a notebook file at which each code cell begins."""

from __future__ import annotations

import json
from json.decoder import WHITESPACE  # type: ignore[attr-defined]  # public in all but its stubs


def code_cell_lines(text: str) -> list[int]:
    """Return the zero-based line of each code cell; an empty list for a file without a list of cells."""
    decoder = json.JSONDecoder()

    def past(position: int) -> int:
        return int(WHITESPACE.match(text, position).end())

    at = past(past(0) + 1)
    while at < len(text) and text[at] == '"':
        key, at = decoder.raw_decode(text, at)
        at = past(past(at) + 1)  # the colon
        if key == "cells":
            break
        _, at = decoder.raw_decode(text, at)
        at = past(past(at) + 1)  # the comma
    else:
        return []
    lines: list[int] = []
    at = past(at + 1)
    while at < len(text) and text[at] == "{":
        cell, end = decoder.raw_decode(text, at)
        if cell.get("cell_type") == "code":
            lines.append(text.count("\n", 0, at))
        at = past(past(end) + 1)
    return lines
