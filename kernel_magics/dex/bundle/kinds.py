"""What resources of single kinds need, or cannot have together, beside what their fields say."""

from __future__ import annotations

from collections.abc import Iterator

from dex.bundle.compute import check_cluster
from dex.bundle.effective import Bundle
from dex.bundle.models import Finding
from dex.bundle.own_fields import NOT_NEEDED
from dex.bundle.tree import At

#: What an alert may say beside the file that it is read from; source: the vendor's tool.
_BESIDE_ALERT_FILE = frozenset({"display_name", "file_path", "lifecycle", "permissions", "warehouse_id"})
#: Type of a vector search index -> the part that describes it; source: the API.
_OF_INDEX = {"DELTA_SYNC": "delta_sync_index_spec", "DIRECT_ACCESS": "direct_access_index_spec"}


def check_kinds(bundle: Bundle) -> Iterator[Finding]:
    """Yield what is wrong with alerts, apps, clusters, pipelines and vector search indexes."""
    for key, alert in bundle.resources("alerts"):
        yield from _alert(key, alert)
    for key, app in bundle.resources("apps"):
        yield from _app(key, app)
    for key, cluster in bundle.resources("clusters"):
        yield from check_cluster(cluster, f"Cluster '{key}'")
    for key, pipeline in bundle.resources("pipelines"):
        serverless, clusters = pipeline.get("serverless"), pipeline.get("clusters")
        if clusters is not None and clusters.value and serverless is not None and serverless.value is True:
            said = f"Pipeline '{key}' is serverless, which takes no `clusters`. Take them away, or `serverless`."
            yield clusters.finding("DEX-BUNDLE-13", said)
        schema, target = pipeline.get("schema"), pipeline.get("target")
        if schema is not None and target is not None and schema.value and target.value:
            said = f"Pipeline '{key}' names the schema of its tables twice: `target` is the old word. Keep `schema`."
            yield target.finding("DEX-BUNDLE-21", said)
    for key, index in bundle.resources("vector_search_indexes"):
        yield from _index(key, index)


def _alert(key: str, alert: At) -> Iterator[Finding]:
    from_file = alert.get("file_path") is not None
    for field, at in alert.entries() if from_file else ():
        if field not in _BESIDE_ALERT_FILE and at.value is not None:
            said = f"Alert '{key}' is read from its `file_path`: `{field}` belongs into that file, or the path away."
            yield at.finding("DEX-BUNDLE-06", said)
    if not from_file and isinstance(alert.value, dict):
        missing = [field for field in NOT_NEEDED["alerts"] if alert.get(field) is None]
        if missing:
            named = ", ".join(f"`{field}`" for field in missing)
            yield alert.finding("DEX-BUNDLE-21", f"Alert '{key}' needs {named}; or `file_path`, a file that says it.")


def _app(key: str, app: At) -> Iterator[Finding]:
    path, source = app.get("source_code_path"), app.get("git_source")
    if path is None and source is None and isinstance(app.value, dict):
        yield app.finding("DEX-BUNDLE-21", f"App '{key}' needs `source_code_path`, its folder, or `git_source`.")
    elif path is not None and source is not None:
        said = f"App '{key}' has its code from `source_code_path` and from `git_source`. Keep one."
        yield source.finding("DEX-BUNDLE-21", said)


def _index(key: str, index: At) -> Iterator[Finding]:
    kind = index.get("index_type")
    wanted = _OF_INDEX.get(str(kind.value)) if kind is not None else None
    if kind is None or wanted is None:
        return
    for part in _OF_INDEX.values():
        at = index.get(part)
        if part == wanted and at is None:
            yield kind.finding("DEX-BUNDLE-21", f"Index '{key}' of type {kind.value} needs `{part}`.")
        elif part != wanted and at is not None:
            said = (
                f"Index '{key}' is of type {kind.value}, which takes no `{part}`. Take it away, or change `index_type`."
            )
            yield at.finding("DEX-BUNDLE-06", said)
