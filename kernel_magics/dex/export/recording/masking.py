"""Values of persons, replaced before they are written down: other letters and digits of the same shape.

The same value always gets the same replacement within a recording, so that keys stay keys and joins still meet; two values
never get one. A replacement is drawn from the number of the value in the recording, not from the value: it cannot be
computed back, however few values there are.
"""

from __future__ import annotations

import ast
import random
import re
import string
from collections.abc import Iterable, Sequence
from typing import Any

from dex_dbutils.config import secret_shape
from dex_dbutils.profile.masking import is_card_number

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PHONE = re.compile(r"\+\d[\d ()/.-]{6,}")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
#: Words of a column's name that say whose value it is.
_PERSON = frozenset(
    """
    account applicant author buyer candidate citizen client contact customer driver employee guest holder human member
    owner passenger patient payer pax person player rider sender student subscriber tenant user visitor worker
    """.split()
)
_NAMES = frozenset("firstname forename fullname lastname middlename surname username nickname login givenname".split())
_NAME_PARTS = frozenset("first last full given family middle maiden display".split())
_PRIVATE = frozenset(
    """
    email mail phone telephone tel mobile fax ssn passport iban bic pan birthday birthdate dob address street ip
    """.split()
)
_IDS = frozenset("id key no nr number uuid guid code ref".split())
#: Tries to find a replacement that no other value has.
TRIES = 200


def is_personal(column: str) -> bool:
    """Return whether a column's name says that it holds a person's name, address, number or id."""
    words = _words(column)
    whole = "".join(words)
    if whole in _NAMES or _PRIVATE.intersection(words) or whole in _PRIVATE:
        return True
    if "name" in words and (_NAME_PARTS.intersection(words) or _PERSON.intersection(words)):
        return True
    return bool(_PERSON.intersection(words)) and (len(words) == 1 or words[-1] in _IDS)


def _is_id(column: str) -> bool:
    return _words(column)[-1] in _IDS


def _words(column: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(column)] or [""]


def looks_personal(value: object) -> bool:
    """Return whether a text is an e-mail address, a phone number with its country, a card number or a secret."""
    if not isinstance(value, str) or len(value) < 6:
        return False
    if _EMAIL.fullmatch(value) or _PHONE.fullmatch(value) or is_card_number(value):
        return True
    return secret_shape(value) is not None


def literals_of(source: str) -> frozenset[Any]:
    """Return the texts and numbers that a source spells out: they are no secret, and a function may ask for them."""
    return frozenset(
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float)
    )


class Masks:
    """The replacements of one recording.

    Args:
        seed: the same seed and the same values in the same order give the same replacements.
        known: values that stay as they are.
    """

    def __init__(self, seed: int, known: frozenset[Any] = frozenset()) -> None:
        self._seed = seed
        self._known = known
        self._given: dict[Any, Any] = {}
        self._taken: set[Any] = set()
        self.masked: set[str] = set()

    def personal_columns(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> set[str]:
        """Return which columns of a frame hold values of persons, by their names and by what is in them."""
        found = {column for column in columns if is_personal(column)}
        for row in rows:
            found.update(column for column, value in zip(columns, row, strict=True) if looks_personal(value))
        if found and not any(_is_id(column) for column in found):  # the rows are persons: `name` and `id` are theirs
            found.update(column for column in columns if column.lower() in ("name", "id"))
        return found

    def rows(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], personal: set[str]) -> list[list[Any]]:
        """Return rows with the values of the personal columns replaced."""
        chosen = [column in personal for column in columns]
        if any(chosen):
            self.masked |= personal
        return [[self.value(v) if mask else v for v, mask in zip(row, chosen, strict=True)] for row in rows]

    def value(self, value: Any) -> Any:
        """Return the replacement of a value; inside lists every text and whole number is replaced."""
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if value is None or isinstance(value, bool | float) or value in self._known or value in ("", 0):
            return value
        if not isinstance(value, str | int):
            return value
        key = (type(value), value)
        if key not in self._given:
            new = self._draw(value)
            self._given[key] = new
            self._taken.add((type(new), new))
        return self._given[key]

    def _draw(self, value: Any) -> Any:
        number = len(self._given)
        for attempt in range(TRIES):
            rng = random.Random(f"{self._seed}:{number}:{attempt}")
            new = _like_number(value, rng) if isinstance(value, int) else _like_text(value, rng)
            if new != value and (type(new), new) not in self._taken and new not in self._known:
                return new
        return new  # so short that every other one is taken


def _like_number(value: int, rng: random.Random) -> int:
    digits = len(str(abs(value)))
    new = rng.randrange(10 ** (digits - 1), 10**digits)
    return -new if value < 0 else new


def _like_text(text: str, rng: random.Random) -> str:
    if _EMAIL.fullmatch(text):
        local, _, domain = text.rpartition("@")
        name, dot, country = domain.rpartition(".")
        return f"{_like_text(local, rng)}@{_like_text(name, rng)}{dot}{country}"
    if _DATE.fullmatch(text):
        year, month, day = int(text[:4]) - rng.randrange(1, 9), rng.randrange(1, 13), rng.randrange(1, 29)
        return f"{year:04}-{month:02}-{day:02}{text[10:]}"
    return "".join(_like_character(c, rng) for c in text)


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T].*)?")


def _like_character(character: str, rng: random.Random) -> str:
    if character.isdigit():
        return rng.choice(string.digits)
    if character.isupper():
        return rng.choice(string.ascii_uppercase)
    return rng.choice(string.ascii_lowercase) if character.isalpha() else character
