"""What a target changes: the resources, tasks and clusters that it names have to be there, or to be whole in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from dex.bundle.fields import needed_fields
from dex.bundle.files import BundleFiles
from dex.bundle.merging import merge
from dex.bundle.models import Finding
from dex.bundle.own_fields import ROOTS
from dex.bundle.suggest import close, nearest
from dex.bundle.tree import At

#: Kind of resource -> fields of which a definition of its own has one, where none is needed by all.
_WHOLE = {
    "cluster_policies": ("definition", "policy_family_id"),
    "clusters": ("spark_version", "policy_id"),
    "genie_spaces": ("file_path", "serialized_space"),
    "jobs": ("tasks",),
    "pipelines": ("libraries", "ingestion_definition", "gateway_definition"),
}


def check_overrides(files: BundleFiles) -> Iterator[Finding]:
    """Yield what targets change and the bundle does not have; such a part would be incomplete."""
    root = reduce(merge, files.files)
    for target, definition in files.targets():
        resources = definition.get("resources")
        for kind, of_kind in resources.entries() if resources else ():
            known = root.at("resources", kind)
            names = set(known.value) if known is not None and isinstance(known.value, dict) else set()
            for key, over in of_kind.entries():
                if key not in names:
                    if kind in ROOTS and not _is_whole(kind, over, meant=close(key, names)):
                        said = f"Target '{target}' changes `{kind}.{key}`, which the bundle does not have."
                        yield over.finding("DEX-BUNDLE-34", f"{said}{nearest(key, names)}")
                elif kind == "jobs" and known is not None:
                    yield from _parts(target, key, known.value[key], over)


def _is_whole(kind: str, over: At, meant: str | None) -> bool:
    """Return whether a resource that a target alone has may be a definition of its own: also not whole where it is meant."""
    needed = needed_fields(kind)
    if kind in _WHOLE or not needed:
        return any(over.get(field) for field in _WHOLE.get(kind, ()))
    return (all if meant else any)(over.get(field) is not None for field in needed)


def _parts(target: str, job: str, base: At, over: At) -> Iterator[Finding]:
    for field, key, what in (("tasks", "task_key", "task"), ("job_clusters", "job_cluster_key", "cluster")):
        names = {name for each in base.items(field) if (name := each.text(key))}
        for each in over.items(field):
            name = each.text(key)
            whole = any(k.endswith("_task") or k in ("new_cluster", "serverless_compute") for k, _ in each.entries())
            if name is not None and name not in names and not whole:
                said = f"Target '{target}' changes {what} '{name}', which job '{job}' does not have."
                yield each.finding("DEX-BUNDLE-34", f"{said}{nearest(name, names)}")
