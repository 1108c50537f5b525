"""The bundle around its resources: its name, targets, settings, kinds and keys, and what each file holds."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from dex.bundle.fields import check_settings, shown
from dex.bundle.files import BundleFiles
from dex.bundle.models import Finding
from dex.bundle.own_fields import CLASSES, KINDS
from dex.bundle.references import variable_names
from dex.bundle.suggest import close, unknown_keys
from dex.bundle.tree import At
from dex.bundle.words import ROOT_KEYS, TARGET_KEYS, TARGET_MODES

#: Settings of `workspace` that say where the workspace is and who asks.
_OF_WORKSPACE = frozenset(
    """
    host profile auth_type client_id google_service_account azure_use_msi azure_client_id azure_tenant_id
    azure_environment azure_login_app_id account_id workspace_id
    """.split()
)
#: One part of a version constraint, such as `>= 0.218.0`, `~> 1.3` or `1.x`.
_CONSTRAINT = re.compile(r"\s*(?:[<>!=]=|[<>=~^]|~>|)\s*v?\d+(?:\.(?:\d+|[xX*])){0,2}(?:[-+][\w.-]+)?\s*")
#: What stands between them.
_PARTS = re.compile(r",|\|\||\s-\s|(?<=[\w*])\s+(?=[<>=!~^])")

#: What people write one level too high, by the key that it belongs into.
_INSIDE: dict[str, Collection[str]] = {
    "bundle": CLASSES["bundle.Bundle"],
    "workspace": CLASSES["bundle.Workspace"],
    "presets": CLASSES["bundle.Presets"],
    "resources": KINDS,
}
#: What the key of a resource looks like.
_KEY = re.compile(r"[\w-]+")
#: Keys of which the value holds keys and values.
_MAPPINGS = ("resources", "targets", "variables")


def check_frame(files: BundleFiles) -> Iterator[Finding]:
    """Yield what is wrong with a bundle's own settings, its targets, and the keys of its resources."""
    main = files.files[0]
    named = main.get("bundle")
    if named is None or (isinstance(named.value, dict | None) and not named.text("name")):
        yield (named or main).finding("DEX-BUNDLE-05", "The bundle has no name. Write `bundle: {name: my_project}`.")
    name = named.get("name") if named is not None else None
    if name is not None and "${" in str(name.value):
        yield name.finding("DEX-BUNDLE-05", "A bundle's name is written out: `${...}` is not filled in there.")
    wanted = named.get("databricks_cli_version") if named is not None else None
    if wanted is not None and not all(_CONSTRAINT.fullmatch(part) for part in _PARTS.split(str(wanted.value).strip())):
        said = f"'{wanted.value}' is no constraint on a version, such as `>= 1.3.0`."
        yield wanted.finding("DEX-BUNDLE-03", said)
    for file in files.files:
        yield from unknown_keys(file, ROOT_KEYS, "the file", {"targets.NAME": ("default", "mode"), **_INSIDE})
        yield from _shapes(file)
        yield from check_settings(file)
        yield from _kinds(file)
        yield from _one_job(file)
        yield from _written_out(file)
    for file in files.files[1:]:
        if (at := file.get("include")) is not None:
            said = "Only the root file's `include` counts; this one names nothing that is read. Move it there."
            yield at.finding("DEX-BUNDLE-04", said, "warning")
    yield from _targets(files)
    yield from _keys(files)


def _targets(files: BundleFiles) -> Iterator[Finding]:
    default: str | None = None
    inside = {**_INSIDE, "variables": variable_names(files)}
    for name, target in files.targets():
        yield from unknown_keys(target, TARGET_KEYS, f"target '{name}'", inside)
        yield from _shapes(target)
        yield from check_settings(target, of_target=True)
        yield from _kinds(target)
        yield from _written_out(target)
        mode = target.get("mode")
        if mode is not None and str(mode.value) not in TARGET_MODES:
            known = " or ".join(sorted(TARGET_MODES))
            yield mode.finding("DEX-BUNDLE-07", f"A target's mode is {known}, not {shown(mode)}.")
        marked = target.get("default")
        if marked is not None and marked.value is True:
            if default is not None:
                yield marked.finding(
                    "DEX-BUNDLE-08", f"Targets '{default}' and '{name}' are both the default. Keep `default` on one."
                )
            default = name


def _shapes(owner: At) -> Iterator[Finding]:
    """Yield lists where keys and values belong, and the other way round."""
    for key in _MAPPINGS:
        at = owner.get(key)
        if at is not None and not isinstance(at.value, dict | None):
            yield at.finding("DEX-BUNDLE-03", f"`{key}` must hold keys and values.")
    resources = owner.get("resources")
    for kind, at in resources.entries() if resources is not None else ():
        if not isinstance(at.value, dict | None) and "${" not in str(at.value):
            said = f"`{kind}` must hold keys and values: the key of a resource, and what it is."
            yield at.finding("DEX-BUNDLE-03", said)
    include = owner.get("include")
    if include is not None and not isinstance(include.value, list | None):
        yield include.finding("DEX-BUNDLE-03", "`include` must be a list: its entries begin with `- `.")


def _written_out(owner: At) -> Iterator[Finding]:
    """Yield references where none is filled in: in scripts, and in what says which workspace is asked and as whom."""
    workspace, scripts = owner.get("workspace"), owner.get("scripts")
    for key, at in workspace.entries() if workspace is not None else ():
        if key in _OF_WORKSPACE and "${" in str(at.value):
            said = (
                f"`{key}` is written out: `${{...}}` is not filled in there. Set it in the environment or in a profile."
            )
            yield at.finding("DEX-BUNDLE-17", said)
    for key, script in scripts.entries() if scripts is not None else ():
        content, env = script.get("content"), script.get("env")
        if content is not None and re.search(r"\$\{.*\}", str(content.value)):
            said = (
                f"Script '{key}' has `${{...}}`, which is not filled in there. Write variables of the shell as `$NAME`"
            )
            yield content.finding("DEX-BUNDLE-17", f"{said}; give it those of the bundle in `env`.")
        for name, at in env.entries() if env is not None else ():
            if "${resources." in str(at.value):
                said = (
                    f"`{name}` of script '{key}' names a resource; only `bundle`, `workspace` and `var` are known then."
                )
                yield at.finding("DEX-BUNDLE-17", said)


def _kinds(owner: At) -> Iterator[Finding]:
    resources = owner.get("resources")
    for kind, at in resources.entries() if resources else ():
        if kind not in KINDS:
            near = close(kind, KINDS)
            said = f"`{kind}` is not a kind of resource."
            if near:
                yield at.finding("DEX-BUNDLE-06", f"{said} Did you mean '{near}'?")
            else:
                yield at.finding("DEX-BUNDLE-06", f"{said[:-1]} that is known here, so it is not checked.", "warning")


def _one_job(file: At) -> Iterator[Finding]:
    """Yield a warning where a file whose name says that it holds one job holds more: strict tools advise against it."""
    if not file.file.endswith((".job.yml", ".job.yaml")):
        return
    held = [
        (kind, key, at) for kind, of in _resources(file) for key, at in of.entries() if not isinstance(at.value, list)
    ]
    jobs = [each for each in held if each[0] == "jobs"]
    beside = [each for each in held if each not in jobs[:1]]
    for kind, key, at in beside[:1]:
        said = f"A file `*.job.yml` holds one job and nothing else; `{kind}.{key}` is beside it. Give it its own file."
        yield at.finding("DEX-BUNDLE-35", said, "warning")


def _keys(files: BundleFiles) -> Iterator[Finding]:
    """Yield resources whose key stands in two places: the platform's tool takes a key once, over all kinds."""
    seen: dict[str, tuple[str, At]] = {}
    for file in files.files:
        for kind, of_kind in _resources(file):
            for key, resource in of_kind.entries():
                if "${" in key:
                    yield resource.finding(
                        "DEX-BUNDLE-03", f"The key '{key}' is written out: `${{...}}` is not filled in there."
                    )
                elif not _KEY.fullmatch(key):
                    said = f"No reference can name '{key}': a key has letters, digits, `-` and `_`."
                    yield resource.finding("DEX-BUNDLE-03", said, "warning")
                if key in seen:
                    other, at = seen[key]
                    said = f"`{kind}.{key}` and `{other}.{key}` in {at.file} have one key. Give one of them another."
                    yield resource.finding("DEX-BUNDLE-09", said)
                seen.setdefault(key, (kind, resource))


def _resources(file: At) -> Iterator[tuple[str, At]]:
    resources = file.get("resources")
    return resources.entries() if resources is not None else iter(())
