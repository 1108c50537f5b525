"""The code of a plan is code that a person would have written."""

from __future__ import annotations

import ast
import subprocess
from typing import Any

from dex_agents.gate import check_policy
from dex_agents.plan import Compiled, compile_plan, read_plan
from hypothesis import given
from hypothesis import strategies as st

COLUMNS = {"id": "string", "first name": "string", "amount": "string", "at": "timestamp", "n": "int"}
COLUMNS |= {"year": "int", "month": "int", "day": "int", "dep": "int", "late": "int"}
OTHERS = {"shops": {"id": "string", "shop": "string"}}
EVERY_STEP: list[dict[str, Any]] = [
    {"op": "trim", "columns": ["id", "first name"]},
    {"op": "null_tokens", "tokens": ["NA", ""]},
    {"op": "standard_case", "columns": ["id"], "to": "upper"},
    {"op": "fill", "columns": ["amount"], "value": "0"},
    {"op": "cast", "columns": ["amount"], "to": "decimal(10,2)"},
    {"op": "cast", "columns": ["year", "month", "day", "n", "dep", "late"], "to": "bigint"},
    {"op": "cast", "columns": ["year", "month", "day", "n", "dep", "late"], "to": "int"},
    {"op": "derive_timestamp", "column": "left", "time": "dep", "year": "year", "month": "month", "day": "day"},
    {"op": "derive_timestamp", "column": "came", "time": "dep", "year": "year", "month": "month", "day": "day", "after": "at"},
    {
        "op": "derive_timestamp", "column": "dep", "time": "dep", "year": "year", "month": "month", "day": "day",
        "near": "at", "plus_minutes": "late",
    },
    {"op": "join", "frame": "shops", "on": ["id"], "bring": ["shop"]},
    {"op": "rename", "column": "first name", "to": "first_name"},
    {"op": "filter", "column": "n", "compare": ">=", "value": 3},
    {"op": "filter", "column": "shop", "compare": "not in", "value": ["a", 'b"c']},
    {"op": "reject", "column": "id", "compare": "==", "value": "x"},
    {"op": "reject", "column": "id", "compare": "is null"},
    {"op": "drop_nulls", "columns": ["id"]},
    {"op": "drop_duplicates"},
    {"op": "keep_latest", "key": ["id"], "by": "at"},
    {"op": "drop_columns", "columns": ["late"]},
    {"op": "select", "columns": ["id", "at", "n"]},
]  # fmt: skip


def compiled(*steps: dict[str, Any]) -> Compiled:
    return compile_plan(read_plan({"steps": list(steps)}), "sales_raw", COLUMNS, OTHERS, "sales")


def formatted(code: str) -> str:
    from ruff import find_ruff_bin

    words = [find_ruff_bin(), "format", "--isolated", "--line-length", "120", "--stdin-filename", "cell.py", "-"]
    return subprocess.run(words, input=code, capture_output=True, text=True, check=True).stdout


def test_every_operation_compiles_to_code_that_the_gate_allows_and_ruff_leaves_alone() -> None:
    code = compiled(*EVERY_STEP).code
    breaches, shape = check_policy(ast.parse(code), ["sales_raw", "shops"], "sales")
    assert breaches == []
    assert shape is not None
    assert shape.arguments == ("sales_raw", "shops")
    assert formatted(code) == code


def test_every_prefix_of_a_plan_is_formatted_code_too() -> None:
    for end in range(1, len(EVERY_STEP)):
        code = compiled(*EVERY_STEP[:end]).code
        assert formatted(code) == code


def test_a_cell_defines_one_marked_function_and_binds_its_result() -> None:
    code = compiled({"op": "drop_duplicates"}).code
    assert code == (
        "from pyspark.sql import DataFrame\n"
        "\n\n"
        "# dex: transform clean_sales\n"
        "def clean_sales(sales_raw: DataFrame) -> DataFrame:\n"
        '    """Return sales_raw cleaned: without exact duplicates."""\n'
        "    return (\n"
        "        sales_raw\n"
        "        # Rows that are the same in every column count once.\n"
        "        .dropDuplicates()\n"
        "    )\n"
        "\n\n"
        "sales = clean_sales(sales_raw)\n"
    )


def test_two_lists_of_columns_never_share_a_name() -> None:
    names = list(COLUMNS)
    code = compiled(
        {"op": "cast", "columns": ["n", "year", "month", "day"], "to": "bigint"},
        {"op": "cast", "columns": ["n", "year", "month", "dep"], "to": "bigint"},
    ).code
    assert "long_integers = [" in code
    assert "long_integers_2 = [" in code
    assert "for name in long_integers_2}" in code
    assert names == list(COLUMNS)


@given(st.lists(st.text(), min_size=1, max_size=4), st.text())
def test_any_text_in_a_plan_stays_text_in_the_code(tokens: list[str], value: str) -> None:
    code = compiled(
        {"op": "null_tokens", "tokens": tokens},
        {"op": "fill", "columns": ["id"], "value": value},
        {"op": "filter", "column": "id", "compare": "!=", "value": value},
    ).code
    tree = ast.parse(code)
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert value in texts
    assert set(tokens) <= set(texts)
    assert check_policy(tree, ["sales_raw"], "sales")[0] == []
