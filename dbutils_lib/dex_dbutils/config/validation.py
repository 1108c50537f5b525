"""From merged values to validated models, with errors that name the place in the file."""

from __future__ import annotations

import difflib
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dex_dbutils.config.document import Document, KeyPath, Position, dotted
from dex_dbutils.config.models import (
    EngineConfig,
    Environment,
    EnvironmentConfig,
    EnvironmentsConfig,
    Model,
    ProjectConfig,
)
from dex_dbutils.errors import ConfigError, Where

_TYPES = {
    "string_type": "text",
    "string_unicode": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "keys and values below it",
    "model_type": "keys and values below it",
    "model_attributes_type": "keys and values below it",
    "list_type": "a list",
}


class _EngineOnly(Model):
    """The one section that a person may change when an environment is bound."""

    engine: EngineConfig


class _BaseOnly(Model):
    """What find_project needs of base.yaml."""

    project: ProjectConfig
    environments: EnvironmentsConfig = EnvironmentsConfig()


def validate_project(document: Document) -> tuple[ProjectConfig, str]:
    """Return the project's names and its default environment."""
    values = {key: document.values[key] for key in _BaseOnly.model_fields if document.values.get(key) is not None}
    base = _validate(_BaseOnly, values, document)
    return base.project, base.environments.default


def validate_environment(name: str, document: Document) -> dict[str, Any]:
    """Return the validated sections of an environment, without those that belong to the project.

    Args:
        name: name of the environment, for errors that no file speaks of.
        document: merged and interpolated values; without a `project` they come from outside of one.

    Raises:
        ConfigError: DEX-CONFIG-03 to -11, a value cannot be used.
    """
    values = {key: value for key, value in document.values.items() if value is not None}
    if not document.positions:
        values.setdefault("project", {"name": "project", "package": "project"})
    config = _validate(EnvironmentConfig, values, document)
    _grants_are_of_layers(config, document)
    kept = Environment.model_fields.keys() & EnvironmentConfig.model_fields.keys() - _BaseOnly.model_fields.keys()
    return {key: getattr(config, key) for key in kept}


def refuse_unknown_keys(document: Document) -> None:
    """Raise where a file has a key that nothing reads, whatever its values are.

    Raises:
        ConfigError: DEX-CONFIG-05.
    """
    try:
        EnvironmentConfig.model_validate(document.values)
    except ValidationError as error:
        unknown = [problem for problem in error.errors(include_url=False) if problem["type"] == "extra_forbidden"]
        if unknown:
            raise _config_error(EnvironmentConfig, unknown, document) from None


def _grants_are_of_layers(config: EnvironmentConfig, document: Document) -> None:
    for layer in config.bundle.grants:
        if layer not in config.schemas:
            path: KeyPath = ("bundle", "grants", layer)
            position = _position(path, document)
            raise ConfigError(
                "DEX-CONFIG-06",
                f"Grants are given on the layer '{layer}', and `schemas` has none of that name.",
                position.where(path) if position else Where(key=dotted(path)),
                f"Use one of: {', '.join(config.schemas)}; or add it under `schemas`.",
            )


def with_engine(environment: Environment, engine_type: str) -> Environment:
    """Return an environment with another type of engine; what else its engine's section says is kept.

    Raises:
        ConfigError: DEX-CONFIG-07, there is no such type, or it needs what the section does not say.
    """
    values = {"engine": {**environment.engine.model_dump(), "type": engine_type}}
    engine = _validate(_EngineOnly, values, Document(values, {})).engine
    return environment.model_copy(update={"engine": engine})


def _validate(model: type[Any], values: dict[str, Any], document: Document) -> Any:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=True)
    problems.sort(key=lambda problem: _order(_position(_path(problem), document)))
    raise _config_error(model, problems, document)


def _path(problem: ErrorDetails) -> KeyPath:
    return tuple(part for part in problem["loc"] if part != "[key]")


def _position(path: KeyPath, document: Document) -> Position | None:
    while path and path not in document.positions:  # a missing key stands where its section does
        path = path[:-1]
    return document.positions.get(path)


def _order(position: Position | None) -> tuple[str, int, int]:
    return (position.file, position.line, position.column) if position else ("", 0, 0)


def _config_error(model: type[BaseModel], problems: list[ErrorDetails], document: Document) -> ConfigError:
    problem = problems[0]
    path = _path(problem)
    code, what, remedy = _explain(model, problem, path)
    if len(problems) > 1:
        remedy += f" ({len(problems) - 1} more to correct: {', '.join(dotted(_path(p)) for p in problems[1:6])})"
    position = _position(path, document)
    return ConfigError(code, what, position.where(path) if position else Where(key=dotted(path)), remedy)


def _explain(model: type[BaseModel], problem: ErrorDetails, path: KeyPath) -> tuple[str, str, str]:
    """Return code, what and remedy of one problem. The value is never shown: it may come from the environment."""
    kind, context = problem["type"], problem.get("ctx", {})
    key = dotted(path)
    if kind == "extra_forbidden":
        known = _keys_of(model, path[:-1])
        near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        return "DEX-CONFIG-05", f"The key '{key}' is not known.", f"{hint}Known here: {', '.join(known)}."
    if kind == "missing":
        return (
            "DEX-CONFIG-08",
            f"The key '{key}' is missing.",
            f"Add `{path[-1]}` to {dotted(path[:-1]) or 'the file'}.",
        )
    if kind == "literal_error":
        allowed = str(context.get("expected", ""))
        choices = [choice.strip(" '") for choice in allowed.replace(" or ", ", ").split(",")]
        given = problem.get("input")
        near = difflib.get_close_matches(given, choices, n=1) if isinstance(given, str) else []
        hint = f"Did you mean '{near[0]}'? " if near else ""
        return (
            "DEX-CONFIG-07",
            f"'{key}' has a value that it does not take.",
            f"{hint}Use one of: {', '.join(choices)}.",
        )
    if kind in _TYPES:
        given_type = _type_name(problem.get("input"))
        quotes = " Put the value in quotes." if kind == "string_type" and given_type != "nothing" else ""
        return (
            "DEX-CONFIG-07",
            f"'{key}' must be {_TYPES[kind]}; it is {given_type}.",
            f"Give it {_TYPES[kind]}.{quotes}",
        )
    message = str(context["error"]) if kind == "value_error" and "error" in context else str(problem["msg"])
    return "DEX-CONFIG-07", f"'{key}' cannot be used: {message[:1].lower()}{message[1:]}.", "Correct the value."


def _type_name(value: Any) -> str:
    if value is None:
        return "nothing"
    for types, name in ((bool, "true or false"), (str, "text"), ((int, float), "a number"), (list, "a list")):
        if isinstance(value, types):
            return name
    return "keys and values"


def _keys_of(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys that a section knows."""
    for part in path:
        field = model.model_fields.get(str(part))
        if field is None:
            return []
        candidates = (field.annotation, *get_args(field.annotation))
        nested = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
        if nested is None:
            return []
        model = nested
    return list(model.model_fields)
