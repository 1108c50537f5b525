"""JSON Schema of the configuration files, for editors."""

from __future__ import annotations

from typing import Any

from dex_dbutils.config.models import EnvironmentConfig


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``config/base.yaml`` and ``config/<env>.yaml``.

    Nothing is required at the top, because a file may leave any section to the other; a number or a switch may also be
    a ``${...}`` reference.
    """
    schema = EnvironmentConfig.model_json_schema()
    schema.pop("required", None)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "dex configuration"
    _let_references(schema)
    return schema


def _let_references(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _let_references(item)
    elif isinstance(node, dict):
        for key, item in list(node.items()):
            _let_references(item)
            if key in {"properties", "$defs"}:
                node[key] = {name: _or_reference(value) for name, value in item.items()}


def _or_reference(value: dict[str, Any]) -> dict[str, Any]:
    reference = {"type": "string", "pattern": r"\$\{"}
    constrained = "pattern" in value or "enum" in value
    if value.get("type") in {"integer", "number", "boolean"} or (value.get("type") == "string" and constrained):
        outer = {key: item for key, item in value.items() if key in {"default", "description", "title"}}
        inner = {key: item for key, item in value.items() if key not in outer}
        return {**outer, "anyOf": [inner, reference]}
    if "anyOf" in value:
        return {**value, "anyOf": [*value["anyOf"], reference]}
    return value
