"""Make ``api.json``, the fields of resources, from the vendor's open SDK: ``python -m dex.bundle.generate``.

A test holds the file beside the SDK that is installed.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import sys
import types
import typing
from importlib import import_module
from pathlib import Path
from typing import Any

from dex.bundle.own_fields import BESIDE, CLASSES, ENUMS

#: Kinds of resources -> the SDK's class of their definition.
ROOTS = {
    "jobs": "jobs.JobSettings",
    "pipelines": "pipelines.PipelineSpec",
    "schemas": "bundle.Schema",
    "volumes": "bundle.Volume",
}
TARGET = Path(__file__).with_name("api.json")
_PLAIN = {str: "text", int: "integer", float: "number", bool: "boolean"}


def describe() -> str:
    """Return the fields of every class that a resource of a bundle may hold, as JSON.

    A field is ``[type, required]``; a type is text, integer, number, boolean, any, the name of a class or of an enum,
    or one of these after ``list `` or ``map ``.
    """
    services = {
        name: import_module(f"databricks.sdk.service.{name}") for name in ("compute", "jobs", "pipelines", "catalog")
    }
    classes: dict[str, dict[str, list[Any]]] = {}
    enums: dict[str, list[str]] = {}

    def name_of(kind: Any) -> str:
        origin, inside = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Union, types.UnionType):
            return name_of(next(each for each in inside if each is not type(None)))
        if origin is list:
            return f"list {name_of(inside[0])}"
        if origin is dict:
            return f"map {name_of(inside[1])}"
        if kind in _PLAIN:
            return _PLAIN[kind]
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            enums.setdefault(_short(kind), sorted(each.value for each in kind))
            return _short(kind)
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            add(kind)
            return _short(kind)
        return "any"

    def add(kind: type) -> None:
        if _short(kind) in classes:
            return
        fields = classes[_short(kind)] = {}
        hints = typing.get_type_hints(kind, vars(sys.modules[kind.__module__]), services)
        for field in dataclasses.fields(kind):
            required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            fields[field.name] = [name_of(hints[field.name]), required]

    for root in ROOTS.values():
        module, name = root.split(".")
        if module in services:
            add(getattr(services[module], name))
    classes.update({name: dict(fields) for name, fields in CLASSES.items()})
    enums.update(ENUMS)
    name_of(services["catalog"].VolumeType)
    for root, fields in BESIDE.items():
        for field, kind in fields.items():
            classes[root].setdefault(field, [kind, False])
    document = {"roots": ROOTS, "classes": dict(sorted(classes.items())), "enums": dict(sorted(enums.items()))}
    lines = json.dumps(document, indent=0, ensure_ascii=False)
    return lines + "\n"


def _short(kind: type) -> str:
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"


if __name__ == "__main__":
    TARGET.write_text(describe(), encoding="utf-8")
