"""``-p KEY=VALUE`` becomes a value of the type that it reads as."""

from __future__ import annotations

from typing import Any

import pytest
from dex.notebook import parameter_texts, parse_parameters
from dex_dbutils import NotebookError


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("a=1", 1),
        ("a=-1.5", -1.5),
        ("a=1e3", 1000.0),
        ("a=true", True),
        ("a=None", None),
        ("a='1'", "1"),
        ("a=007", "007"),
        ("a=0", 0),
        ("a=2013-01-01", "2013-01-01"),
        ("a=", ""),
        ("a=b=c", "b=c"),
        ("a=nan", "nan"),
    ],
)
def test_a_value_reads_as_its_type(word: str, value: Any) -> None:
    assert parse_parameters([word]) == {"a": value}


def test_the_last_one_wins() -> None:
    assert parse_parameters(["a=1", "a=2"]) == {"a": 2}


@pytest.mark.parametrize("word", ["a", "=1", ""])
def test_what_is_no_parameter_is_refused(word: str) -> None:
    with pytest.raises(NotebookError) as caught:
        parse_parameters([word])
    assert caught.value.code == "DEX-NOTEBOOK-06"


@pytest.mark.parametrize(
    ("word", "value"),
    [("a=1.50", "1.50"), ("a=true", "true"), ("a=1e3", "1e3"), ("a='1'", "1"), ("a=", ""), ("a=null", "null")],
)
def test_a_widget_is_given_the_text_as_it_was_written(word: str, value: str) -> None:
    assert parameter_texts([word]) == {"a": value}
