"""From the files of a project to one Environment."""

from __future__ import annotations

import difflib
import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import Any

from dex_dbutils.config.document import Document, Position, read_document, shown_path
from dex_dbutils.config.interpolation import interpolate
from dex_dbutils.config.literal_secrets import refuse_literal_secrets
from dex_dbutils.config.merge import merge, merge_documents
from dex_dbutils.config.models import DEFAULT_SCHEMAS, Environment, Kind, Project
from dex_dbutils.config.validation import validate_environment, validate_project
from dex_dbutils.errors import ConfigError, Where

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
#: What only base.yaml may say.
_BASE_ONLY = ("project", "environments")
#: What the bundle's files are made of: its ``${...}`` are the bundle's own, and no environment holds it.
_OF_BUNDLE = "jobs"
#: `local` where no config/local.yaml says otherwise, whatever base.yaml says for the others.
_LOCAL: dict[str, Any] = {"kind": "local", "engine": {"type": "sail"}, "catalog": "local"}


def find_project(start: Path | None = None, *, package: str | None = None) -> Project:
    """Return the project around a folder.

    Looked up in this order: ``start`` and the folders above it; the folder that the environment variable DEX_PROJECT
    names; the working folder and those above it; ``_config/`` inside an installed package, where exported projects
    ship their configuration; the project that holds the named package's sources, as a pipeline and an editable
    install have them. Outside of a project the working folder stands in, with ``exists`` False.

    Args:
        start: a folder or file inside the project.
        package: name of the installed package; by default that of the first caller outside of dex which ships one.

    Raises:
        ConfigError: DEX-CONFIG-02, DEX_PROJECT names a folder without config/base.yaml; any other, its base.yaml
            cannot be used.
    """
    named = os.environ.get("DEX_PROJECT")
    if start is not None:
        root = _root_above(start)
    elif named:
        root = Path(named).expanduser().resolve()
        if not _is_project(root):
            raise ConfigError(
                "DEX-CONFIG-02",
                f"DEX_PROJECT is '{named}', where there is no config/base.yaml.",
                Where(key="DEX_PROJECT"),
                "Unset DEX_PROJECT, or give it the folder of a project.",
            )
    else:
        root = _root_above(Path.cwd())
    if root is not None:
        return _project(root, root / "config")
    shipped = _shipped_config(package)
    if shipped is not None:
        return _project(Path.cwd(), shipped)
    root = _root_of_sources(package)
    if root is not None:
        return _project(root, root / "config")
    root = (start if start is not None and start.is_dir() else Path.cwd()).resolve()
    word = re.sub(r"[^a-z0-9_]+", "_", root.name.lower()).strip("_")
    word = word if re.match("[a-z]", word) else "project"
    return Project(name=word, package=word, root=root, exists=False)


def environment_names(project: Project) -> list[str]:
    """Return the environments of a project: `local`, and one for each file in config/, in the order of their names."""
    if not project.exists:
        return ["local"]
    files = (path for path in project.config_folder.glob("*.yaml") if path.stem != "base")
    return ["local", *sorted({path.stem for path in files if _NAME.fullmatch(path.stem)} - {"local"})]


def load_environment(
    name: str | None = None, *, start: Path | None = None, package: str | None = None, user: str | None = None
) -> Environment:
    """Return an environment of the project, ready to bind.

    Args:
        name: its name; by default what the environment variable DEX_ENV says, else the project's default.
        start: a folder or file inside the project; by default as `find_project` says.
        package: installed package that ships the configuration, for deployed code.
        user: what ``${user}`` stands for; whoever runs this process if not given.

    Raises:
        ConfigError: DEX-CONFIG-01, there is no such environment; DEX-CONFIG-03 to -11, its files cannot be used.
    """
    project = find_project(start, package=package)
    wanted = name or os.environ.get("DEX_ENV") or project.default_environment
    known = environment_names(project)
    if wanted not in known:
        raise _unknown_environment(project, wanted, known, Where() if name else _who_said(project, wanted))
    if not project.exists:
        return Environment(name=wanted, project=project, **validate_environment(wanted, Document(dict(_LOCAL))))
    document = read_document(project.config_folder / "base.yaml")
    refuse_literal_secrets(document)
    file = project.config_folder / f"{wanted}.yaml"
    if wanted != "local" or os.path.lexists(file):  # a link to nowhere must not pass for `local`
        over = read_document(file)
        refuse_literal_secrets(over)
        _refuse_base_keys(over)
        document = merge_documents(document, over)
    else:  # only `local` may go without a file of its own; what base.yaml says of engine and catalog is for the others
        below = {key: value for key, value in document.values.items() if key not in _LOCAL}
        document = Document({**below, **_LOCAL}, document.positions)
    defaults: dict[str, Any] = {"kind": _default_kind(wanted), "catalog": wanted, "schema_prefix": ""}
    if "schemas" not in document.values:  # a reference such as ${schemas.gold} finds the default ones too
        defaults["schemas"] = dict(DEFAULT_SCHEMAS)
    document.values = _interpolated(merge(defaults, document.values), document, project.root, user)
    return Environment(name=wanted, project=project, **validate_environment(wanted, document))


def _project(root: Path, config: Path) -> Project:
    document = read_document(config / "base.yaml")
    refuse_literal_secrets(document)
    known = {key: document.values[key] for key in _BASE_ONLY if document.values.get(key) is not None}
    values = _interpolated(document.values, document, root, None) if _refers(known) else document.values
    named, default = validate_project(Document(values, document.positions))
    project = Project(
        name=named.name,
        package=named.package,
        root=root,
        exists=True,
        default_environment=default,
        config_dir=None if config == root / "config" else config,
    )
    if default not in environment_names(project):
        position = document.positions.get(("environments", "default"), Position(shown_path(config / "base.yaml"), 1, 1))
        raise _unknown_environment(
            project, default, environment_names(project), position.where(("environments", "default"))
        )
    return project


def _interpolated(values: dict[str, Any], document: Document, root: Path, user: str | None) -> dict[str, Any]:
    """Return values with their references replaced; those of the bundle stay as they are."""
    ours = {key: value for key, value in values.items() if key != _OF_BUNDLE}
    theirs = {key: value for key, value in values.items() if key == _OF_BUNDLE}
    return {**interpolate(ours, positions=document.positions, root=root, user=user), **theirs}


def _refers(values: Any) -> bool:
    return "${" in repr(values)


def _is_project(folder: Path) -> bool:
    return (folder / "config" / "base.yaml").is_file()


def _root_above(start: Path) -> Path | None:
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if _is_project(folder)), None)


def _shipped_config(package: str | None) -> Path | None:
    names = [package.partition(".")[0]] if package else _calling_packages()
    for folder in (folder for name in names for folder in _package_folders(name)):
        config = folder / "_config"
        if (config / "base.yaml").is_file():
            return config.resolve()
    return None


def _root_of_sources(package: str | None) -> Path | None:
    """Return the project around a package that is imported from its sources."""
    folders = _package_folders(package.partition(".")[0]) if package else []
    return next((root for folder in folders if (root := _root_above(folder)) is not None), None)


def _package_folders(name: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # not installed; or `__main__`, which has no spec
        return []
    return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []


def _calling_packages() -> list[str]:
    """Return the top-level packages on the call stack, nearest first: a deployed `main` asks on its own behalf."""
    names: list[str] = []
    frame = sys._getframe(1)
    while frame is not None:
        top = str(frame.f_globals.get("__package__") or "").partition(".")[0]
        if top and top != "dex_dbutils" and top not in names:
            names.append(top)
        frame = frame.f_back  # type: ignore[assignment]
    return names


def _default_kind(name: str) -> Kind:
    """Return the kind of an environment whose file does not say: careful where the name says production."""
    if name == "local":
        return "local"
    return "production" if name.lower().startswith("prod") else "development"


def _refuse_base_keys(document: Document) -> None:
    for key in _BASE_ONLY:
        if key in document.values:
            raise ConfigError(
                "DEX-CONFIG-05",
                f"The key '{key}' holds for all environments.",
                document.positions[(key,)].where((key,)),
                "Move it to config/base.yaml.",
            )


def _who_said(project: Project, wanted: str) -> Where:
    return Where(key="DEX_ENV") if os.environ.get("DEX_ENV") == wanted else Where(key="environments.default")


def _unknown_environment(project: Project, wanted: str, known: list[str], where: Where | None) -> ConfigError:
    if not project.exists:
        return ConfigError(
            "DEX-CONFIG-02",
            f"There is no project here, so there is no environment '{wanted}'.",
            Where(file=str(project.root), key=where.key if where else None),
            "Use 'local', which needs no project; or go to a folder with config/base.yaml.",
        )
    folder = shown_path(project.config_folder)
    near = difflib.get_close_matches(wanted, known, n=1)
    remedy = f"Did you mean '{near[0]}'? " if near else ""
    if (project.config_folder / f"{wanted}.yml").is_file():
        remedy += f"{wanted}.yml is not read: name it {wanted}.yaml. "
    return ConfigError(
        "DEX-CONFIG-01",
        f"There is no environment '{wanted}'.",
        where if where and where.file else Where(file=folder, key=where.key if where else None),
        f"{remedy}Known: {', '.join(known)}. A new one is a file {folder}/<name>.yaml.",
    )
