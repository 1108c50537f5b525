"""`%dex_profile EXPR` takes a name, an expression or a table."""

from __future__ import annotations

import pytest
from dex.magics.profile import evaluate
from dex_dbutils import FrameError


def test_a_name_of_the_notebook_wins_over_a_table() -> None:
    assert evaluate({"flights": 7}, "flights") == 7


def test_a_dotted_name_that_the_notebook_does_not_know_is_a_table() -> None:
    assert evaluate({}, "silver.flights") == "silver.flights"


def test_an_attribute_of_a_name_is_an_expression() -> None:
    assert evaluate({"text": "abc"}, "text.upper()") == "ABC"


@pytest.mark.parametrize("expression", ["1 / 0", "1/0", "1.0/0.0"])
def test_an_expression_that_fails_says_why_and_what_to_give(expression: str) -> None:
    with pytest.raises(FrameError, match="ZeroDivisionError") as caught:
        evaluate({}, expression)
    assert caught.value.code == "DEX-MAGIC-02"
    assert caught.value.remedy


@pytest.mark.parametrize("path", ["data/flights.csv", "../data/flights.parquet", "flights.csv", "/data/2013"])
def test_a_path_needs_no_quotes(path: str) -> None:
    assert evaluate({}, path) == path
    assert evaluate({}, f"'{path}'") == path
