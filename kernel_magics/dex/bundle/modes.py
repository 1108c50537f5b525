"""What the mode of a target asks for, and the names that its prefix makes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dex.bundle.effective import Bundle, user_names
from dex.bundle.models import Finding
from dex.bundle.tree import At


def check_mode(bundle: Bundle) -> Iterator[Finding]:
    """Yield what the target's mode does not allow.

    Source: the platform's page on deployment modes.
    """
    target = dict(bundle.files.targets()).get(bundle.target or "")
    if target is not None and bundle.mode == "production":
        yield from _production(bundle, target)
    elif target is not None and bundle.mode == "development":
        yield from _development(bundle)
    yield from _shared(bundle)
    yield from _same_names(bundle)


def _production(bundle: Bundle, target: At) -> Iterator[Finding]:
    place = target.at("workspace", "root_path")  # of the target itself: one for all targets is not taken
    jobs = [job for _, job in bundle.resources("jobs")]
    if place is None and bundle.tree.get("run_as") is None and not all(job.get("run_as") for job in jobs):
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
    workspace = bundle.tree.get("workspace")
    for key, at in workspace.entries() if workspace is not None else ():
        path = str(at.value)
        if not key.endswith("_path") or _of_user(path):
            continue
        said = f"Target '{bundle.target}' is for development, and `{key}` is not of its user: two people would write to one"
        if path.startswith("/Volumes/"):  # a short name may stand in it, and nobody knows here whose
            said += " folder. Write `${workspace.current_user.short_name}` into it."
            yield at.finding("DEX-BUNDLE-24", said, "warning")
        else:
            said += " folder. Begin it with `~/`, or write `${workspace.current_user.userName}` into it."
            yield at.finding("DEX-BUNDLE-24", said)
    prefix = bundle.tree.at("presets", "name_prefix")
    if prefix is not None and prefix.value and not any(str(name) in str(prefix.value) for name in user_names()):
        said = f"The prefix '{prefix.value}' does not hold who deploys: two people would have the same names."
        yield prefix.finding(
            "DEX-BUNDLE-24", f"{said} Write `${{workspace.current_user.short_name}}` into it.", "warning"
        )


def _of_user(path: str) -> bool:
    """Return whether a folder is of whoever deploys, as far as that can be told without knowing who that is."""
    theirs = path.startswith(("~", "/Workspace/Users/", "/Users/"))
    return theirs or "${" in path or any(name in path for name in user_names())


def _shared(bundle: Bundle) -> Iterator[Finding]:
    """Yield a warning where everyone may write to the folder of deployment, and the bundle does not say so.

    The platform's tool puts ``/Workspace`` before a path of a workspace that lacks it.
    """
    place = bundle.tree.at("workspace", "root_path")
    if place is None or not str(place.value).startswith(("/Workspace/Shared/", "/Shared/")):
        return
    for each in bundle.tree.items("permissions"):
        if each.text("group_name") == "users" and each.text("level") == "CAN_MANAGE":
            return
    yield place.finding(
        "DEX-BUNDLE-36",
        "Everyone may write below /Workspace/Shared. Deploy to a folder of those who may, or say so: `permissions` with"
        " `{group_name: users, level: CAN_MANAGE}`.",
        "warning",
    )


def _same_names(bundle: Bundle) -> Iterator[Finding]:
    """Yield names that are none, and schemas and jobs that would be one: a target gives all the same prefix."""
    seen: dict[tuple[str, ...], str] = {}
    for key, schema in bundle.resources("schemas"):
        name, catalog = schema.text("name"), schema.text("catalog_name")
        if not name or "${" in name:
            continue
        at = schema.get("name") or schema
        if re.search(r"[./\s]", name):
            yield at.finding("DEX-BUNDLE-25", f"'{name}' is no name of a schema: no `.`, `/` or space.")
        elif catalog:
            other = seen.setdefault((catalog.lower(), name.lower()), key)
            if other != key:
                said = f"Schemas '{other}' and '{key}' are both {catalog}.{name}. Rename one."
                yield at.finding("DEX-BUNDLE-25", said)
    for key, job in bundle.resources("jobs"):
        name = job.text("name")
        if name:
            other = seen.setdefault((name,), key)
            if other != key:
                at = job.get("name") or job
                said = f"Jobs '{other}' and '{key}' are both called '{name}'; nobody can tell them apart."
                yield at.finding("DEX-BUNDLE-25", said, "warning")
