"""The JSON Schema that editors use says the same as the loader."""

from __future__ import annotations

from typing import Any

import pytest
from dex_dbutils.config import json_schema
from dex_dbutils.config.models import DEFAULT_WRITES, EnvironmentConfig, GuardConfig


def test_every_section_stands_in_the_schema_and_none_is_required() -> None:
    schema = json_schema()
    assert set(schema["properties"]) == set(EnvironmentConfig.model_fields)
    assert "required" not in schema
    assert schema["additionalProperties"] is False


def resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    return schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


@pytest.mark.parametrize(
    ("section", "key"), [("engine", "port"), ("engine", "serverless"), ("engine", "type"), ("agents", "budget")]
)
def test_a_reference_may_stand_where_a_number_or_a_choice_does(section: str, key: str) -> None:
    schema = json_schema()
    node = resolve(schema, schema["properties"][section])["properties"][key]
    assert {"type": "string", "pattern": r"\$\{"} in node["anyOf"]


def test_the_default_of_writes_follows_the_kind() -> None:
    assert GuardConfig().writes is None
    assert DEFAULT_WRITES == {"local": "allow", "development": "allow", "production": "confirm"}
