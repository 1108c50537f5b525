"""A bundle as one of its targets makes it: files merged, the target's changes applied, references filled in."""

from __future__ import annotations

import getpass
import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

from dex_dbutils import BundleError, Where

from dex.bundle.files import ROOT_FILE, BundleFiles, read_bundle
from dex.bundle.merging import merge, with_keys_joined, with_target
from dex.bundle.models import Finding
from dex.bundle.suggest import nearest
from dex.bundle.tree import At
from dex.bundle.variables import Resolver

#: Who deploys, as a bundle's files name them: by the whole name, and as a part of other names.
OF_DEPLOYER = "${workspace.current_user.userName}"
OF_DEPLOYER_SHORT = "${workspace.current_user.short_name}"


@dataclass(frozen=True)
class Bundle:
    """A bundle for one target.

    Attributes:
        root: folder of ``databricks.yml``.
        name: the bundle's name; empty where it has none.
        target: name of the target; None where the bundle has no targets.
        mode: development, production or None.
        tree: everything, merged, with references filled in as far as they can be without a workspace.
        files: the files as they are.
        findings: what is wrong with the files as such.
    """

    root: Path
    name: str
    target: str | None
    mode: str | None
    tree: At
    files: BundleFiles
    findings: list[Finding]

    def resources(self, kind: str) -> Iterator[tuple[str, At]]:
        """Yield key and definition of every resource of a kind, such as ``jobs``."""
        of_kind = self.tree.at("resources", kind)
        if of_kind is not None:
            yield from of_kind.entries()

    def job(self, key: str) -> dict[str, Any]:
        """Return the settings of a job as the Jobs API takes them, paths relative to the bundle's folder.

        Args:
            key: its key under ``resources.jobs``, or its name.

        Raises:
            BundleError: DEX-BUNDLE-30, there is none; -02, a file cannot be read: what it says of any job would be lost.
        """
        return self._settings("jobs", "job", key)

    def pipeline(self, key: str) -> dict[str, Any]:
        """Return the settings of a pipeline as the Pipelines API takes them, paths relative to the bundle's folder.

        Args:
            key: its key under ``resources.pipelines``, or its name.

        Raises:
            BundleError: DEX-BUNDLE-30, there is none; -02, a file cannot be read.
        """
        return self._settings("pipelines", "pipeline", key)

    def _settings(self, kind: str, what: str, key: str) -> dict[str, Any]:
        self.files.all_must_be_readable()
        resources = dict(self.resources(kind))
        named = [each for each in resources.values() if each.text("name") == key]
        found = resources.get(key) or (named[0] if len(named) == 1 else None)
        if found is None:
            raise BundleError(
                "DEX-BUNDLE-30",
                f"The bundle has no {what} '{key}'.{nearest(key, resources)}",
                Where(ROOT_FILE),
                f"Give the key of a {what} under `resources.{kind}`.",
            )
        settings: dict[str, Any] = with_paths(found).plain()
        return settings


def load_bundle(
    root: Path,
    target: str | None = None,
    *,
    variables: Mapping[str, str] | None = None,
    facts: Mapping[str, str] | None = None,
) -> Bundle:
    """Return a bundle as a target makes it; what is wrong with a file is among its findings.

    Args:
        root: folder of ``databricks.yml``.
        target: name of the target; else ``DATABRICKS_BUNDLE_TARGET``, the default one, or the only one.
        variables: values by name; else ``BUNDLE_VAR_<name>``, else the target's, else the default.
        facts: values of references that only a workspace knows.

    Raises:
        BundleError: DEX-BUNDLE-01, there is no bundle; -31, it has no such target, or several and none is the default.
    """
    files = read_bundle(root)
    files.must_be_there()
    return as_target(files, choose_target(files, target), variables, facts)


def bundle_here(root: Path, environment: str, target: str | None = None) -> Bundle:
    """Return a bundle as a run on this machine takes it: for the target named like the environment, else the default one.

    ``${bundle.target}`` is the name of the environment, so that what is handed on works there.

    Args:
        root: folder of ``databricks.yml``.
        environment: name of the environment that the run works in.
        target: name of the target, instead of that of the environment.

    Raises:
        BundleError: as `load_bundle`.
    """
    if target is None:
        targets = {name for name, _ in read_bundle(root).targets()}
        target = environment if environment in targets else None
    return load_bundle(root, target, facts={"bundle.target": environment, "bundle.environment": environment})


def as_target(
    files: BundleFiles,
    name: str | None,
    variables: Mapping[str, str] | None = None,
    facts: Mapping[str, str] | None = None,
) -> Bundle:
    """Return a bundle as a target makes it.

    Args:
        files: its files, ``databricks.yml`` first.
        name: the target; None for the bundle without one.
        variables: as `load_bundle` has them.
        facts: as `load_bundle` has them.
    """
    tree = reduce(merge, files.files)
    target = dict(files.targets()).get(name) if name is not None else None
    tree = with_target(tree, name, target) if name is not None and target is not None else with_keys_joined(tree)
    given = {
        key.removeprefix("BUNDLE_VAR_"): value for key, value in os.environ.items() if key.startswith("BUNDLE_VAR_")
    }
    resolver = Resolver(tree, {**given, **(variables or {})}, {**_facts(name), **(facts or {})})
    resolved = resolver.resolve(tree)
    bundle = resolved.get("bundle")
    return Bundle(
        root=files.root,
        name=(bundle.text("name") if bundle else None) or "",
        target=name,
        mode=(bundle.text("mode") if bundle else None),
        tree=resolved,
        files=files,
        findings=list(files.findings),
    )


def choose_target(files: BundleFiles, wanted: str | None) -> str | None:
    """Return the name of the target that is meant; None where the bundle has none and none is asked for.

    Raises:
        BundleError: DEX-BUNDLE-31, there is none of that name, or several and none is the default.
    """
    targets = dict(files.targets())
    wanted = wanted or os.environ.get("DATABRICKS_BUNDLE_TARGET") or None
    if wanted is not None and wanted not in targets:
        said = f"The bundle has no target '{wanted}'.{nearest(wanted, targets)}"
        raise BundleError("DEX-BUNDLE-31", said, Where(ROOT_FILE), "Give one of its targets.")
    marked = [name for name, target in targets.items() if (at := target.get("default")) and at.value is True]
    candidates = [wanted] if wanted else marked or list(targets)
    if len(candidates) > 1:
        said = f"The bundle has several targets and none is the default: {', '.join(sorted(targets))}."
        raise BundleError(
            "DEX-BUNDLE-31", said, Where(ROOT_FILE), "Say which, or write `default: true` in one of them."
        )
    return candidates[0] if candidates else None


def user_names() -> tuple[str, str]:
    """Return the name and the short name that stand in for those of whoever deploys: this machine's user's."""
    user = getpass.getuser()
    return user, user.partition("@")[0]


def _facts(target: str | None) -> dict[str, str]:
    """Return what is known of a deployment without asking a workspace: its user is this machine's."""
    user, short = user_names()
    return {
        **({"bundle.target": target, "bundle.environment": target} if target else {}),
        "workspace.current_user.userName": user,
        "workspace.current_user.short_name": short,
    }


#: Keys of tasks and libraries that hold a path relative to the file they stand in.
_PATHS = frozenset({"notebook_path", "python_file", "whl", "jar", "requirements", "root_path"})
#: Keys below these hold one too.
_HOLDERS = {"file": "path", "notebook": "path", "glob": "include"}


def with_paths(at: At) -> At:
    """Return a resource with its relative paths written from the bundle's folder, not from the folder of their file."""

    def change(scalar: At) -> At:
        text = scalar.value
        if isinstance(text, str) and "$${" in text:
            return replace(scalar, value=text.replace("$${", "${"))  # as the tool hands it on
        if not isinstance(text, str) or not scalar.path or "://" in text or text.startswith(("/", "${")):
            return scalar
        key = scalar.path[-1]
        listed = isinstance(key, int) and scalar.path[-2:-1] == ("dependencies",) and text.startswith((".", ".."))
        is_held = len(scalar.path) > 1 and _HOLDERS.get(str(scalar.path[-2])) == key
        if not (key in _PATHS or listed or is_held):
            return scalar
        return replace(scalar, value=posixpath.normpath(posixpath.join(posixpath.dirname(scalar.file), text)))

    return at.map(change)
