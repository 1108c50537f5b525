"""Settings laid over settings, and taken apart again into what is common to all targets and what each of them adds.

The platform's tool puts a target's resources over those of the bundle: mappings key by key, items of some lists by a
key, other lists one after the other. So a list that an environment replaces, or a value that it takes away, cannot
stand in the common part: it stands in every target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dex.bundle import At

#: Lists of a job whose items the platform's tool knows by a key.
KEYED = {"tasks": "task_key", "job_clusters": "job_cluster_key", "parameters": "name"}
#: Lists whose items are known by a key in the configuration too, though not to the platform's tool.
_ALSO_KEYED = {**KEYED, "environments": "environment_key"}
#: Mappings that hold one of several keys, and so are replaced as a whole.
_ONE_OF = frozenset({"run_as"})


def made(value: Any, at: At | None = None) -> At:
    """Return a value that dex makes, with the place of what it is made for.

    Args:
        value: dictionaries, lists, texts, numbers, booleans, None; an `At` inside stays as it is.
        at: whose place it gets; that of nothing if not given.
    """
    if isinstance(value, At):
        return value
    if isinstance(value, dict):
        value = {key: made(entry, at) for key, entry in value.items()}
    elif isinstance(value, list):
        value = [made(item, at) for item in value]
    return At(value, (), at.file, at.line, at.column) if at is not None else At(value, (), "", 1, 1)


def overlay(base: At, over: At) -> At:
    """Return settings with others laid over them; an empty value in the second takes away what is below it."""
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    merged = dict(base.value)
    for key, entry in over.value.items():
        if entry.value is None:
            merged.pop(key, None)
        elif key not in merged or key in _ONE_OF:
            merged[key] = entry
        elif key in _ALSO_KEYED and isinstance(entry.value, list) and isinstance(merged[key].value, list):
            merged[key] = replace(entry, value=_by_key(merged[key].value, entry.value, _ALSO_KEYED[key]))
        else:
            merged[key] = overlay(merged[key], entry)
    return replace(base, value=merged)


def _by_key(items: list[At], over: list[At], key: str) -> list[At]:
    found = list(items)
    for item in over:
        at = next((i for i, each in enumerate(items) if item.text(key) and each.text(key) == item.text(key)), None)
        if at is None:
            found.append(item)
        else:
            found[at] = overlay(items[at], item)
    return found


def apart(base: At, targets: Mapping[str, At]) -> tuple[At, dict[str, At]]:
    """Return what is common to a job's settings in all targets, and what each target adds to make its own of it.

    Args:
        base: settings without a target; a mapping.
        targets: settings as each target is to have them.
    """
    common, parts = _mapping(base, targets, top=True)
    return common or replace(base, value={}), parts


def _apart(base: At | None, targets: Mapping[str, At | None], key: str) -> tuple[At | None, dict[str, At]]:
    """Return common part and targets' parts of one value; None for a value that is not there."""
    plain = base.plain() if base is not None else None
    if base is not None and all(each is not None and each.plain() == plain for each in targets.values()):
        return base, {}
    own = {name: each for name, each in targets.items() if each is not None}
    if base is None or len(own) < len(targets):
        return None, own
    if key not in _ONE_OF and all(isinstance(each.value, dict) for each in (base, *own.values())):
        return _mapping(base, own)
    if key in KEYED and all(_are_known(each, KEYED[key]) for each in (base, *own.values())):
        return _list(base, own, KEYED[key])
    if any(isinstance(each.value, dict | list) for each in (base, *own.values())):
        return None, own
    return base, {name: each for name, each in own.items() if each.value != base.value}


def _are_known(items: At, key: str) -> bool:
    """Return whether a value is a list whose items are each known by a key."""
    if not isinstance(items.value, list):
        return False
    names = [item.text(key) for item in items.value]
    return None not in names and len(set(names)) == len(names)


def _mapping(base: At, targets: Mapping[str, At], top: bool = False) -> tuple[At | None, dict[str, At]]:
    common: dict[str, At] = {}
    parts: dict[str, dict[str, At]] = {}
    for key in dict.fromkeys([*base.value, *(key for each in targets.values() for key in each.value)]):
        kept, own = _apart(base.get(key), {name: each.get(key) for name, each in targets.items()}, key if top else "")
        if kept is not None:
            common[key] = kept
        for name, part in own.items():
            parts.setdefault(name, {})[key] = part
    made_of = {name: replace(targets[name], value=value) for name, value in parts.items()}
    return (replace(base, value=common) if common or not base.value else None), made_of


def _list(base: At, targets: Mapping[str, At], key: str) -> tuple[At | None, dict[str, At]]:
    lists = {name: {item.text(key): item for item in each.value} for name, each in targets.items()}
    first = {item.text(key): item for item in base.value}
    common: list[At] = []
    parts: dict[str, list[At]] = {}
    for item in dict.fromkeys([*first, *(name for each in lists.values() for name in each)]):
        kept, own = _apart(first.get(item), {name: each.get(item) for name, each in lists.items()}, "")
        if kept is not None:
            common.append(_with_key(kept, key, first[item]))
        for name, part in own.items():
            parts.setdefault(name, []).append(_with_key(part, key, lists[name][item]))
    made_of = {name: replace(targets[name], value=value) for name, value in parts.items()}
    return (replace(base, value=common) if common or not base.value else None), made_of


def _with_key(part: At, key: str, item: At) -> At:
    """Return a part of an item with the key by which it is known, before all else."""
    return replace(part, value={key: item.value[key], **{k: v for k, v in part.value.items() if k != key}})
