"""``${...}`` references: the variables and resources they name, and the files that libraries are built of."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from dex.bundle.files import BundleFiles
from dex.bundle.models import Finding
from dex.bundle.suggest import nearest
from dex.bundle.tree import At

_REFERENCE = re.compile(r"\$\{([A-Za-z_][\w.\-]*)")


def check_references(bundle: BundleFiles) -> Iterator[Finding]:
    """Yield every reference to something that no file defines."""
    variables = set(_variables(bundle))
    kinds = _resource_keys(bundle)
    for file in bundle.files:
        for at in file.walk():
            for reference in _REFERENCE.findall(at.value) if isinstance(at.value, str) else ():
                yield from _reference(at, reference.split("."), variables, kinds)
    for _, job in bundle.resources("jobs"):
        yield from _dependencies(bundle, job)


def _variables(bundle: BundleFiles) -> Iterator[str]:
    for file in bundle.files:
        variables = file.get("variables")
        yield from (name for name, _ in variables.entries()) if variables else ()


def _resource_keys(bundle: BundleFiles) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    owners = [*bundle.files, *(target for _, target in bundle.targets())]
    for owner in owners:
        resources = owner.get("resources")
        for kind, of_kind in resources.entries() if resources else ():
            kinds.setdefault(kind, set()).update(key for key, _ in of_kind.entries())
    return kinds


def _reference(at: At, words: list[str], variables: set[str], kinds: dict[str, set[str]]) -> Iterator[Finding]:
    if words[0] == "var" and len(words) > 1 and words[1] not in variables:
        yield at.finding("DEX-BUNDLE-17", f"There is no variable '{words[1]}'.{nearest(words[1], variables)}")
    if words[0] == "resources" and len(words) > 2 and words[2] not in kinds.get(words[1], set()):
        known = kinds.get(words[1], set())
        yield at.finding("DEX-BUNDLE-17", f"There is no resource `{words[1]}.{words[2]}`.{nearest(words[2], known)}")


def _dependencies(bundle: BundleFiles, job: At) -> Iterator[Finding]:
    """Yield the wheels of environments that neither exist nor are built by an artifact."""
    built = any(file.get("artifacts") for file in bundle.files)
    for environment in job.items("environments"):
        spec = environment.get("spec")
        for dependency in spec.items("dependencies") if spec else ():
            text = dependency.value
            if not isinstance(text, str) or not text.endswith(".whl") or text.startswith("/") or "${" in text:
                continue
            if built and PurePosixPath(text).parent.name == "dist":
                continue  # the artifact's build puts it there
            if not glob.glob(str(PurePosixPath(dependency.file).parent / text), root_dir=bundle.root):
                said = f"No wheel matches '{text}', and no artifact builds one. Add `artifacts` to databricks.yml."
                yield dependency.finding("DEX-BUNDLE-18", said)
