"""A request as wishes. A sentence counts as understood only if a pattern matches the whole of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from dex_agents.request import key_of, listed, listed_columns, missing_words_of, sentences

#: Words for types in prose -> Spark's.
_TYPES = {
    **dict.fromkeys(("int", "ints", "integer", "integers", "whole number", "whole numbers"), "int"),
    **dict.fromkeys(("bigint", "long", "longs"), "bigint"),
    **dict.fromkeys(("double", "doubles", "float", "floats", "number", "numbers"), "double"),
    **dict.fromkeys(("bool", "boolean", "booleans", "flag", "flags"), "boolean"),
    **dict.fromkeys(("date", "dates"), "date"),
    **dict.fromkeys(("timestamp", "timestamps"), "timestamp"),
    **dict.fromkeys(("string", "strings", "text", "texts"), "string"),
}
_TYPE = "|".join(sorted(map(re.escape, _TYPES), key=len, reverse=True)) + r"|decimal\(\d+,\s?\d+\)"
_EVERY = r"(?:(?:every|each|all|the)\s+(?:of\s+the\s+)?)*"
_ROWS = r"(?:rows?|records?|lines?)"


@dataclass
class Wishes:
    """What a request asks for.

    Args:
        missing: words that stand for a missing value.
        types: every column shall have the type of its values.
        casts: column -> type asked for by name.
        as_text: columns that stay text.
        clocks: what is said to be a clock time, in the request's words.
        trim: columns whose spaces go; an empty list stands for all.
        unique_rows: exact duplicates go.
        key: key columns.
        latest_by: of the rows with one key, the latest by this column stays.
        renames: column -> new name.
        drops: columns that go.
        needed: columns without which a row goes.
        cases: column -> upper or lower.
        only: nothing else shall be done.
        not_followed: sentences that were not understood.
    """

    missing: list[str] = field(default_factory=list)
    types: bool = False
    casts: dict[str, str] = field(default_factory=dict)
    as_text: list[str] = field(default_factory=list)
    clocks: list[str] = field(default_factory=list)
    trim: list[str] | None = None
    unique_rows: bool = False
    key: list[str] = field(default_factory=list)
    latest_by: str | None = None
    renames: dict[str, str] = field(default_factory=dict)
    drops: list[str] = field(default_factory=list)
    needed: list[str] = field(default_factory=list)
    cases: dict[str, str] = field(default_factory=dict)
    only: bool = False
    not_followed: list[str] = field(default_factory=list)

    def stays_text(self, column: str) -> bool:
        """Return whether a column must not get another type: it is said to be text, or only text has what is asked."""
        return column in self.as_text or (column in self.cases and column not in self.casts)


def read_wishes(text: str, columns: Iterable[str], known: Collection[str] | None = None) -> Wishes:
    """Return what a request asks for; what is not understood is in ``not_followed``, word for word.

    Args:
        text: the request.
        columns: the frame's columns.
        known: words that may stand for a missing value without being quoted; None: any word.
    """
    names, wishes = list(columns), Wishes()
    for sentence in sentences(text):
        if not _understood(sentence, names, wishes, known):
            parts = [
                part for part in re.split(r",?\s+(?:and\s+then|then|and\s+also)\s+|,\s+and\s+|:\s+", sentence) if part
            ]
            attempt = deepcopy(wishes)
            if len(parts) > 1 and all(_understood(part, names, attempt, known) for part in parts):
                wishes = attempt
            else:
                wishes.not_followed.append(sentence)
    return wishes


def _understood(sentence: str, columns: Sequence[str], wishes: Wishes, known: Collection[str] | None) -> bool:
    plain = re.sub(r"^(?:please|then|also|and|first|next|finally|just)\s+", "", sentence, flags=re.IGNORECASE).strip(
        " ,"
    )
    key = key_of(plain, columns)
    if key:
        wishes.key = key
        return True
    if re.search(r"\bhhmm\b", plain, re.IGNORECASE):
        return _clock_times(plain, wishes)
    for pattern, take in _PATTERNS:
        match = re.fullmatch(pattern, plain, re.IGNORECASE)
        if match and take(match, columns, wishes):
            return True
    words = missing_words_of(plain, known)
    if words is not None and not set(words) & set(columns):
        wishes.missing += words
        return True
    return False


def _clock_times(sentence: str, wishes: Wishes) -> bool:
    make = r"(?:make|turn|convert|cast|parse|read)"
    patterns = (
        (
            r"(?P<what>.+?)\s+(?:is|are|come|comes)\s+(?:written\s+|given\s+|stored\s+)?(?:as\s+|in\s+)?hhmm"
            rf"(?:\s*[:,;]?\s*(?:so\s+|and\s+)?{make}\s+(?:(?:them|it|these)\s+)?(?:into\s+|to\s+)?(?:a\s+)?timestamps?"
            r"(?:\s+(?:of|from|out\s+of)\s+(?:them|it|these))?)?"
        ),
        rf"{make}\s+(?:a\s+)?timestamps?\s+(?:of|from|out\s+of)\s+(?P<what>.+?),?\s+(?:which\s+are\s+|written\s+as\s+|in\s+|as\s+)*hhmm",
        rf"{make}\s+(?P<what>.+?)\s+(?:from|of|in)\s+hhmm\s+(?:into|to)\s+(?:a\s+)?timestamps?",
    )
    for pattern in patterns:
        match = re.fullmatch(pattern, sentence, re.IGNORECASE)
        if match:
            wishes.clocks.append(match["what"])
            return True
    return False


def _type_all(_: re.Match[str], __: Sequence[str], wishes: Wishes) -> bool:
    wishes.types = True
    return True


def _cast(match: re.Match[str], columns: Sequence[str], wishes: Wishes) -> bool:
    found = listed_columns(match["columns"], columns)
    if found is None:
        return False
    kind = match["type"].lower()
    wishes.casts.update(dict.fromkeys(found, _TYPES.get(kind, kind.replace(" ", ""))))
    return True


def _casts(match: re.Match[str], columns: Sequence[str], wishes: Wishes) -> bool:
    """Take ``amount to double and day to date``: several columns, each with its type."""
    pair = re.compile(
        rf"(.+?)\s+(?:to|into|as)\s+(?:an?\s+)?({_TYPE})(?:\s*,\s*and\s+|\s*,\s*|\s+and\s+|$)", re.IGNORECASE
    )
    text, at, found = match["pairs"], 0, {}
    while at < len(text):
        one = pair.match(text, at)
        names = listed_columns(one[1], columns) if one else None
        if one is None or names is None:
            return False
        kind = one[2].lower()
        found.update(dict.fromkeys(names, _TYPES.get(kind, kind.replace(" ", ""))))
        at = one.end()
    wishes.casts.update(found)
    return True


def _as_text(match: re.Match[str], columns: Sequence[str], wishes: Wishes) -> bool:
    found = listed_columns(match["columns"], columns)
    wishes.as_text += found or []
    return found is not None


def _unique(_: re.Match[str], __: Sequence[str], wishes: Wishes) -> bool:
    wishes.unique_rows = True
    return True


def _latest(match: re.Match[str], columns: Sequence[str], wishes: Wishes) -> bool:
    by = listed_columns(match["by"], columns)
    if by is None or len(by) != 1:
        return False
    if match["key"] and not re.fullmatch(r"key", match["key"], re.IGNORECASE):
        key = listed_columns(match["key"], columns)
        if key is None:
            return False
        wishes.key = key
    wishes.latest_by = by[0]
    return True


def _trim(match: re.Match[str], columns: Sequence[str], wishes: Wishes) -> bool:
    named = match.groupdict().get("columns")
    if not named or re.fullmatch(
        r"(?:all|every|each|the)?\s*(?:text|strings?|values?|columns?|text\s+columns?)", named, re.IGNORECASE
    ):
        wishes.trim = []
        return True
    found = listed_columns(named, columns)
    wishes.trim = found or wishes.trim
    return found is not None


def _rename(match: re.Match[str], columns: Sequence[str], wishes: Wishes) -> bool:
    pairs = [re.fullmatch(r"(\S+)\s+(?:to|as|into)\s+([A-Za-z_]\w*)", item) for item in listed(match["pairs"])]
    found: dict[str, str] = {}
    for pair in pairs:
        names = listed_columns(pair[1], columns) if pair else None
        if pair is None or names is None:
            return False
        found[names[0]] = pair[2]
    wishes.renames.update(found)
    return True


def _drop(match: re.Match[str], columns: Sequence[str], wishes: Wishes) -> bool:
    found = listed_columns(match["columns"], columns)
    wishes.drops += found or []
    return found is not None


def _needed(match: re.Match[str], columns: Sequence[str], wishes: Wishes) -> bool:
    found = listed_columns(match["columns"], columns)
    wishes.needed += found or []
    return found is not None


def _case(match: re.Match[str], columns: Sequence[str], wishes: Wishes) -> bool:
    found = listed_columns(match["columns"], columns)
    wishes.cases.update(dict.fromkeys(found or [], match["case"].lower()))
    return found is not None


def _clean(_: re.Match[str], __: Sequence[str], ___: Wishes) -> bool:
    return True


def _only(_: re.Match[str], __: Sequence[str], wishes: Wishes) -> bool:
    wishes.only = True
    return True


_DO = r"(?:drop|remove|delete|discard|eliminate)"
_PATTERNS: tuple[tuple[str, Callable[[re.Match[str], Sequence[str], Wishes], bool]], ...] = (
    (r"clean(?:\s+up)?(?:\s+(?:it|this|everything|the\s+(?:data|frame|table|rows)))?", _clean),
    (
        r"(?:do\s+)?(?:nothing\s+else|no\s+more\s+than\s+that)|leave\s+(?:everything|all)\s+else\s+(?:alone|as\s+it\s+is)",
        _only,
    ),
    (
        (
            rf"(?:give|assign|set|cast|convert|bring)\s+(?:to\s+)?{_EVERY}columns?\s+(?:to\s+)?(?:its|their|a|the)?\s*"
            r"(?:own\s+|right\s+|proper\s+|correct\s+|real\s+|natural\s+)?(?:data\s*)?types?"
        ),
        _type_all,
    ),
    (
        (
            r"(?:infer|find|detect|use|set|fix)\s+(?:the\s+)?(?:right\s+|proper\s+|correct\s+)?(?:data\s*|column\s+)?types?"
            r"(?:\s+(?:from|of|by)\s+the\s+values)?"
        ),
        _type_all,
    ),
    (
        r"(?:keep|leave)\s+(?P<columns>.+?)\s+(?:as\s+)?(?:(?:a\s+)?(?:text|strings?)|alone|as\s+(?:it|they)\s+(?:is|are))",
        _as_text,
    ),
    (
        rf"(?:cast|convert|make|turn|read|parse)\s+(?P<columns>.+?)\s+(?:to|into|as|an?)\s+(?:an?\s+)?(?P<type>{_TYPE})",
        _cast,
    ),
    (r"(?:cast|convert|turn|parse)\s+(?P<pairs>.+\s(?:to|into|as)\s.+)", _casts),
    (rf"(?P<columns>.+?)\s+(?:is|are)\s+(?:an?\s+)?(?P<type>{_TYPE})", _cast),
    (
        (
            rf"(?:{_DO}|no)\s+{_EVERY}(?:any\s+)?(?:exact(?:ly)?\s+|full(?:y)?\s+|complete(?:ly)?\s+|identical\s+)?"
            rf"duplicate(?:s|d)?(?:\s+{_ROWS})?|de-?duplicate(?:\s+(?:exact(?:ly)?|{_EVERY}{_ROWS}|it))?"
        ),
        _unique,
    ),
    (
        (
            rf"keep\s+(?:only\s+)?the\s+(?:latest|newest|most\s+recent|last)\s*(?:{_ROWS}|version|one)?"
            r"(?:\s+(?:per|for\s+each|of\s+each)\s+(?P<key>.+?))?,?\s+(?:by|ordered\s+by|according\s+to)\s+(?P<by>\S+)"
        ),
        _latest,
    ),
    (r"(?:trim|strip)(?:\s+(?:white\s*space|spaces|blanks)(?:\s+(?:from|of|in))?)?(?:\s+(?P<columns>.+))?", _trim),
    (
        (
            rf"{_DO}\s+(?:the\s+)?(?:leading|trailing|surrounding)(?:\s+and\s+trailing)?\s+(?:white\s*space|spaces|blanks)"
            r"(?:\s+(?:from|of|in|around)\s+(?P<columns>.+))?"
        ),
        _trim,
    ),
    (r"rename\s+(?:the\s+)?(?:columns?\s+)?(?P<pairs>.+)", _rename),
    (rf"{_DO}\s+(?:the\s+)?columns?\s+(?P<columns>.+)", _drop),
    (
        rf"{_DO}\s+{_EVERY}{_ROWS}\s+(?:without(?:\s+an?)?|with\s+no|with\s+(?:a\s+)?(?:null|missing))\s+(?P<columns>.+)",
        _needed,
    ),
    (rf"{_DO}\s+{_EVERY}{_ROWS}\s+(?:where|in\s+which)\s+(?P<columns>[^,\s]+)\s+is\s+(?:null|missing)", _needed),
    (r"(?P<case>upper|lower)[- ]?case\s+(?P<columns>.+)", _case),
    (r"(?:write|make|put)\s+(?P<columns>.+?)\s+(?:in\s+)?(?P<case>upper|lower)[- ]?case", _case),
)
