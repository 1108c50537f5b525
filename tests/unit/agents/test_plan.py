"""A plan is checked against the columns it speaks of, step by step."""

from __future__ import annotations

from typing import Any

import pytest
from dex_agents.plan import compile_plan, plan_schema, read_plan
from dex_dbutils import PlanError

COLUMNS = {
    "id": "int",
    "name": "string",
    "amount": "string",
    "at": "timestamp",
    "year": "int",
    "month": "int",
    "day": "int",
}


def result(*steps: dict[str, Any], others: dict[str, dict[str, str]] | None = None) -> dict[str, str]:
    return read_plan({"steps": list(steps)}).result(COLUMNS, others or {})


def refused(*steps: dict[str, Any], others: dict[str, dict[str, str]] | None = None) -> PlanError:
    with pytest.raises(PlanError) as caught:
        result(*steps, others=others)
    return caught.value


def test_a_cast_gives_the_column_its_new_type() -> None:
    assert result({"op": "cast", "columns": ["amount"], "to": "double"})["amount"] == "double"
    assert result({"op": "cast", "columns": ["amount"], "to": "decimal(10, 2)"})["amount"] == "decimal(10,2)"


def test_a_rename_keeps_the_columns_place() -> None:
    assert list(result({"op": "rename", "column": "name", "to": "customer"}))[:2] == ["id", "customer"]


def test_a_misspelled_column_is_named_with_the_nearest_one() -> None:
    error = refused({"op": "trim", "columns": ["nmae"]})
    assert error.code == "DEX-AGENT-11"
    assert "Did you mean 'name'?" in error.what


def test_a_column_that_an_earlier_step_renamed_is_gone() -> None:
    error = refused({"op": "rename", "column": "name", "to": "customer"}, {"op": "trim", "columns": ["name"]})
    assert error.code == "DEX-AGENT-11"


def test_a_step_on_the_wrong_type_says_which_type_the_column_has() -> None:
    error = refused({"op": "trim", "columns": ["id"]})
    assert error.code == "DEX-AGENT-12"
    assert "which is int" in error.what


def test_a_join_whose_keys_have_different_types_is_refused() -> None:
    join = {"op": "join", "frame": "shops", "on": ["id"], "bring": ["shop"]}
    assert result(join, others={"shops": {"id": "int", "shop": "string"}})["shop"] == "string"
    assert refused(join, others={"shops": {"id": "string", "shop": "string"}}).code == "DEX-AGENT-12"
    assert refused(join).code == "DEX-AGENT-11"


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"steps": []},
        {"steps": [{"op": "write", "table": "silver.flights"}]},
        {"steps": [{"op": "trim", "columns": ["name"], "then": "drop"}]},
        {"steps": [{"op": "cast", "columns": ["name"], "to": "decimal(99,2)"}]},
        {"steps": [{"op": "filter", "column": "id", "compare": "is null", "value": 3}]},
        {"steps": [{"op": "rename", "column": "id", "to": "x; drop table t"}]},
    ],
)
def test_what_is_no_plan_is_refused_before_anything_runs(value: object) -> None:
    with pytest.raises(PlanError) as caught:
        read_plan(value)
    assert caught.value.code == "DEX-AGENT-10"


def test_text_in_a_plan_cannot_leave_its_quotes() -> None:
    evil = '"); spark.sql("drop table t"); ("'
    plan = read_plan(
        {"steps": [{"op": "null_tokens", "tokens": [evil]}, {"op": "fill", "columns": ["name"], "value": evil}]}
    )
    import ast

    tree = ast.parse(compile_plan(plan, "frame", COLUMNS, {}, "out").code)
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert attributes == {"replace", "fillna"}


def offered(schema: dict[str, Any], op: str) -> list[dict[str, Any]]:
    steps = schema["properties"]["steps"]["items"]["anyOf"]
    return [step["properties"] for step in steps if step["properties"]["op"]["const"] == op]


def test_a_model_is_offered_only_columns_that_fit_the_operation() -> None:
    schema = plan_schema(COLUMNS, {"amount": "double"})
    assert offered(schema, "trim")[0]["columns"]["items"]["enum"] == ["name", "amount"]
    numbers = next(step for step in offered(schema, "filter") if step.get("value") == {"type": "number"})
    assert numbers["column"]["enum"] == ["id", "amount", "year", "month", "day"]
    assert offered(schema, "keep_latest")[0]["by"]["enum"][0] == "at"
    assert offered(schema, "derive_timestamp") == []
    assert offered(schema, "join") == []


def test_a_model_is_offered_clock_times_and_joins_where_there_are_some() -> None:
    columns = {**COLUMNS, "dep_time": "string"}
    schema = plan_schema(columns, {"dep_time": "int"}, ["dep_time"], {"shops": {"id": "int", "shop": "string"}})
    assert offered(schema, "derive_timestamp")[0]["time"]["enum"] == ["dep_time"]
    assert offered(schema, "join")[0]["bring"]["items"]["enum"] == ["shop"]
