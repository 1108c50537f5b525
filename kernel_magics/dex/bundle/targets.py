"""``databricks.yml``: made once from the project's configuration, and given a target for each environment that is new."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import yaml
from dex_dbutils import BundleError, DexError, Where
from dex_dbutils.config import Environment, Project, environment_names, load_environment
from pydantic import BaseModel, ConfigDict, Field

from dex.bundle.effective import OF_DEPLOYER
from dex.bundle.files import ROOT_FILE, BundleFiles, read_bundle, root_file
from dex.bundle.made import FOLDER, MadeFile, last_made, make_anew
from dex.bundle.regenerating import Regenerated, regenerate
from dex.bundle.vendor import OLDEST
from dex.bundle.yaml_text import to_yaml
from dex.files import read_text

#: Where it is kept what ``databricks.yml`` was when dex made it.
RECORD = f"{FOLDER}/bundle/databricks.json"
_HEAD = (
    "# Yours to change: `dex bundle targets` adds a target for each new environment of config/, and leaves the rest.\n"
)


class TargetsReport(BaseModel):
    """What became of the targets of a bundle.

    Attributes:
        path: the file, below the project.
        status: written, unchanged, or differs where nothing was to be written.
        targets: those of the environments, in order.
        added: those that the file did not have.
        kept: values that a person changed in the file.
        notes: targets that go, and what the vendor's strict mode would say of others.
        diff: what differs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    status: Literal["written", "unchanged", "differs"]
    targets: list[str]
    added: list[str]
    kept: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    diff: str = ""

    def to_text(self) -> str:
        """Return it for logs and terminals."""
        lines = [f"{self.path}: {self.status}"]
        lines += [f"  {name}{': added' if name in self.added else ''}" for name in self.targets]
        lines += [f"  `{path}` stays as it was changed there" for path in self.kept]
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join([*lines, *([self.diff] if self.diff else [])])


def remote_environments(project: Project, *, user: str | None = None, skip: bool = False) -> Iterator[Environment]:
    """Yield the environments of a project that are in a workspace: each is a target of its bundle.

    Args:
        project: the project.
        user: what ``${user}`` stands for in them.
        skip: leave out those that cannot be used, where nothing that was made of them can go by that.

    Raises:
        ConfigError: one cannot be used.
    """
    for name in environment_names(project):
        try:
            environment = load_environment(name, start=project.root, user=user)
        except DexError:
            if not skip:
                raise
            continue  # `dex doctor` tells of it
        if environment.kind != "local":
            yield environment


def target_settings(environment: Environment) -> dict[str, Any]:
    """Return the target of an environment: what the vendor's strict mode takes without a warning.

    It names no workspace: a token of this process would go to whichever the file names. Production has a folder that
    only whoever deploys it writes to, unless the configuration names another.
    """
    own = environment.bundle
    settings: dict[str, Any] = {"mode": environment.kind}
    root = own.root_path
    if root is None and environment.kind == "production":
        root = f"/Workspace/Users/{OF_DEPLOYER}/.bundle/${{bundle.name}}/${{bundle.target}}"
    if root is not None:
        settings["workspace"] = {"root_path": root}
    if own.run_as is not None:
        settings["run_as"] = own.run_as.model_dump(exclude_none=True)
    if own.permissions:
        settings["permissions"] = [
            {"level": each.level, **each.model_dump(exclude_none=True, exclude={"level"})} for each in own.permissions
        ]
    return settings


def _left_out(environment: Environment) -> str | None:
    """Return what the vendor's strict mode would say of a target's permissions: who has rights on its folder is not named.

    Source: the tool compares the bundle's permissions with those of the first folder that is there already.
    """
    own = environment.bundle
    managers = [each for each in own.permissions if each.level == "CAN_MANAGE"]
    if not own.permissions or any(each.group_name is None for each in managers):
        return None
    if own.root_path is None or re.match(r"~|(/Workspace)?/Users/", own.root_path):
        return (
            f"{environment.name}: it goes to the folder of whoever deploys, who is not named in `bundle.permissions`; strict "
            "mode warns of it. Name them there with CAN_MANAGE, or set `bundle.root_path` to a folder of the group"
        )
    return None


def bundle_text(project: Project, default: str | None = None, *, skip: bool = False) -> str:
    """Return ``databricks.yml``: the wheel, and a target for each environment that is in a workspace.

    Args:
        project: the project.
        default: the default target; the first one for development if not given.
        skip: as `remote_environments` has it.

    Raises:
        ConfigError: an environment cannot be used.
    """
    targets = {each.name: target_settings(each) for each in remote_environments(project, skip=skip)}
    targets = targets or {"dev": {"mode": "development"}}
    developing = [name for name, settings in targets.items() if settings["mode"] == "development"]
    default = default or next(iter(developing), None)
    targets = {
        name: {"mode": settings["mode"], **({"default": True} if name == default else {}), **settings}
        for name, settings in targets.items()
    }
    artifact = {"type": "whl", "path": ".", "build": "uv build --wheel", "dynamic_version": True}
    oldest = ".".join(map(str, OLDEST))
    sections: list[dict[str, Any]] = [
        {"bundle": {"name": project.name, "databricks_cli_version": f">= {oldest}"}},
        {"include": ["resources/*.yml"]},
        {"sync": {"exclude": [".dex/**"]}},  # tables, logs and secrets of this machine
        {"artifacts": {project.package: artifact}},
        {"targets": targets},
    ]
    return _HEAD + "\n".join(to_yaml(section) for section in sections)


def missing_targets(project: Project) -> list[str]:
    """Return the environments in a workspace for which the bundle has no target; none where there is no bundle."""
    if root_file(project.root) is None:
        return []
    there = dict(read_bundle(project.root).targets())
    names = [name for name in environment_names(project) if name not in there]
    return [each.name for each in remote_environments(project, skip=True) if each.name in names] if names else []


def write_targets(project: Project, *, check: bool = False, force: bool = False) -> TargetsReport:
    """Give the bundle a target for each environment in a workspace; make ``databricks.yml`` where there is none.

    What dex made and nobody changed follows the configuration. In a file that dex did not make nothing but missing
    targets is added.

    Args:
        project: the project.
        check: write nothing; the report says whether the file differs.
        force: write ``databricks.yml`` as dex makes it, whatever a person changed.

    Raises:
        BundleError: DEX-BUNDLE-01, there is neither a project nor a bundle; -50, the file is not YAML, or cannot take a target beside what stands there.
        ConfigError: an environment cannot be used: its target would go.
        FileError: DEX-FILE-01, the disk refuses.
    """
    path = root_file(project.root) or ROOT_FILE
    environments = list(remote_environments(project))
    files = read_bundle(project.root)
    there = dict(files.targets())
    text = read_text(project.root / path)
    if text is None and not project.exists:
        files.must_be_there()
    if text is None or force or last_made(project.root, path, RECORD) is not None:
        made = make_anew(project.root, path, RECORD, bundle_text(project, _default(files)), force=force)
    else:
        made = _with_missing(environments, path, text, files)
    names = [each.name for each in environments]
    status, diff = made.carry_out(project.root, check=check)
    return TargetsReport(
        path=path,
        status=status,
        targets=names,
        added=[name for name in names if name not in there],
        kept=made.kept,
        notes=[*_going(there, made), *(note for each in environments if (note := _left_out(each)))],
        diff=diff,
    )


def _going(there: Iterable[str], made: MadeFile) -> Iterator[str]:
    """Yield targets that the file loses, because their environments are no more."""
    kept = (yaml.safe_load(made.text or "") or {}).get("targets") or {}
    for name in there if made.record is not None else ():
        if name not in kept and name in ((yaml.safe_load(made.there or "") or {}).get("targets") or {}):
            yield (
                f"{name}: its environment is no more, so its target goes; what it has deployed stays in the workspace. To "
                f"take that away: `dex bundle destroy -t {name}`, before"
            )


def _default(files: BundleFiles) -> str | None:
    """Return the target that is marked as the default one."""
    marked = (name for name, at in files.targets() if (given := at.get("default")) is not None and given.value is True)
    return next(marked, None)


def _with_missing(environments: Sequence[Environment], path: str, text: str, files: BundleFiles) -> MadeFile:
    """Return a file that dex did not make with the targets that its bundle lacks, and no other change."""
    there = dict(files.targets())
    wanted = {each.name: target_settings(each) for each in environments if each.name not in there}
    key = "environments" if files.main is not None and files.main.get("environments") is not None else "targets"
    made = regenerate(text, None, to_yaml({key: wanted}), path) if wanted else Regenerated(text)
    if made.kept:
        raise BundleError(
            "DEX-BUNDLE-50",
            f"`{made.kept[0]}` in {path} holds something else, so no target can be added there.",
            Where(path),
            f"Add it by hand: {to_yaml({key: wanted})}",
        )
    return MadeFile(path=path, record=None, generated="", text=made.text, there=text, kept=[])
