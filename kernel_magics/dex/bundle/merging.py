"""Files and targets put together, as the platform's own tool does: mappings merge, lists are joined, some by a key.

Job clusters, tasks and parameters of a job, and clusters of a pipeline, with the same key are one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dex.bundle.tree import At

#: Fields of a target that merge with the root's field of the same name.
_MERGED = ("bundle", "workspace", "artifacts", "resources", "sync", "permissions", "presets")
_KEYED = {
    "jobs": {"job_clusters": "job_cluster_key", "tasks": "task_key", "parameters": "name"},
    "pipelines": {"clusters": "label"},
}


def merge(base: At, over: At) -> At:
    """Return two values as one: mappings key by key, lists one after the other, else the second."""
    if isinstance(base.value, dict) and isinstance(over.value, dict):
        both = dict(base.value)
        for key, entry in over.value.items():
            both[key] = merge(both[key], entry) if key in both else entry
        return replace(base, value=both)
    if isinstance(base.value, list) and isinstance(over.value, list):
        return replace(base, value=[*base.value, *over.value])
    return over


def with_target(root: At, name: str, target: At) -> At:
    """Return the root of a bundle as a target makes it.

    Args:
        root: every file, merged.
        name: name of the target.
        target: its definition.
    """
    values: dict[str, At] = dict(root.value)
    for field in _MERGED:
        over = target.get(field)
        if over is not None:
            values[field] = merge(values[field], over) if field in values else over
    if (over := target.get("variables")) is not None:
        values["variables"] = _with_values(values.get("variables") or replace(over, value={}), over)
    if (over := target.get("run_as")) is not None:  # holds one of several keys: the target's replaces all of them
        values["run_as"] = over
    bundle = values.get("bundle") or replace(root, path=("bundle",))
    settings: dict[str, At] = bundle.value if "bundle" in values and isinstance(bundle.value, dict) else {}
    facts: dict[str, Any] = {"target": replace(target, value=name)}
    for field in ("mode", "compute_id", "cluster_id", "git"):
        if (over := target.get(field)) is not None:
            facts[field] = merge(settings[field], over) if field in settings else over
    values["bundle"] = replace(bundle, value={**settings, **facts})
    return with_keys_joined(replace(root, value=values))


def with_keys_joined(root: At) -> At:
    """Return a bundle in which items of the keyed lists that have the same key are one."""
    resources = root.get("resources")
    if resources is None or not isinstance(resources.value, dict):
        return root
    kinds = dict(resources.value)
    for kind, lists in _KEYED.items():
        of_kind = kinds.get(kind)
        if of_kind is not None and isinstance(of_kind.value, dict):
            kinds[kind] = replace(of_kind, value={key: _joined(each, lists) for key, each in of_kind.entries()})
    return replace(root, value={**root.value, "resources": replace(resources, value=kinds)})


def _joined(resource: At, lists: Mapping[str, str]) -> At:
    if not isinstance(resource.value, dict):
        return resource
    values = dict(resource.value)
    for field, key in lists.items():
        items = values.get(field)
        if items is not None and isinstance(items.value, list):
            values[field] = replace(items, value=_by_key(items.value, key))
    return replace(resource, value=values)


def _by_key(items: list[At], key: str) -> list[At]:
    """Return the items, those of another file joined to the first of their key; two in one list stay two."""
    found: list[At] = []
    first: dict[str, int] = {}
    for item in items:
        name = item.text(key)
        at = first.setdefault(name, len(found)) if name is not None else len(found)
        if at < len(found) and (found[at].file, found[at].path[:-1]) != (item.file, item.path[:-1]):
            found[at] = merge(found[at], item)
        else:
            found.append(item)
    return found


def _with_values(variables: At, over: At) -> At:
    """Return variables with the values of a target, which replace those of before: lists and mappings are not joined.

    A value of its own also replaces a lookup; ``x: 1`` is short for ``x: {default: 1}``.
    """
    if not isinstance(variables.value, dict) or not isinstance(over.value, dict):
        return over
    found = dict(variables.value)
    for name, entry in over.entries():
        is_long = isinstance(entry.value, dict) and set(entry.value) <= {"default", "lookup", "description", "type"}
        given = entry.value if is_long else {"default": entry}
        base = variables.get(name)
        before = dict(base.value) if base is not None and isinstance(base.value, dict) else {}
        if "default" in given:
            before.pop("lookup", None)
        found[name] = replace(base or entry, value={**before, **given})
    return replace(variables, value=found)
