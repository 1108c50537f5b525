"""Parameters and configuration of a pipeline in the text of its SQL sources.

``${key}`` is a value of the configuration, put in as it is; ``:name`` is a parameter, which is a text. Source: the
vendor's page on parameters of pipelines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dex.guard import split_name
from dex.notebook import marker_places
from dex.pipelines.elements import ticked

_CONFIGURED = re.compile(r"\$\{\s*([^}\s]+)\s*\}")
_LITERAL = r"'(?:[^'\\]|\\.|'')*'"
#: ``IDENTIFIER(...)`` of texts that are joined.
_NAMED = re.compile(rf"\bIDENTIFIER\s*\(\s*({_LITERAL}(?:\s*\|\|\s*{_LITERAL})*)\s*\)", re.IGNORECASE | re.DOTALL)
_TEXT = re.compile(_LITERAL, re.DOTALL)
_ESCAPED = re.compile(r"\\(.)|''", re.DOTALL)


def with_configuration(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the values of ``${key}``; keys that have none stay.

    Example:
        >>> with_configuration("SELECT * FROM ${catalog}.s.t", {"catalog": "dev"})
        'SELECT * FROM dev.s.t'
    """
    return _CONFIGURED.sub(lambda found: values.get(found[1], found[0]), text)


def with_parameters(text: str, values: Mapping[str, str]) -> str:
    """Return a statement with the values of ``:name``; names in ``IDENTIFIER(...)`` are written out.

    Example:
        >>> with_parameters("SELECT :day AS day FROM IDENTIFIER(:catalog || '.s.t')", {"day": "2013", "catalog": "dev"})
        "SELECT '2013' AS day FROM `dev`.`s`.`t`"
    """
    parts, done = [], 0
    for start, end, name in marker_places(text):
        if name in values:
            quoted = values[name].replace("\\", "\\\\").replace("'", "\\'")
            parts += [text[done:start], f"'{quoted}'"]
            done = end
    return _NAMED.sub(_name, "".join([*parts, text[done:]]))


def _name(found: re.Match[str]) -> str:
    whole = "".join(_ESCAPED.sub(lambda each: each[1] or "'", part[1:-1]) for part in _TEXT.findall(found[1]))
    return ".".join(map(ticked, split_name(whole)))
