"""What a model is told of a frame holds no passwords and no card numbers."""

from __future__ import annotations

import pandas as pd
import pytest
from dex_dbutils.profile import profile

#: Numbers that card issuers publish for trials.
CARDS = ["4111111111111111", "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "6011111111111117"]


@pytest.mark.parametrize("name", ["pw", "password", "user_pw", "api_key", "passcode"])
@pytest.mark.parametrize("values", [["hunter2", "swordfish"], [7300151, 7300152]], ids=["text", "numbers"])
def test_the_values_of_a_column_named_like_a_secret_are_not_told(name: str, values: list[object]) -> None:
    text = profile(pd.DataFrame({name: values * 20})).digest(10_000)
    assert name in text
    assert [value for value in values if str(value) in text] == []
    assert "730015" not in text


@pytest.mark.parametrize("card", CARDS)
def test_a_card_number_is_not_told_whatever_its_column_is_called(card: str) -> None:
    text = profile(pd.DataFrame({"x": [card] * 5})).digest(10_000)
    assert card not in text
    assert "[a card number]" in text


def test_a_card_number_that_is_a_number_is_not_told() -> None:
    frame = profile(pd.DataFrame({"x": [4111111111111111, 5555555555554444] * 5}))
    assert [digits for digits in ("4111111111111111", "5555555555554444") if digits in frame.digest(10_000)] == []


@pytest.mark.parametrize("value", ["4111111111111112", "1357000000000", "1234567890123452", "x4111111111111111"])
def test_other_long_numbers_are_told(value: str) -> None:
    assert value in profile(pd.DataFrame({"x": [value] * 5})).digest(10_000)
