"""What a request to this machine's engine has to say in other words: paths of the platform, arguments of commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dex.guard.paths import FILE_FORMATS, at_home
from dex.guard.plans import LEAVES, decompressed

#: A quoted text of a SQL statement that may be a path of the platform.
_QUOTED_PATH = re.compile(r"[`'\"](?:/|dbfs:/)")
#: Words of SQL in front of a path.
_BEFORE_A_PATH = frozenset({"LOCATION", "FROM", "DIRECTORY", "PATH"})


def bring_home(request: Any, root: Path) -> None:
    """Replace the platform's paths in a request by where they lie here, and write out arguments of commands, in place.

    Args:
        request: a request that the guard has let pass.
        root: folder of the project.
    """
    stack = [request]
    while stack:
        message = stack.pop()
        name = message.DESCRIPTOR.full_name.removeprefix("spark.connect.")
        if name == "Plan" and message.WhichOneof("op_type") == "compressed_operation":
            opened = decompressed(message)
            before = opened.SerializeToString()
            bring_home(opened, root)
            if opened.SerializeToString() != before:
                message.CopyFrom(opened)
            continue
        replace = _REPLACE.get(name)
        if replace is not None:
            replace(message, root)
        stack.extend(_inner(message))


def sql_at_home(text: str, root: Path) -> str:
    """Return a SQL text with the platform's paths replaced where a path stands: ``csv.`/x```, ``LOCATION '/x'``."""
    if not _QUOTED_PATH.search(text):
        return text
    from sqlglot import tokenize
    from sqlglot.errors import TokenError

    try:
        tokens = tokenize(text, dialect="databricks")
    except TokenError:
        return text  # the engine says what is wrong with it
    words = ["", "", *(token.text for token in tokens)]
    pieces: list[str] = []
    done = 0
    for token, first, second in zip(tokens, words, words[1:], strict=False):
        quote = text[token.start]
        if quote not in "`'\"" or text[token.end] != quote or not _is_path(quote, first, second):
            continue
        place = at_home(token.text, root)
        if place != token.text:
            pieces += [text[done : token.start], quote, place.replace(quote, quote * 2), quote]
            done = token.end + 1
    return "".join([*pieces, text[done:]])


def _is_path(quote: str, first: str, second: str) -> bool:
    """Return whether a quoted text is a path; the two words in front of it say so."""
    if quote == "`":
        return second == "." and first.lower() in FILE_FORMATS
    return second.upper() in _BEFORE_A_PATH or (second == "(" and first.upper() == "READ_FILES")


def _inner(message: Any) -> Iterator[Any]:
    for field, value in message.ListFields():
        kind = field.message_type
        if kind is None or kind.full_name in LEAVES or kind.full_name == "google.protobuf.Any":
            continue
        if hasattr(value, "ListFields"):
            yield value
        else:  # a repeated field, or a map
            values = value.values() if hasattr(value, "values") else value
            yield from (each for each in values if hasattr(each, "ListFields"))


def _data_source(message: Any, root: Path) -> None:
    if (message.format or "delta").lower() in FILE_FORMATS:
        for number, path in enumerate(message.paths):
            message.paths[number] = at_home(path, root)


def _path(message: Any, root: Path) -> None:
    if message.path:
        message.path = at_home(message.path, root)
    for key in message.options:
        if key.lower() == "path":
            message.options[key] = at_home(message.options[key], root)


def _text(field: str) -> Callable[[Any, Path], None]:
    def replace(message: Any, root: Path) -> None:
        before = getattr(message, field)
        if (after := sql_at_home(before, root)) != before:
            setattr(message, field, after)

    return replace


def _command(message: Any, root: Path) -> None:
    from dex.guard.arguments import write_arguments  # loads the SQL parser

    write_arguments(message)
    _text("sql")(message, root)


_REPLACE: dict[str, Callable[[Any, Path], None]] = {
    "Read.DataSource": _data_source,
    "Read.NamedTable": _text("unparsed_identifier"),
    "SQL": _text("query"),
    "SqlCommand": _command,
    **dict.fromkeys(("WriteOperation", "CreateTable", "CreateExternalTable"), _path),
}
