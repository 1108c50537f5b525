"""Parameters of a run: from the command line's words to values, and into the notebook."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dex_dbutils import NotebookError

_INT = re.compile(r"[-+]?\d+")
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}


def parse_parameters(words: Iterable[str]) -> dict[str, Any]:
    """Return ``KEY=VALUE`` words as a mapping; the last one of a key wins.

    A value that reads as a whole number, a decimal number, true, false or null becomes one; all else is text, and so
    is what stands in quotes.

    Raises:
        NotebookError: DEX-NOTEBOOK-06, a word is not KEY=VALUE.
    """
    return {key: parse_value(value) for key, value in _pairs(words)}


def _pairs(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        key, separator, value = word.partition("=")
        if not separator or not key.strip():
            raise NotebookError(
                "DEX-NOTEBOOK-06", f"`{word}` is no parameter.", remedy="Write KEY=VALUE, such as -p year=2013."
            )
        yield key.strip(), value


def parameter_texts(words: Iterable[str]) -> dict[str, str]:
    """Return ``KEY=VALUE`` words as widgets are given them: ``1.50`` stays ``1.50``; quotes around a value are dropped.

    Raises:
        NotebookError: DEX-NOTEBOOK-06, a word is not KEY=VALUE.
    """
    return {key: _unquoted(value) for key, value in _pairs(words)}


def parse_value(text: str) -> Any:
    """Return the value that a text stands for."""
    if (unquoted := _unquoted(text)) != text:
        return unquoted
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INT.fullmatch(text) and not (text.lstrip("+-").startswith("0") and text.lstrip("+-") != "0"):
        return int(text)  # 007 is text: a code, not a number
    if _FLOAT.fullmatch(text) and not _INT.fullmatch(text):
        return float(text)
    return text


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"" else text


def assignments(parameters: Mapping[str, Any]) -> str:
    """Return the source of a cell that sets parameters.

    Raises:
        NotebookError: DEX-NOTEBOOK-06, a name is no Python name.
    """
    import keyword

    for name in parameters:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise NotebookError(
                "DEX-NOTEBOOK-06",
                f"`{name}` cannot be set in a notebook: it is no Python name.",
                remedy="Use letters, digits and underscores.",
            )
    return "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in parameters.items())])
