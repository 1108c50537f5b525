"""Check a bundle's files without a workspace: everything that would fail at deployment or at the first run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dex.bundle.effective import Bundle, as_target
from dex.bundle.fields import check_fields
from dex.bundle.files import ROOT_FILE, BundleFiles, read_bundle
from dex.bundle.jobs import check_job
from dex.bundle.libraries import check_libraries
from dex.bundle.models import Finding
from dex.bundle.modes import check_mode
from dex.bundle.permissions import check_permissions
from dex.bundle.references import check_references, check_target_variables, check_variables
from dex.bundle.suggest import unknown_keys
from dex.bundle.tree import At
from dex.bundle.words import ROOT_KEYS, TARGET_KEYS, TARGET_MODES


def validate_bundle(root: Path) -> list[Finding]:
    """Return what is wrong with the bundle in a folder, by file, line and column; nothing where it is sound.

    Reads ``databricks.yml``, what it includes and the project's ``pyproject.toml``, as each of its targets makes them;
    runs nothing and asks no workspace.

    Args:
        root: folder of ``databricks.yml``.
    """
    files = read_bundle(root)
    findings = list(files.findings)
    if files.files and files.files[0].file == ROOT_FILE:
        findings += _frame(files)
        findings += _keys(files)
        targets: list[str | None] = [name for name, _ in files.targets()]
        for name in targets or [None]:
            bundle = as_target(files, name)
            for check in (
                check_fields,
                _jobs,
                check_references,
                check_variables,
                check_libraries,
                check_permissions,
                check_mode,
            ):
                findings += check(bundle)
        findings += check_target_variables(bundle)
    order = {file.file: i for i, file in enumerate(files.files)}
    return sorted(set(findings), key=lambda f: (order.get(f.file, len(order)), f.line, f.column, f.code, f.message))


def _frame(bundle: BundleFiles) -> Iterator[Finding]:
    main = bundle.files[0]
    named = main.get("bundle")
    if named is None or not named.text("name"):
        yield (named or main).finding("DEX-BUNDLE-05", "The bundle has no name. Write `bundle: {name: my_project}`.")
    for file in bundle.files:
        yield from unknown_keys(file, ROOT_KEYS, "the file")
    default: str | None = None
    for name, target in bundle.targets():
        yield from unknown_keys(target, TARGET_KEYS, f"target '{name}'")
        mode = target.get("mode")
        if mode is not None and mode.value not in TARGET_MODES:
            known = " or ".join(sorted(TARGET_MODES))
            yield mode.finding("DEX-BUNDLE-07", f"A target's mode is {known}, not {mode.value!r}.")
        marked = target.get("default")
        if marked is not None and marked.value is True:
            if default is not None:
                yield marked.finding(
                    "DEX-BUNDLE-08", f"Targets '{default}' and '{name}' are both the default. Keep `default` on one."
                )
            default = name


def _keys(files: BundleFiles) -> Iterator[Finding]:
    """Yield resources whose key stands in two places: the platform's tool takes a key once, over all kinds."""
    seen: dict[str, tuple[str, At]] = {}
    for file in files.files:
        resources = file.get("resources")
        for kind, of_kind in resources.entries() if resources else ():
            for key, resource in of_kind.entries():
                if key in seen:
                    other, at = seen[key]
                    said = f"`{kind}.{key}` and `{other}.{key}` in {at.file} have one key. Give one of them another."
                    yield resource.finding("DEX-BUNDLE-09", said)
                seen.setdefault(key, (kind, resource))


def _jobs(bundle: Bundle) -> Iterator[Finding]:
    for key, job in bundle.resources("jobs"):
        yield from check_job(bundle, key, job)
