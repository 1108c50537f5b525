"""A request in prose is followed where it is understood, and quoted where it is not."""

from __future__ import annotations

import pytest
from dex_agents.request import named_key, sentences
from dex_agents.wishes import Wishes, read_wishes

COLUMNS = [
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "arr_time",
    "carrier",
    "tailnum",
    "origin",
    "Flight",
    "at",
]


def wishes(text: str) -> Wishes:
    return read_wishes(text, COLUMNS)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("The key is year, month, day and carrier.", ("year", "month", "day", "carrier")),
        ("Key: flight, origin", ("Flight", "origin")),
        ("Drop duplicates. The primary key columns are `year` and `flight`.", ("year", "Flight")),
        ("carrier and flight are the key", ("carrier", "Flight")),
        ("The key is in the lock.", None),
        ("The key is year and nothing.", None),
    ],
)
def test_the_key_is_read_from_the_request(text: str, key: tuple[str, ...] | None) -> None:
    assert named_key(text, COLUMNS) == key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("NA means null.", ["NA"]),
        ("NA and - mean null", ["NA", "-"]),
        ('"N/A" is missing. ? stands for no value.', ["N/A", "?"]),
        ("Treat NULL as null.", ["NULL"]),
        ("An empty string means null.", [""]),
        ("The weather is unknown to me and that means trouble.", []),
    ],
)
def test_words_for_missing_values_are_read_from_the_request(text: str, words: list[str]) -> None:
    assert wishes(text).missing == words


@pytest.mark.parametrize("text", ["Nothing is missing.", "Data is missing.", "Some are unknown."])
def test_a_word_that_is_neither_quoted_nor_in_the_data_stands_for_nothing(text: str) -> None:
    found = read_wishes(text, COLUMNS, ["NA"])
    assert (found.missing, found.not_followed) == ([], [text.rstrip(".")])
    assert read_wishes('"Nothing" is missing. NA means null.', COLUMNS, ["NA"]).missing == ["Nothing", "NA"]


def test_a_dot_inside_a_word_ends_no_sentence() -> None:
    assert sentences("Keep values above 0.5 in silver.flights. Drop duplicates.\n- Trim names") == [
        "Keep values above 0.5 in silver.flights",
        "Drop duplicates",
        "Trim names",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Drop exact duplicates.",
        "Remove all duplicate rows",
        "no duplicates",
        "Deduplicate.",
        "Then drop any exact duplicates!",
    ],
)
def test_ways_to_ask_for_rows_once(text: str) -> None:
    found = wishes(text)
    assert found.unique_rows
    assert found.not_followed == []


@pytest.mark.parametrize(
    "text", ["Give every column its type.", "Infer the types from the values", "cast all columns to their types"]
)
def test_ways_to_ask_for_types(text: str) -> None:
    found = wishes(text)
    assert found.types
    assert found.not_followed == []


@pytest.mark.parametrize(
    "text",
    [
        "Departure and arrival times are HHMM: make timestamps of them.",
        "dep_time and arr_time are written as HHMM",
        "Make timestamps of dep_time and arr_time, which are HHMM.",
    ],
)
def test_ways_to_say_that_times_are_clock_times(text: str) -> None:
    found = wishes(text)
    assert len(found.clocks) == 1
    assert found.not_followed == []


def test_casts_renames_drops_and_cases_by_name() -> None:
    found = wishes(
        "Cast year and month to int. day is an integer. Rename tailnum to tail_number and origin to start. "
        "Drop the column at. Uppercase carrier. Drop rows without flight. Keep dep_time as text."
    )
    assert found.casts == {"year": "int", "month": "int", "day": "int"}
    assert found.renames == {"tailnum": "tail_number", "origin": "start"}
    assert (found.drops, found.cases, found.needed, found.as_text) == (
        ["at"],
        {"carrier": "upper"},
        ["Flight"],
        ["dep_time"],
    )
    assert found.not_followed == []


def test_several_casts_in_one_sentence() -> None:
    found = wishes("Cast year, month and day to int, at to timestamp and carrier to decimal(10, 2).")
    assert found.casts == {"year": "int", "month": "int", "day": "int", "at": "timestamp", "carrier": "decimal(10,2)"}
    assert wishes("Cast year to int and shine to date.").not_followed == ["Cast year to int and shine to date"]


def test_the_latest_row_of_a_key() -> None:
    found = wishes("Keep only the latest row per carrier and flight by at.")
    assert (found.key, found.latest_by) == (["carrier", "Flight"], "at")


def test_two_wishes_in_one_sentence() -> None:
    found = wishes("Trim carrier, and drop exact duplicates")
    assert (found.trim, found.unique_rows, found.not_followed) == (["carrier"], True, [])


@pytest.mark.parametrize(
    "text",
    [
        "Do not drop duplicates.",
        "Drop duplicates of the worst kind.",
        "Give every column its type except carrier.",
        "Never cast year to int.",
        "Join the planes.",
        "Cast yeer to int.",
        "NA means null in tailnum only.",
        "Drop everything.",
    ],
)
def test_what_is_not_understood_is_quoted_and_not_done(text: str) -> None:
    found = wishes(text)
    assert found.not_followed == [text.rstrip(".")]
    assert found == Wishes(not_followed=found.not_followed)
