"""The fields of resources: known, of the right type, and all that are needed. What they may be stands in ``api.json``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from dex.bundle.effective import Bundle
from dex.bundle.models import Finding
from dex.bundle.own_fields import GRANTED, LEVELS, ROOTS, SECTIONS
from dex.bundle.suggest import close, nearest
from dex.bundle.tree import At
from dex.bundle.words import ROOT_KEYS

#: What a person calls a class of the API, where its name says little; and the code of a field that it lacks.
_SAID = {
    "jobs.Task": ("a task", "DEX-BUNDLE-10"),
    "jobs.PythonWheelTask": ("`python_wheel_task`", "DEX-BUNDLE-14"),
    "jobs.JobParameterDefinition": ("a job parameter", "DEX-BUNDLE-16"),
    "bundle.Variable": ("a variable", "DEX-BUNDLE-21"),
    "bundle.Artifact": ("an artifact", "DEX-BUNDLE-21"),
    "bundle.Script": ("a script", "DEX-BUNDLE-21"),
}
_WORDS = {"text": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
#: Field -> how people write what they mean by a value of another type.
_HINTS = {
    "inputs": """ Write the list as JSON in quotes: '["a", "b"]'.""",
    "job_id": " A job of the bundle is `${resources.jobs.KEY.id}`.",
}
_TRUTH = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n"})


@cache
def api() -> dict[str, Any]:
    """Return ``api.json``: the classes with their fields, kinds of resources among them, and the enums with their words."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("api.json").read_text("utf-8"))
    return found


def fields_of(kind: str) -> frozenset[str]:
    """Return the names of the fields of a class of the API, such as ``jobs.Task``, or of a kind of resource."""
    return frozenset(api()["classes"][kind])


def needed_fields(kind: str) -> list[str]:
    """Return the names of the fields that a class of the API, or a kind of resource, has to have."""
    return [name for name, (_, needed) in api()["classes"][kind].items() if needed]


def check_fields(bundle: Bundle) -> Iterator[Finding]:
    """Yield fields of resources that are not known, of another type, or missing."""
    for kind in ROOTS:
        for key, resource in bundle.resources(kind):
            if isinstance(resource.value, list) and key in api()["classes"][kind]:
                said = f"`{key}` is a key of {singular(kind)}, and stands beside the `{kind}`: indent it further."
                yield resource.finding("DEX-BUNDLE-06", said)
            else:
                yield from _check(resource, kind, key)


def singular(kind: str) -> str:
    """Return what one resource of a kind is called.

    Example:
        >>> singular("cluster_policies"), singular("vector_search_indexes"), singular("sql_warehouses")
        ('a cluster policy', 'a vector search index', 'a SQL warehouse')
    """
    one = re.sub(r"(ie|(?<=x)e|)s$", lambda end: "y" if end[1] == "ie" else "", kind)
    said = re.sub("^sql", "SQL", one.replace("_", " "))
    return f"{'an' if said[0] in 'aeiou' else 'a'} {said}"


def check_settings(owner: At, *, of_target: bool = False) -> Iterator[Finding]:
    """Yield fields of a file's or a target's own settings, such as `workspace`, that are not known or of another type.

    Args:
        owner: the file, or the target.
        of_target: whether it is one; there the value of a variable may stand alone.
    """
    for section, kind in SECTIONS.items():
        at = owner.get(section)
        if at is not None:
            yield from _check(at, kind, section)
    variables = owner.get("variables")
    for name, variable in variables.entries() if variables and not of_target else ():
        yield from _check(variable, "bundle.Variable", name)


def _check(at: At, kind: str, field: str, above: str = "") -> Iterator[Finding]:
    if isinstance(at.value, str) and "${" in at.value:
        return  # whatever a workspace or a variable without a value gives
    if kind == "any":
        return
    if at.value is None:
        if kind in _WORDS or kind in api()["enums"]:
            said = f"`{field}` has no value. Give it {_WORDS.get(kind, 'one')}, or take it away."
            yield at.finding("DEX-BUNDLE-03", said, "warning")
        return
    if kind.startswith("list "):
        if not isinstance(at.value, list):
            yield at.finding("DEX-BUNDLE-03", f"`{field}` must be a list: its entries begin with `- `.")
            return
        for item in at.value:
            yield from _check(item, kind[5:], field, above)
    elif kind.startswith("map "):
        if not isinstance(at.value, dict):
            yield at.finding("DEX-BUNDLE-03", f"`{field}` must hold keys and values.")
            return
        for key, entry in at.entries():
            yield from _check(entry, kind[4:], key)
    elif kind in _WORDS:
        if not _fits(at.value, kind):
            said = f"`{field}` must be {_WORDS[kind]}, not {shown(at)}.{_HINTS.get(field, '')}"
            yield at.finding("DEX-BUNDLE-03", said)
    elif kind in api()["enums"]:
        words = api()["enums"][kind]
        word = (
            str(at.value).upper().replace(" ", "_") if kind == "catalog.Privilege" else at.value
        )  # as the API reads it
        if word not in words:
            yield at.finding("DEX-BUNDLE-07", f"`{field}` cannot be {shown(at)}.{nearest(str(at.value), words)}")
    else:
        yield from _class(at, kind, field, above)


def _class(at: At, kind: str, field: str, above: str) -> Iterator[Finding]:
    fields: dict[str, list[Any]] = api()["classes"][kind]
    said, code = _SAID.get(kind, (singular(kind) if kind in ROOTS else f"`{field}`", "DEX-BUNDLE-21"))
    if not isinstance(at.value, dict):
        whose = f"An entry of `{field}`" if at.path and isinstance(at.path[-1], int) else f"`{field}`"
        yield at.finding("DEX-BUNDLE-03", f"{whose} must hold keys and values.{_written(at, kind)}")
        return
    meant: set[str | None] = set()
    for key, entry in at.entries():
        if key in fields and entry.value is None and fields[key][1]:
            continue  # missing, see below
        if key in fields:
            yield from _check(entry, fields[key][0], key, kind)
        else:
            meant.add(close(key, fields))
            there = _elsewhere(at, key, kind, field, above) or f".{nearest(key, fields)}"
            yield entry.finding("DEX-BUNDLE-06", f"`{key}` is not a key of {said}{there}")
    for key, (_, required) in fields.items():
        given = at.get(key)
        if required and (given is None or given.value is None) and key not in meant:  # else it is there, misspelt
            yield at.finding(code, f"{said[0].upper()}{said[1:]} needs `{key}`.")


def _written(at: At, kind: str) -> str:
    """Return how a value is written that stands where keys and values belong; an empty text where that is not known."""
    fields = api()["classes"][kind]
    needed = needed_fields(kind) or list(fields)
    before, colon, after = at.value.partition(":") if isinstance(at.value, str) else ("", "", "")
    if colon and before in fields:
        return f" A blank follows the colon: `{before}: {after}`."
    if needed_fields(kind) and len(needed) > 1:
        return f" It needs {', '.join(f'`{key}`' for key in needed)}."
    key = needed[0] if len(needed) == 1 else "default" if kind == "bundle.Variable" else None
    return f" Write `{{{key}: {at.value}}}`." if key and not isinstance(at.value, list) else ""


def _elsewhere(at: At, key: str, kind: str, field: str, above: str) -> str:
    """Return where a key belongs that stands one level too high or too low; an empty text where that is not known."""
    classes = api()["classes"]
    if (kind in GRANTED and key == "permissions") or (kind in LEVELS and key == "grants"):
        return f": rights are given by `{'grants' if kind in GRANTED else 'permissions'}` here."
    if kind == "bundle.Bundle" and key in ROOT_KEYS:
        return ": it stands at the top of the file."
    for shape, said in (("", ""), ("list ", "an entry of ")):
        inside = [
            name
            for name, (of, _) in classes[kind].items()
            if of.startswith(shape) and key in classes.get(of[len(shape) :], ())
        ]
        there = [name for name in inside if at.get(name) is not None]
        if len(there or inside) == 1:
            return f": it belongs into {said}`{(there or inside)[0]}`."
    return f": it belongs beside `{field}`, not into it." if key in classes.get(above, ()) else ""


def _fits(value: Any, kind: str) -> bool:
    """Return whether the platform's tool takes a value for a type: it also reads numbers and truth out of texts."""
    if kind == "text":
        return not isinstance(value, dict | list)
    if kind == "boolean":
        return isinstance(value, bool) or (isinstance(value, str) and value.lower() in _TRUTH)
    if isinstance(value, str):
        try:
            int(value) if kind == "integer" else float(value)
        except ValueError:
            return False
        return True
    return isinstance(value, int if kind == "integer" else (int, float)) and not isinstance(value, bool)


def shown(at: At) -> str:
    """Return a value as a message shows it: as it is written, or what it is where it is long."""
    return (
        "a list" if isinstance(at.value, list) else "keys and values" if isinstance(at.value, dict) else repr(at.value)
    )
