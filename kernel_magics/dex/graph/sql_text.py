"""SQL as text, before it is parsed: words that the parser does not know, and parts that only the run knows."""

from __future__ import annotations

import re

_SPACE = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
#: Words that name no table and that the parser does not know, with what stands for them, at the beginning of a statement.
_UNKNOWN_WORDS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), new)
    for pattern, new in (
        (r"(CREATE\s.{0,500}?)\bDEEP\s+(?=CLONE\b)", r"\1"),
        (r"(CREATE\s.{0,500}?\bCLONE\s+\S+)\s+(?:VERSION|TIMESTAMP)\s+AS\s+OF\s+[^\s;]+", r"\1"),
        (r"((?:MERGE|INSERT)\s+)WITH\s+SCHEMA\s+EVOLUTION\s+(?=INTO\b)", r"\1"),
        (r"(INSERT\s+OVERWRITE\s+(?:LOCAL\s+)?DIRECTORY\s+'[^']*')\s+USING\s+\w+(?:\s+OPTIONS\s*\([^()]*\))?", r"\1"),
        (r"(COPY\s+INTO\s+\S+\s+)BY\s+POSITION\s+(?=FROM\b)", r"\1"),
        (r"(COPY\s+INTO\s+\S+\s.{0,500}?'[^']*')\s+WITH\s*\((?:[^()]|\([^()]*\))*\)", r"\1"),
        (r"(CREATE\s+(?:OR\s+\w+\s+)?(?:\w+\s+)?)LIVE\s+(?=TABLE\b|VIEW\b)", r"\1"),
        (r"CREATE\s+FLOW\s+\S+\s+AS\s+(?=INSERT\b)", ""),
        (r"TABLE\s+(?=[^\s;()]+\s*;?\s*$)", "SELECT * FROM "),
    )
)
_HOLE = r"__dex_hole_\d+__"
_PROPERTIES = re.compile(rf"\b(?:TBLPROPERTIES|OPTIONS)\s*\([\s,]*(?:{_HOLE}[\s,]*)+\)", re.IGNORECASE)
_WORD = re.compile(rf"(\S+)(\s+){_HOLE}(?=\s|;|$)", re.IGNORECASE)
#: Words behind which the name of a table stands.
_BEFORE_NAMES = frozenset("FROM JOIN INTO TABLE VIEW UPDATE USING EXISTS OVERWRITE TABLES SCHEMA".split())
_SET = re.compile(r"SET\s+([A-Za-z_]\w*(?:\.\w+)*)\s*=\s*(.*?)\s*;?\s*$", re.IGNORECASE | re.DOTALL)


def first_word(text: str, begin: int = 0) -> int:
    """Return the position of the first word of a statement, behind the comments above it."""
    found = _SPACE.match(text, begin)
    return found.end() if found else begin


def readable(text: str) -> str:
    """Return a statement without the words that the parser does not know and that name no table."""
    begin = first_word(text)
    above, text = text[:begin], text[begin:]
    for pattern, new in _UNKNOWN_WORDS:
        if pattern.match(text):
            text = pattern.sub(new, text, count=1)
    return above + _PROPERTIES.sub("", text)


def without_unknown_words(text: str) -> str:
    """Return a statement without the clauses that only the run knows; the names of tables stay."""
    before = ""
    while before != text:
        before = text
        text = _WORD.sub(lambda m: m.group() if m.group(1).upper() in _BEFORE_NAMES else m.group(1) + m.group(2), text)
    return text


def setting(text: str) -> tuple[str, str] | None:
    """Return the setting of the session that a ``SET`` gives a value, and the value; None for any other statement."""
    found = _SET.match(text, first_word(text))
    return (found.group(1), found.group(2).strip("'\"")) if found else None
