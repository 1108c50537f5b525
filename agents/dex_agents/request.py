"""Read what a request says in prose: its sentences, the columns it names, its key, its words for a missing value.

No model is needed for this, and none is imitated: a phrase is taken only if the whole of it is understood.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_AND = re.compile(r"\s*(?:,\s*and\s+|,|;|\band\b|\bor\b|&)\s*", re.IGNORECASE)
_QUOTES = "\"'`“”‘’"
_KEY = re.compile(
    r"^(?:the\s+)?(?:primary\s+|unique\s+|natural\s+|business\s+)?key(?:\s+columns?)?\s*(?:is|are|:|=|should be)\s*(.+)$"
    r"|^(.+?)\s+(?:is|are|form|make up|identif(?:y|ies))\s+(?:the\s+|a\s+)?(?:primary\s+|unique\s+|natural\s+)?(?:key|row)$",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"^(.+?)\s+(?:means?|is|are|stands?\s+for|counts?\s+as|should\s+be(?:come)?|becomes?)\s+"
    r"(?:a\s+|an\s+)?(?:null|nulls|missing|missing\s+values?|no\s+value|unknown)$"
    r"|^(?:treat|read|take|turn|replace|make)\s+(.+?)\s+(?:as|into|with|by)?\s*(?:a\s+)?(?:null|nulls|missing|missing\s+values?)$",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """Return the sentences of a request, without their full stops and blank lines.

    A dot inside a word, as in ``0.5`` or ``silver.flights``, ends nothing.
    """
    parts = re.split(r"(?<=[\w\"'`)\]][.!?])\s+|\n\s*\n|\n\s*[-*]\s+|;\s+", text.strip())
    return [cleaned for part in parts if (cleaned := " ".join(part.split()).strip(" .!;-*"))]


def listed(text: str) -> list[str]:
    """Return the items of a list in prose: ``a, b and c``."""
    return [item.strip(f" {_QUOTES}") for item in _AND.split(text) if item.strip(f" {_QUOTES}")]


def listed_columns(text: str, columns: Iterable[str]) -> list[str] | None:
    """Return the columns that a list in prose names, or None if one item is no column."""
    known = {name.lower(): name for name in columns}
    text = re.sub(r"^(?:the\s+)?columns?\s+|\s+columns?$", "", text.strip(), flags=re.IGNORECASE)
    found = []
    for item in listed(text):
        name = re.sub(r"^the\s+", "", item, flags=re.IGNORECASE).lower()
        if name not in known:
            return None
        found.append(known[name])
    return found or None


def named_key(text: str, columns: Iterable[str]) -> tuple[str, ...] | None:
    """Return the key columns that a request names, as the frame spells them, or None."""
    names = list(columns)
    for sentence in sentences(text):
        found = key_of(sentence, names)
        if found:
            return tuple(found)
    return None


def key_of(sentence: str, columns: Iterable[str]) -> list[str] | None:
    """Return the key columns that a sentence names, or None."""
    match = _KEY.match(sentence)
    return listed_columns(match[1] or match[2], columns) if match else None


def missing_words_of(sentence: str, known: Collection[str] | None = None) -> list[str] | None:
    """Return the words that a sentence declares to stand for a missing value, or None.

    Args:
        sentence: the sentence.
        known: what a word without quotes must be, for "Nothing is missing" names no word; None: anything.
    """
    match = _MISSING.match(sentence)
    if match is None:
        return None
    text = match[1] or match[2]
    raw = [
        re.sub(r"^(?:the\s+)?(?:words?|values?|strings?|texts?)\s+", "", item.strip(), flags=re.IGNORECASE)
        for item in _AND.split(text)
        if item.strip(f" {_QUOTES}")
    ]
    items = [item.strip(f" {_QUOTES}") for item in raw]
    if re.fullmatch(r"(?:an?\s+|the\s+)?empty\s+(?:strings?|texts?|values?|cells?)|blanks?", text, re.IGNORECASE):
        return [""]
    if known is not None and any(
        item[0] not in _QUOTES and word not in known for item, word in zip(raw, items, strict=True)
    ):
        return None
    return items if items and all(not re.search(r"\s", item) for item in items) else None
