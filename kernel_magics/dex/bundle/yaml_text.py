"""Texts in YAML, read and written. Written in one style: blocks, two blanks, quotes where a plain text could be read as something else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator

_PLAIN = re.compile(r"[^\W\d][\w./* @-]*|[./][\w./* @-]*")
#: Signs that YAML takes only as a number: no text of several lines in single quotes, nothing that is not printable.
_NOT_PRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def as_word(value: Any) -> Any:
    """Return true and false of YAML as the texts that the platform's API takes; anything else as it is."""
    return str(value).lower() if isinstance(value, bool) else value


#: A text of a model that coerces numbers, also where YAML has it as true or false.
Text = Annotated[str, BeforeValidator(as_word)]


def scalar(value: Any) -> str:
    """Return a text, number, boolean or None as YAML: a text plain where nothing else could be meant, else quoted.

    Double quotes, and single ones around a text that has double ones itself, such as a list in JSON.

    Example:
        >>> scalar("daily"), scalar("4"), scalar("${bundle.target}"), scalar(4)
        ('daily', '"4"', '"${bundle.target}"', '4')
    """
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.strip() == value and value.lower() not in _WORDS:
        return value
    if '"' in value and not _NOT_PRINTABLE.search(value):
        return "'" + value.replace("'", "''") + "'"
    return _NOT_PRINTABLE.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(value, ensure_ascii=False))


def to_yaml(value: dict[str, Any]) -> str:
    """Return keys and values as YAML that ends with a newline: dictionaries, lists, texts, numbers, booleans and None."""
    return "".join(f"{line}\n" for line in _mapping(value))


def _mapping(value: dict[str, Any]) -> Iterator[str]:
    for key, entry in value.items():
        if isinstance(entry, dict) and entry:
            yield f"{scalar(key)}:"
            yield from (f"  {line}" for line in _mapping(entry))
        elif isinstance(entry, list) and entry:
            yield f"{scalar(key)}:"
            yield from (f"  {line}" for line in _list(entry))
        else:
            yield f"{scalar(key)}: {_empty(entry) or scalar(entry)}"


def _list(items: list[Any]) -> Iterator[str]:
    for item in items:
        inner = list(_mapping(item)) if isinstance(item, dict) else list(_list(item)) if isinstance(item, list) else []
        if inner:
            yield f"- {inner[0]}"
            yield from (f"  {line}" for line in inner[1:])
        else:
            yield f"- {_empty(item) or scalar(item)}"


def _empty(value: Any) -> str:
    return "{}" if value == {} else "[]" if value == [] else ""
