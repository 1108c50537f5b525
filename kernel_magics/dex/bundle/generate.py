"""Make ``api.json``, the fields of resources, from the vendor's open SDK: ``python -m dex.bundle.generate``.

A test holds the file beside the SDK that is installed.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
import sys
import types
import typing
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

from dex.bundle.own_fields import BESIDE, CLASSES, ENUMS, GRANTED, LEVELS, NEEDED, NOT_NEEDED, ROOTS

TARGET = Path(__file__).with_name("api.json")
_PLAIN = {str: "text", int: "integer", float: "number", bool: "boolean"}


def describe() -> str:
    """Return the fields of every class that a resource of a bundle may hold, as JSON; a kind of resource is one too.

    A field is ``[type, required]``; a type is text, integer, number, boolean, any, the name of a class or of an enum,
    or one of these after ``list `` or ``map ``.
    """
    named = [name for name in (*ROOTS.values(), *LEVELS.values()) if not name.startswith("bundle.")]
    services = {name: import_module(f"databricks.sdk.service.{name}") for name in {n.partition(".")[0] for n in named}}
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
            if _short(kind) not in classes:
                classes[_short(kind)] = {}  # it may hold itself
                classes[_short(kind)].update(fields_of(kind))
            return _short(kind)
        return "any"

    def fields_of(owner: Any) -> dict[str, list[Any]]:
        """Return the fields of a class, or the arguments of a method."""
        hints = typing.get_type_hints(owner, vars(sys.modules[owner.__module__]), services)
        return {
            name: [name_of(hints[name]), parameter.default is inspect.Parameter.empty]
            for name, parameter in inspect.signature(owner).parameters.items()
            if name != "self"
        }

    def named_in_sdk(name: str) -> Any:
        module, *words = name.split(".")
        return reduce(getattr, words, services[module])

    for kind, source in ROOTS.items():
        fields = dict(CLASSES[source]) if source in CLASSES else fields_of(named_in_sdk(source))
        fields["lifecycle"] = ["bundle.Lifecycle", False]
        if kind in GRANTED:
            fields["grants"] = ["list bundle.Grant", False]
        if kind in LEVELS:
            fields["permissions"] = ["any", False]
            name_of(named_in_sdk(LEVELS[kind]))
        fields.update({field: [type_of, False] for field, type_of in BESIDE.get(kind, {}).items()})
        classes[kind] = fields
    for table, needed in ((NEEDED, True), (NOT_NEEDED, False)):
        for name, names in table.items():
            classes[name].update({field: [classes[name][field][0], needed] for field in names})
    classes.update(CLASSES)
    enums.update(ENUMS)
    for own in CLASSES.values():  # what they name of the SDK
        for type_of, _ in own.values():
            word = type_of.rpartition(" ")[2]
            if "." in word and word not in classes and word not in enums:
                name_of(named_in_sdk(word))
    document = {"classes": dict(sorted(classes.items())), "enums": dict(sorted(enums.items()))}
    return json.dumps(document, indent=0, ensure_ascii=False) + "\n"


def _short(kind: type) -> str:
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"


if __name__ == "__main__":
    TARGET.write_text(describe(), encoding="utf-8")
