"""What a check of a notebook says of every row, as the SQL of an expectation."""

from __future__ import annotations

import ast

import pytest
from dex.export.declarative.checks import check_of

IMPORTS = {"F": "pyspark.sql.functions"}


def condition(check: str) -> str | None:
    found = check_of(ast.parse(check).body[0], 1, lambda name, below: None, IMPORTS)
    return None if found is None else found.condition


@pytest.mark.parametrize(
    ("bad", "condition_of_a_good_row"),
    [
        ("F.col('n') < 0", "(n < 0) IS NOT TRUE"),
        ("F.col('a.b').isNull()", "a.b IS NOT NULL"),
        ("F.col('a-b') > 1", "(`a-b` > 1) IS NOT TRUE"),
        ("orders['unit price'].isNull()", "(`unit price` IS NULL) IS NOT TRUE"),
        ("F.col('`a.b`') == 'x'", "(`a.b` = 'x') IS NOT TRUE"),
    ],
)
def test_columns_of_a_check_keep_their_names(bad: str, condition_of_a_good_row: str) -> None:
    assert condition(f"assert orders.filter({bad}).count() == 0") == condition_of_a_good_row


@pytest.mark.parametrize(
    "check",
    [
        "assert orders.count() == 3",
        "assert orders.filter(F.col('n') < 0).count() == 1",
        "assert orders.filter(F.col('n') < limit).isEmpty()",
        "assert orders.filter(F.col('n') == None).isEmpty()",
        "if orders.filter('n < 0').isEmpty(): raise ValueError('none')",
    ],
)
def test_what_says_something_else_is_no_condition_of_rows(check: str) -> None:
    assert condition(check) is None
