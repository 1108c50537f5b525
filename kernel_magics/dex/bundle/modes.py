"""What the mode of a target asks for, and the names that its prefix makes."""

from __future__ import annotations

from collections.abc import Iterator

from dex.bundle.effective import Bundle
from dex.bundle.models import Finding
from dex.bundle.tree import At


def check_mode(bundle: Bundle) -> Iterator[Finding]:
    """Yield what the target's mode does not allow.

    Source: the platform's page on deployment modes.
    """
    target = dict(bundle.files.targets()).get(bundle.target or "")
    if target is None:
        return
    if bundle.mode == "production":
        yield from _production(bundle, target)
    elif bundle.mode == "development":
        yield from _development(bundle)
    yield from _same_names(bundle)


def _production(bundle: Bundle, target: At) -> Iterator[Finding]:
    place = bundle.tree.at("workspace", "root_path")
    runs_as = bundle.tree.get("run_as")
    if place is None and runs_as is None:
        yield target.finding(
            "DEX-BUNDLE-24",
            f"Target '{bundle.target}' is for production and says neither where it is deployed nor who runs it: two people "
            "would deploy it twice. Set `workspace.root_path`, and `run_as` if a service principal runs it.",
        )
    for key, pipeline in bundle.resources("pipelines"):
        development = pipeline.get("development")
        if development is not None and development.value is True:
            yield development.finding(
                "DEX-BUNDLE-24", f"Pipeline '{key}' is in development, and target '{bundle.target}' is for production."
            )


def _development(bundle: Bundle) -> Iterator[Finding]:
    paused = bundle.tree.at("presets", "trigger_pause_status")
    if paused is not None and paused.value == "UNPAUSED":
        said = f"Target '{bundle.target}' is for development, where triggers are paused: `UNPAUSED` is refused."
        yield paused.finding("DEX-BUNDLE-24", said)


def _same_names(bundle: Bundle) -> Iterator[Finding]:
    """Yield schemas that would be one: a prefix and names in lower case make them equal."""
    seen: dict[tuple[str, str], str] = {}
    for key, schema in bundle.resources("schemas"):
        name, catalog = schema.text("name"), schema.text("catalog_name")
        if not name or not catalog or "${" in name:
            continue
        other = seen.setdefault((catalog.lower(), name.lower()), key)
        if other != key:
            at = schema.get("name") or schema
            yield at.finding("DEX-BUNDLE-25", f"Schemas '{other}' and '{key}' are both {catalog}.{name}. Rename one.")
