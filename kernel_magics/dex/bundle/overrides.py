"""What a target changes: the resources, tasks and clusters that it names have to be there, or to be whole in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from dex.bundle.files import BundleFiles
from dex.bundle.merging import merge
from dex.bundle.models import Finding
from dex.bundle.suggest import nearest
from dex.bundle.tree import At

#: Kind of resource -> fields of which a definition of its own has one.
_WHOLE = {
    "jobs": ("tasks",),
    "pipelines": ("libraries", "ingestion_definition", "gateway_definition"),
    "schemas": ("name",),
    "volumes": ("name",),
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
                    if kind in _WHOLE and not any(over.get(field) for field in _WHOLE[kind]):
                        said = f"Target '{target}' changes `{kind}.{key}`, which the bundle does not have."
                        yield over.finding("DEX-BUNDLE-34", f"{said}{nearest(key, names)}")
                elif kind == "jobs" and known is not None:
                    yield from _parts(target, key, known.value[key], over)


def _parts(target: str, job: str, base: At, over: At) -> Iterator[Finding]:
    for field, key, what in (("tasks", "task_key", "task"), ("job_clusters", "job_cluster_key", "cluster")):
        names = {name for each in base.items(field) if (name := each.text(key))}
        for each in over.items(field):
            name = each.text(key)
            whole = any(k.endswith("_task") or k in ("new_cluster", "serverless_compute") for k, _ in each.entries())
            if name is not None and name not in names and not whole:
                said = f"Target '{target}' changes {what} '{name}', which job '{job}' does not have."
                yield each.finding("DEX-BUNDLE-34", f"{said}{nearest(name, names)}")
