"""What the values of a text column look like: numbers, dates, times, words for nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from dex_dbutils.profile.masking import masked
from dex_dbutils.profile.model import Patterns, TopValue
from dex_dbutils.profile.states import NULL_WORDS, TextState, cut

BOOLEANS = frozenset("true false yes no t f y n".split())

_INTEGER = re.compile(r"[+-]?\d+\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z", re.ASCII)
_CLOCK = r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?P<fraction>\.\d{1,9})?)?"
_TIME = re.compile(rf"{_CLOCK}\Z", re.ASCII)
_DATE = (
    r"(?P<y1>\d{4})(?P<sign>[-/.])(?P<m1>\d\d)(?P=sign)(?P<d1>\d\d)"
    r"|(?P<a>\d\d)(?P<between>[-/.])(?P<b>\d\d)(?P=between)(?P<y2>\d{4})"
    r"|(?P<y3>(?:19|20)\d\d)(?P<m3>\d\d)(?P<d3>\d\d)"
)
_MOMENT = re.compile(rf"(?:{_DATE})(?:(?P<gap>[ T]){_CLOCK}(?P<zone>\s?(?:Z|UTC|[+-]\d\d:?(?:\d\d)?))?)?\Z", re.ASCII)
_MAX_TOKENS = 8


def patterns_of(state: TextState) -> Patterns | None:
    """Return the patterns of the values that a state has counted; None where there is none."""
    if not state.count:
        return None
    values = [(text.decode("utf-8", errors="replace"), count) for text, count in state.sampled()]
    if state.complete:
        return find_patterns(values, complete=True)
    meaningful = [(text, count) for text, count in values if not _is_null_word(text)]
    return find_patterns([*meaningful, *state.null_words.found()], complete=False)


def find_patterns(values: Iterable[tuple[str, int]], *, complete: bool) -> Patterns:
    """Return the patterns of some values.

    Args:
        values: different values, and how often each was seen.
        complete: whether these are all values of the column.
    """
    counts: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    for value, count in values:
        counts["seen"] += count
        text = value.strip()
        if _is_null_word(text):
            tokens[value] += count
            continue
        if text != value:
            counts["padded"] += count
        for name in _features(text):
            counts[name] += count
        name, moments = _moments(text)
        if moments:
            counts[name] += count
        for pattern in moments:
            formats[pattern] += count
    return Patterns(
        complete=complete,
        null_tokens=[TopValue(value=cut(masked(word)), count=n) for word, n in _ordered(tokens)[:_MAX_TOKENS]],
        formats=dict(_ordered(formats)),
        **{"seen": 0, **counts},
    )


def _is_null_word(text: str) -> bool:
    stripped = text.strip()
    return not stripped or stripped.lower() in NULL_WORDS


def _features(text: str) -> Iterator[str]:
    """Yield the names of the counters that a text belongs to, dates and times apart."""
    first = text[0]
    if first.isalpha():
        if text.lower() in BOOLEANS:
            yield "booleans"
    elif _INTEGER.match(text):
        yield "integers"
        yield "numbers"
        if first == "0" and len(text) > 1:
            yield "leading_zeros"
        if first.isdigit() and len(text) <= 4 and int(text) <= 2400 and int(text) % 100 < 60:
            yield "hhmm"
    elif _NUMBER.match(text):
        yield "numbers"


def _moments(text: str) -> tuple[str, list[str]]:
    """Return the counter of a date, a timestamp or a time of day, and Spark's patterns for it.

    ``03/04/2013`` fits two patterns; what is none of these fits no one.
    """
    if not text[0].isdigit() or not 5 <= len(text) <= 40:
        return "", []
    if clock := _TIME.match(text):
        return "times", [_clock_pattern(clock)]
    found = _MOMENT.match(text)
    if found is None:
        return "", []
    patterns = list(_date_patterns(found))
    if not found["gap"]:
        return "dates", patterns
    gap = "'T'" if found["gap"] == "T" else " "
    behind = f"{gap}{_clock_pattern(found)}{_zone_pattern(found['zone'])}"
    return "timestamps", [f"{pattern}{behind}" for pattern in patterns]


def _date_patterns(found: re.Match[str]) -> Iterator[str]:
    if found["y1"]:
        if _is_date(found["y1"], found["m1"], found["d1"]):
            yield f"yyyy{found['sign']}MM{found['sign']}dd"
    elif found["y3"]:
        if _is_date(found["y3"], found["m3"], found["d3"]):
            yield "yyyyMMdd"
    else:
        sign = found["between"]
        if _is_date(found["y2"], found["b"], found["a"]):
            yield f"dd{sign}MM{sign}yyyy"
        if sign != "." and _is_date(found["y2"], found["a"], found["b"]):
            yield f"MM{sign}dd{sign}yyyy"


def _clock_pattern(found: re.Match[str]) -> str:
    fraction = found["fraction"]
    return "HH:mm" + (":ss" if found["second"] else "") + (f".{'S' * (len(fraction) - 1)}" if fraction else "")


def _zone_pattern(zone: str | None) -> str:
    if not zone:
        return ""
    gap = " " if zone[0].isspace() else ""
    word = zone.strip()
    if word == "UTC":
        return f"{gap}'UTC'"
    return gap + ("X" if len(word) in (1, 3) else "XXX" if ":" in word else "XX")


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    """Return the pairs, most frequent first, equal ones in the order of their names."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
