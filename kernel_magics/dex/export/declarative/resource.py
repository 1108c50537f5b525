"""The pipeline's resource: where its tables go in each target, its sources, its configuration, what it installs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dex_dbutils.config import Environment, Project, load_environment

from dex.bundle import read_bundle, to_yaml
from dex.bundle.files import root_file
from dex.bundle.resources import DEPLOYER, as_written
from dex.bundle.targets import remote_environments
from dex.export.configuration import configuration
from dex.export.declarative.assembling import Dataset
from dex.export.declarative.models import Refused, Spot
from dex.export.declarative.reading import Read
from dex.export.declarative.rendering import uses_env

#: The project's wheels, as its jobs have them: what its package and `dex_dbutils` need is installed with them. The
#: package itself is imported from ``root_path``.
WHEELS = "../dist/*.whl"


def folder_of(project: Project, key: str) -> str:
    """Return the folder of a pipeline's sources, below the project."""
    return f"src/{project.package}_pipelines/{key}"


def resource_of(
    project: Project,
    key: str,
    reads: Sequence[Read],
    datasets: Sequence[Dataset],
    texts: Sequence[str],
    refused: list[Refused],
) -> dict[str, Any]:
    """Return what ``resources/<key>.pipeline.yml`` holds.

    Args:
        project: whose environments say the catalog of each target.
        key: key of the pipeline.
        reads: its notebooks.
        datasets: its tables.
        texts: its sources.
        refused: where refusals go.
    """
    environments = _environments(project)
    base = next((e for e in environments.values() if e.kind == "development"), None)
    base = base or next(iter(environments.values()), None) or load_environment(start=project.root)
    layer = _layer(datasets)
    settings: dict[str, Any] = {
        "name": key,
        "catalog": as_written(base.catalog),
        "schema": _schema(base, layer),
        "serverless": True,
        "root_path": "../src",
        "libraries": [{"glob": {"include": f"../{folder_of(project, key)}/**"}}],
    }
    said = _configuration(reads, refused)
    if said:
        settings["configuration"] = said
    own = any(f"from {project.package}" in text or "dex_dbutils" in text for text in texts)
    wanted = [WHEELS] if own else []
    wanted += list(dict.fromkeys(r for read in reads for r in read.stepped.requirements))
    if wanted:
        settings["environment"] = {"dependencies": wanted}
    targets = {
        name: {"catalog": as_written(e.catalog), "schema": _schema(e, layer)}
        for name, e in environments.items()
        if (as_written(e.catalog), _schema(e, layer)) != (settings["catalog"], settings["schema"])
    }
    found: dict[str, Any] = {"resources": {"pipelines": {key: settings}}}
    if targets:
        found["targets"] = {name: {"resources": {"pipelines": {key: own}}} for name, own in targets.items()}
    return found


def render_resource(key: str, notebooks: Sequence[str], resource: dict[str, Any]) -> str:
    """Return the text of the resource's file."""
    names = ", ".join(notebooks)
    return f"# Made from {names} by `dex bundle emit {key}`; what you add stays.\n" + to_yaml(resource)


def _environments(project: Project) -> dict[str, Environment]:
    """Return the environments in a workspace that the bundle has a target for, or is going to have."""
    named = dict(read_bundle(project.root).targets()) if root_file(project.root) is not None else None
    found = {each.name: each for each in remote_environments(project, user=DEPLOYER)}
    return {name: each for name, each in found.items() if named is None or name in named}


def _layer(datasets: Sequence[Dataset]) -> str:
    """Return the layer or schema that names without one are in: the one that most tables are in."""
    named = [made.table.schema for d in datasets for _, made in d.parts[:1] if made.table is not None]
    if None in named or not named:
        return "default"
    ((schema, _),) = Counter(named).most_common(1)
    return schema or "default"


def _schema(environment: Environment, layer: str) -> str:
    return as_written(environment.schema_of(layer) if layer in environment.schemas else layer)


def _configuration(reads: Sequence[Read], refused: list[Refused]) -> dict[str, str]:
    found: dict[str, str] = {}
    places: dict[str, str] = {}
    for read in reads:
        parameters = read.stepped.parameters
        wants_session = any("session" in step.flow.needs for step in read.stepped.steps)
        if wants_session or uses_env(read, parameters.variable):
            found["env"] = "${bundle.target}"
        for key, text in configuration(parameters).items():
            if found.setdefault(key, text) != text:
                refused.append(
                    Refused(
                        Spot(read.stepped.shown, 1, 1),
                        f"The parameter `{key}` is {text!r} here and {found[key]!r} in {places[key]}; a pipeline has one "
                        "configuration.",
                        "Give it the same default in both, or another name.",
                    )
                )
            places.setdefault(key, read.stepped.shown)
    return found
