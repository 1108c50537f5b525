"""Values that look like secrets are not shown, wherever a profile goes."""

from __future__ import annotations

import re

from dex_dbutils.config import secret_shape

#: Numbers of payment cards by their issuers' first digits and lengths (ISO/IEC 7812), grouped or not.
_CARD = re.compile(
    r"(?:4[0-9]{12}(?:[0-9]{3}){0,2}|(?:5[1-5][0-9]{2}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720))[0-9]{12}"
    r"|3[47][0-9]{13}|6(?:011|5[0-9]{2})[0-9]{12})"
)


def masked(text: str) -> str:
    """Return the text, or what kind of secret it looks like in brackets."""
    shape = secret_shape(text) if len(text) >= 8 else None
    if shape is None and is_card_number(text):
        shape = "a card number"
    return f"[{shape}]" if shape else text


def is_card_number(text: str) -> bool:
    """Return whether a text is a payment card's number, by its first digits, its length and its check digit (Luhn)."""
    if len(text) > 30:
        return False
    digits = re.sub(r"[ -]", "", text)
    if not _CARD.fullmatch(digits):
        return False
    doubled = [2 * int(digit) for digit in digits[-2::-2]]
    return (sum(int(digit) for digit in digits[::-2]) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0
