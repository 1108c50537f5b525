"""A bundle beside the project's configuration: what a target deploys has the names that its environment looks for."""

from __future__ import annotations

from collections.abc import Iterator

from dex_dbutils import DexError
from dex_dbutils.config import environment_names, find_project, load_environment, user_name

from dex.bundle.effective import Bundle
from dex.bundle.models import Finding
from dex.bundle.schema_names import schema_prefix


def check_environment(bundle: Bundle) -> Iterator[Finding]:
    """Yield schemas of an environment's layers that the target deploys under another name than the environment has."""
    if bundle.target is None or not any(True for _ in bundle.resources("schemas")):
        return
    project = find_project(bundle.root)
    if project.root != bundle.root.resolve() or bundle.target not in environment_names(project):
        return
    try:
        environment = load_environment(bundle.target, start=project.root)
    except DexError:
        return  # `dex doctor` tells of it
    prefix = schema_prefix(bundle, user_name())
    wanted = {environment.schema_of(layer).lower() for layer in environment.schemas}
    for key, schema in bundle.resources("schemas"):
        name, catalog = schema.text("name") or "", schema.text("catalog_name") or ""
        if catalog.lower() != environment.catalog.lower() or name.lower() not in wanted or not prefix:
            continue
        yield (schema.get("name") or schema).finding(
            "DEX-BUNDLE-39",
            f"Target '{bundle.target}' deploys schema '{key}' as {catalog}.{prefix}{name}, and environment "
            f"'{bundle.target}' looks for {catalog}.{name}. Write `schema_prefix: {prefix.replace(user_name(), '${user}')}` in "
            f"config/{bundle.target}.yaml, or `experimental: {{skip_name_prefix_for_schema: true}}` here.",
            "warning",
        )
