"""When a job starts by itself: Quartz expressions, time zones, one way of starting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from dex.bundle.models import Finding
from dex.bundle.suggest import nearest
from dex.bundle.tree import At

_WAYS = ("schedule", "continuous", "trigger")
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
_DAYS = "SUN MON TUE WED THU FRI SAT".split()
#: Fields of a Quartz expression: name, least, most, words, what else one may be.
_FIELDS: list[tuple[str, int, int, list[str], str]] = [
    ("seconds", 0, 59, [], ""),
    ("minutes", 0, 59, [], ""),
    ("hours", 0, 23, [], ""),
    ("day of the month", 1, 31, [], r"\?|L|LW|L-\d{1,2}|\d{1,2}W"),
    ("month", 1, 12, _MONTHS, ""),
    ("day of the week", 1, 7, _DAYS, r"\?|L|(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(?:L|#[1-5])"),
    ("year", 1970, 2099, [], ""),
]
_PART = re.compile(r"(?P<from>\*|\w+)(?:-(?P<to>\w+))?(?:/(?P<step>\d+))?")

#: Java takes an offset for a time zone too.
_OFFSET = re.compile(r"(?:GMT|UTC)[+-](?:0?\d|1\d)(?::?[0-5]\d)?")
#: Abbreviations that Java takes for time zones, and what they mean.
_SHORT_ZONES = {
    "AST": "America/Anchorage",
    "BST": "Asia/Dhaka",
    "CST": "America/Chicago",
    "CTT": "Asia/Shanghai",
    "ECT": "Europe/Paris",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "PST": "America/Los_Angeles",
}


def check_schedule(key: str, job: At) -> Iterator[Finding]:
    """Yield what is wrong with how a job starts by itself."""
    ways = [way for way in _WAYS if job.get(way) is not None]
    if len(ways) > 1:
        at = job.get(ways[1]) or job
        yield at.finding("DEX-BUNDLE-22", f"Job '{key}' starts by {' and by '.join(ways)}. Keep one of them.")
    schedule = job.get("schedule")
    if schedule is None:
        return
    expression, zone = schedule.get("quartz_cron_expression"), schedule.get("timezone_id")
    if expression is not None and isinstance(expression.value, str) and "${" not in expression.value:
        wrong = quartz_problem(expression.value)
        if wrong:
            yield expression.finding("DEX-BUNDLE-22", f"'{expression.value}' is no Quartz expression: {wrong}.")
    if zone is not None and isinstance(zone.value, str) and "${" not in zone.value and not _is_zone(zone.value):
        if zone.value in _SHORT_ZONES:
            said = f"'{zone.value}' is an abbreviation, which leaves open whether summer time is kept."
            yield zone.finding("DEX-BUNDLE-22", f"{said} Write '{_SHORT_ZONES[zone.value]}'.", "warning")
        else:
            yield zone.finding("DEX-BUNDLE-22", f"There is no time zone '{zone.value}'.{nearest(zone.value, _zones())}")


def quartz_problem(expression: str) -> str:
    """Return what is wrong with a Quartz expression; an empty text where nothing is.

    Source: Quartz' own tutorial on cron triggers: six fields or seven, from seconds to years; one of the two days is ``?``.

    Example:
        >>> quartz_problem("0 0 6 * * ?")
        ''
        >>> quartz_problem("0 6 * * *")
        'it has 5 fields; it takes seconds, minutes, hours, day of the month, month, day of the week and perhaps a year'
    """
    words = expression.upper().split()
    if len(words) not in (6, 7):
        return (
            f"it has {len(words)} fields; it takes seconds, minutes, hours, day of the month, month, day of the week"
            " and perhaps a year"
        )
    for word, (name, least, most, names, special) in zip(words, _FIELDS, strict=False):
        for part in word.split(","):
            if special and re.fullmatch(special, part):
                continue
            wrong = _part_problem(part, least, most, names)
            if wrong:
                return f"{name}: {wrong}"
    if (words[3] == "?") is (words[5] == "?"):
        return "one of day of the month and day of the week has to be `?`, and not both"
    return ""


def _part_problem(part: str, least: int, most: int, names: list[str]) -> str:
    found = _PART.fullmatch(part)
    if not found:
        return f"'{part}' is not understood"
    for value in (found["from"], found["to"]):
        if value in (None, "*"):
            continue
        number = int(value) if value.isdigit() else names.index(value) + least if value in names else None
        if number is None:
            return f"'{value}' is not understood"
        if not least <= number <= most:
            return f"{value} is not between {least} and {most}"
    return "a step of 0 never ends" if found["step"] == "0" else ""


@cache
def _zones() -> frozenset[str]:
    """Return every time zone of this machine; reading them all takes a while."""
    return frozenset(available_timezones())


@cache
def _is_zone(name: str) -> bool:
    if name == "UTC" or _OFFSET.fullmatch(name):
        return True
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # no such zone, or no name at all, such as `../x`
        return not _zones()  # a machine without a list of them knows none
    return True
