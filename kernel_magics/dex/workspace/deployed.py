"""The project behind a deployed job, as this machine can run it: every environment on a local engine."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from dex_dbutils import DexError
from dex_dbutils.config import Environment, Project, environment_names, find_project, load_environment
from ruamel.yaml import YAML

from dex.files import write_atomically
from dex.workspace.runner import RunOrder, find_file

#: Keys of an environment that say where it is and what it may, which is decided here instead.
_DECIDED = ("kind", "engine", "guard")


@dataclass(frozen=True)
class Deployed:
    """The project that the tasks of a run work in.

    Attributes:
        environment: environment that they work in: that of the bundle's target if there is one, else the local one.
        is_own: it was deployed with the job; else it stands in for one.
    """

    project: Project
    environment: str
    is_own: bool


def deployed_project(order: RunOrder) -> Deployed:
    """Return the project of a job.

    One that was deployed is not used as it lies there: its environments are on Databricks. Its files are linked into
    a folder beside the workspace's, where every environment has the same catalog and schemas on a local engine. Schemas
    of Unity Catalog are there as well.

    Args:
        order: the run.
    """
    root = next(_roots(order), None)
    if root is None:
        folder = order.files.parent / "project"
        _write(folder / "config/base.yaml", {"project": {"name": "workspace", "package": "workspace"}})
        catalog = order.schemas[0].partition(".")[0] if order.schemas else "main"
        _write(folder / "config/local.yaml", {**_local({}), "catalog": catalog})
        target = ""
    else:
        folder = order.files.parent / "projects" / "-".join(root.relative_to(order.files).parts)
        _link(root, folder)
        for path in (root / "config").glob("*.yaml"):
            _write(folder / "config" / path.name, _local(YAML(typ="safe").load(path.read_text("utf-8")) or {}))
        target = _bundle_root(order).name
    project = find_project(folder)
    _link_volumes(order.files / "Volumes", project.dex_dir / "volumes")
    names = environment_names(project)
    _make_schemas(_environments(project, names), order.schemas)
    return Deployed(project, target if target in names else "local", root is not None)


def _roots(order: RunOrder) -> Iterator[Path]:
    """Return folders on disk that are projects: around the job's files, and that of its bundle."""
    for place in _places(order):
        found = find_project(place)
        if found.exists and order.files in found.root.parents:
            yield found.root


def _places(order: RunOrder) -> Iterator[Path]:
    yield _bundle_root(order) / "files"
    for task in order.settings["tasks"]:
        task = (task.get("for_each_task") or {}).get("task") or task
        for kind, field in (("notebook_task", "notebook_path"), ("spark_python_task", "python_file")):
            found = find_file(order.files, str((task.get(kind) or {}).get(field)))
            if found is not None:
                yield found.parent
        pipeline = order.pipelines.get(str((task.get("pipeline_task") or {}).get("pipeline_id"))) or {}
        if pipeline.get("root_path"):
            yield order.files / str(pipeline["root_path"]).lstrip("/")
        for library in pipeline.get("libraries") or ():
            for named in library.values():
                path = str((named or {}).get("path") or (named or {}).get("include") or "").partition("*")[0]
                yield order.files / path.lstrip("/")


def _bundle_root(order: RunOrder) -> Path:
    """Return the folder on disk that the job's bundle was deployed to; that of all files where it is none's."""
    metadata = str((order.settings.get("deployment") or {}).get("metadata_file_path") or "")
    if not metadata.startswith("/Workspace/") or ".." in metadata:
        return order.files
    return order.files.joinpath(*PurePosixPath(metadata).parts[1:]).parents[1]


def _local(values: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of an environment, on a local engine."""
    kept = {key: value for key, value in values.items() if key not in _DECIDED}
    return {**kept, "kind": "local", "engine": {"type": "sail"}}


def _write(path: Path, values: dict[str, Any]) -> None:
    """Write a configuration, if it is another than before."""
    text = io.StringIO()
    YAML(typ="safe").dump(values, text)
    if not path.exists() or path.read_text("utf-8") != text.getvalue():
        write_atomically(path, text.getvalue())


def _link(root: Path, folder: Path) -> None:
    """Make a folder show what a project has, but for its configuration and dex's own files."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = {entry.name for entry in os.scandir(root)} - {"config", ".dex"}
    for entry in list(os.scandir(folder)):
        if entry.is_symlink() and entry.name not in shown:
            os.unlink(entry.path)
    for name in shown:
        if not os.path.lexists(folder / name):
            (folder / name).symlink_to(root / name)
    for path in (folder / "config").glob("*.yaml"):
        if not (root / "config" / path.name).exists():
            path.unlink()


def _link_volumes(files: Path, place: Path) -> None:
    """Make files of volumes those of the workspace."""
    files.mkdir(parents=True, exist_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(place):
        place.symlink_to(files)


def _environments(project: Project, names: Iterable[str]) -> Iterator[Environment]:
    for name in names:
        try:
            yield load_environment(name, start=project.root)
        except DexError:
            continue  # a task that uses it is told


def _make_schemas(environments: Iterable[Environment], schemas: Iterable[str]) -> None:
    """Give schemas of Unity Catalog their folders in the warehouse, where a session finds them."""
    wanted = [name.split(".") for name in schemas]
    for environment in environments:
        for catalog, schema in wanted:
            if catalog == environment.catalog:
                (environment.warehouse / catalog / schema).mkdir(parents=True, exist_ok=True)


def tables_of(project: Project) -> dict[str, list[dict[str, str]]]:
    """Return the Delta tables in the warehouses of a project: full name -> columns."""
    found: dict[str, list[dict[str, str]]] = {}
    for environment in _environments(project, environment_names(project)):
        catalog = environment.warehouse / environment.catalog
        for log in catalog.glob("*/*/_delta_log"):
            name = ".".join((environment.catalog, *log.parent.relative_to(catalog).parts))
            found[name] = _columns(log)
    return found


def _columns(log: Path) -> list[dict[str, str]]:
    """Return the columns that the log of a Delta table tells last; none where it tells none."""
    for commit in sorted(log.glob("*.json"), reverse=True):
        for line in commit.read_text("utf-8").splitlines():
            metadata = json.loads(line).get("metaData")
            if metadata is not None:
                fields = json.loads(metadata["schemaString"])["fields"]
                return [{"name": each["name"], "type_text": _type(each["type"])} for each in fields]
    return []


def _type(told: Any) -> str:
    """Return a type as the catalog writes it."""
    if isinstance(told, str):
        return {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}.get(told, told)
    return str(told.get("type", "")) if isinstance(told, dict) else ""
