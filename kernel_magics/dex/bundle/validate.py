"""Check a bundle's files without a workspace: everything that would fail at deployment or at the first run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dex.bundle.files import ROOT_FILE, BundleFiles, read_bundle
from dex.bundle.jobs import check_job
from dex.bundle.models import Finding
from dex.bundle.references import check_references
from dex.bundle.suggest import unknown_keys
from dex.bundle.tree import At
from dex.bundle.words import JOB_KEYS, ROOT_KEYS, TARGET_KEYS, TARGET_MODES


def validate_bundle(root: Path) -> list[Finding]:
    """Return what is wrong with the bundle in a folder, by file, line and column; nothing where it is sound.

    Reads ``databricks.yml``, what it includes and the project's ``pyproject.toml``; runs nothing and asks no workspace.

    Args:
        root: folder of ``databricks.yml``.
    """
    bundle = read_bundle(root)
    findings = list(bundle.findings)
    if bundle.files and bundle.files[0].file == ROOT_FILE:
        findings += _frame(bundle)
        findings += _jobs(bundle)
        findings += check_references(bundle)
    order = {file.file: i for i, file in enumerate(bundle.files)}
    return sorted(findings, key=lambda f: (order.get(f.file, len(order)), f.line, f.column, f.code, f.message))


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


def _jobs(bundle: BundleFiles) -> Iterator[Finding]:
    seen: dict[str, At] = {}
    for key, job in bundle.resources("jobs"):
        if key in seen:
            yield job.finding(
                "DEX-BUNDLE-09", f"The job '{key}' stands in {seen[key].file} as well. Give one of them another key."
            )
            continue
        seen[key] = job
        yield from unknown_keys(job, JOB_KEYS, f"job '{key}'")
        yield from check_job(bundle, key, job)
