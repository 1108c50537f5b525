"""``resources/schemas.yml`` and ``resources/volumes.yml``: what the environments' tables and files need, by target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml
from dex_dbutils import DexError
from dex_dbutils.config import Environment, Project, read_document
from pydantic import BaseModel, ConfigDict, Field

from dex.bundle.effective import OF_DEPLOYER_SHORT, as_target
from dex.bundle.files import BundleFiles, read_bundle
from dex.bundle.made import FOLDER, MadeFile, last_made, last_made_of, make_anew
from dex.bundle.schema_names import schema_prefix
from dex.bundle.targets import remote_environments
from dex.bundle.yaml_text import to_yaml
from dex.files import read_text

KINDS = ("schemas", "volumes")
_HEAD = "# Made from config/ by `dex bundle resources`; what you change stays when it is made anew.\n"
#: Stands for whoever deploys while names are put together: what is written is the same whoever writes it.
DEPLOYER = "whoever0deploys"
_VOLUME = re.compile(r"(?:dbfs:)?/Volumes/([^/]+)/([^/]+)/([^/]+)")
#: References of a configuration whose values are another machine's or branch's tomorrow.
_PASSING = re.compile(r"\$\{\s*(env:\w+|git:branch)\s*\}")


@dataclass(frozen=True)
class VolumePath:
    """A volume that a notebook or a parameter names by a path.

    Attributes:
        catalog: its catalog; None where it is that of whichever environment runs the notebook.
        schema: its schema; where `catalog` is None, it may be the name of a layer.
        volume: its name.
        place: where it is named.
    """

    catalog: str | None
    schema: str
    volume: str
    place: str


class ResourceFile(BaseModel):
    """What became of a file of schemas or volumes.

    Attributes:
        path: below the project.
        status: written, unchanged, removed, or differs where nothing was to be written.
        kept: values that a person changed in it.
        diff: what differs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    status: Literal["written", "unchanged", "removed", "differs"]
    kept: list[str] = Field(default_factory=list)
    diff: str = ""


class ResourcesReport(BaseModel):
    """What became of the schemas and volumes of a bundle.

    Attributes:
        files: their files.
        schemas: by target, the names that they will have; ``<user>`` stands for whoever deploys.
        volumes: by target, the same of volumes.
        notes: what a person should look at.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: list[ResourceFile]
    schemas: dict[str, list[str]] = Field(default_factory=dict)
    volumes: dict[str, list[str]] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)

    def to_text(self) -> str:
        """Return it for logs and terminals."""
        lines = []
        for file in self.files:
            lines.append(f"{file.path}: {file.status}")
            lines += [f"  `{path}` stays as it was changed there" for path in file.kept]
        for kind, by_target in (("schemas", self.schemas), ("volumes", self.volumes)):
            lines += [f"  {target} {kind}: {', '.join(names)}" for target, names in by_target.items()]
        lines += [f"  note: {note}" for note in self.notes]
        diffs = [file.diff for file in self.files if file.diff]
        return "\n".join([*lines, *diffs]) or "There is no environment in a workspace, so nothing is to be made."


@dataclass
class _Made:
    """The resources of all targets.

    Attributes:
        settings: kind -> target -> key -> settings.
        names: kind -> target -> deployed names.
    """

    settings: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    names: dict[str, dict[str, list[str]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    notes: list[str] = field(default_factory=list)

    def add(self, kind: str, target: str, key: str, settings: dict[str, Any], name: str) -> None:
        """Take one resource."""
        self.settings[kind].setdefault(target, {})[key] = settings
        self.names[kind].setdefault(target, []).append(name.replace(DEPLOYER, "<user>"))


def write_resources(
    project: Project,
    volumes: Sequence[VolumePath] = (),
    unknown: Sequence[str] = (),
    *,
    made_of: Sequence[str] = (),
    check: bool = False,
    force: bool = False,
) -> ResourcesReport:
    """Write the schemas of every environment in a workspace, and the volumes in them that notebooks and parameters name.

    Each has, for each target, the name that the environment of that name gives to tables; what a person changed stays.
    In production they cannot be destroyed with the bundle.

    Args:
        project: the project; its bundle says what a target puts before names.
        volumes: what notebooks name.
        unknown: what could not be told of volumes, for the notes.
        made_of: notebooks and folders that were read for them, below the project: they are read the next time too.
        check: write nothing; the report says whether a file differs.
        force: write over what a person changed, and over files that dex did not make.

    Raises:
        BundleError: DEX-BUNDLE-01, there is no bundle, or it cannot be read; -50, a file is not YAML; -51, dex did not
            make it.
        ConfigError: an environment cannot be used: its schemas would go.
        FileError: DEX-FILE-01, the disk refuses.
    """
    files = read_bundle(project.root)
    files.must_be_there()
    made = _Made(notes=list(unknown))
    targets = dict(files.targets())
    for environment in remote_environments(project, user=DEPLOYER):
        if environment.name in targets:
            _of_target(project, files, environment, volumes, made)
        else:
            name = environment.name
            made.notes.append(f"config/{name}.yaml has no target, so nothing is made for it: `dex bundle targets`")
    made.notes += [note for kind in KINDS for note in _going(project, kind, made)]
    report: list[ResourceFile] = []
    done = [each for kind in KINDS if (each := _file(project, kind, made, made_of, force=force)) is not None]
    for each in done:
        status, diff = each.carry_out(project.root, check=check)
        gone = each.text is None and status == "written"
        report.append(ResourceFile(path=each.path, status="removed" if gone else status, kept=each.kept, diff=diff))
    return ResourcesReport(
        files=report,
        schemas=made.names["schemas"],
        volumes=made.names["volumes"],
        notes=list(dict.fromkeys(made.notes)),
    )


def _record(kind: str) -> str:
    return f"{FOLDER}/bundle/{kind}.json"


def named_before(project: Project) -> list[str] | None:
    """Return the notebooks and folders that were read for volumes last; None where nothing was made yet."""
    return last_made_of(project.root, _record("schemas"))


def _file(project: Project, kind: str, made: _Made, made_of: Sequence[str], *, force: bool) -> MadeFile | None:
    """Return the file of a kind made anew; None where there is nothing to make, and nothing was made."""
    path, record = f"resources/{kind}.yml", _record(kind)
    targets = {name: {"resources": {kind: each}} for name, each in made.settings[kind].items()}
    if targets:
        return make_anew(
            project.root, path, record, _HEAD + to_yaml({"targets": targets}), force=force, made_of=made_of
        )
    before, there = last_made(project.root, path, record), read_text(project.root / path)
    if before is None or there is None:
        return None
    if there == before or force:
        return MadeFile(path=path, record=record, generated="", text=None, there=there, kept=[])
    made.notes.append(f"{path} holds what nothing names any more; it was changed there, so it stays")
    return None


def _going(project: Project, kind: str, made: _Made) -> Iterator[str]:
    """Yield what was made last and is not made any more: a deployment would delete it, and all that is in it."""
    before = yaml.safe_load(last_made(project.root, f"resources/{kind}.yml", _record(kind)) or "") or {}
    for target, of_target in before.get("targets", {}).items():
        for key in of_target["resources"][kind]:
            if key not in made.settings[kind].get(target, {}):
                yield (
                    f"{target}: {kind}.{key} goes from the bundle, so the next deployment deletes it with all that is in "
                    f"it. To keep it: databricks bundle deployment unbind {key} -t {target}, before that deployment"
                )


def _of_target(
    project: Project, files: BundleFiles, environment: Environment, volumes: Sequence[VolumePath], made: _Made
) -> None:
    """Add the schemas and volumes of an environment's target; say why where there are none."""
    passing = _passing(project, environment)
    if passing:
        made.notes.append(
            f"{environment.name}: nothing is made for it. Its catalog or schemas come from `${{{passing}}}`, which is "
            "another value on another machine or branch"
        )
        return
    facts = {"workspace.current_user.short_name": DEPLOYER, "bundle.target": environment.name}
    prefix = schema_prefix(as_target(files, environment.name, facts=facts), DEPLOYER)
    foreign = [layer for layer in environment.schemas if not _without(environment.schema_of(layer), prefix)]
    if foreign:
        made.notes.append(_other_prefix(environment, prefix, environment.schema_of(foreign[0])))
        return
    kept = {"lifecycle": {"prevent_destroy": True}} if environment.kind == "production" else {}
    for layer in environment.schemas:
        name = environment.schema_of(layer)
        grants = [each.model_dump() for each in environment.bundle.grants.get(layer, ())]
        settings = {
            "name": as_written(_without(name, prefix)),
            "catalog_name": as_written(environment.catalog),
            **({"grants": grants} if grants else {}),
            **kept,
        }
        made.add("schemas", environment.name, schema_key(layer), settings, f"{environment.catalog}.{name}")
    _volumes(environment, [*volumes, *_in_parameters(environment)], kept, made)


def schema_key(layer: str) -> str:
    """Return the key of a layer's schema: no job has it, and it stays, since another key would be another schema."""
    return f"{layer}_schema"


def _volumes(environment: Environment, named: Sequence[VolumePath], kept: dict[str, Any], made: _Made) -> None:
    layers = {environment.schema_of(layer).lower(): layer for layer in environment.schemas}
    seen: set[str] = set()
    for each in named:
        schema = each.schema.lower()
        if each.catalog is None:
            layer = layers.get(schema) or next((name for name in environment.schemas if name.lower() == schema), None)
        elif each.catalog.lower() != environment.catalog.lower():
            made.notes.append(
                f"{environment.name}: /Volumes/{each.catalog}/{each.schema}/{each.volume} is of another catalog "
                f"({each.place}), so it has to be there already. A parameter of config/ can be another in each environment"
            )
            continue
        else:
            layer = layers.get(schema)
        if layer is None:
            made.notes.append(
                f"{environment.name}: the schema of /Volumes/{environment.catalog}/{each.schema}/{each.volume} is no "
                f"layer of the environment ({each.place}), so the volume has to be there already"
            )
            continue
        key = re.sub(r"\W+", "_", f"{layer}_{each.volume}_volume")
        if key not in seen:
            seen.add(key)
            settings = {
                "name": each.volume,
                "catalog_name": as_written(environment.catalog),
                "schema_name": f"${{resources.schemas.{schema_key(layer)}.name}}",
                "volume_type": "MANAGED",
                **kept,
            }
            full = f"{environment.catalog}.{environment.schema_of(layer)}.{each.volume}"
            made.add("volumes", environment.name, key, settings, full)


def volume_path(text: str, place: str) -> VolumePath | None:
    """Return the volume that a path leads into; None where it leads into none.

    Example:
        >>> volume_path("/Volumes/main/bronze/landing/orders.csv", "a.ipynb").volume
        'landing'
    """
    found = _VOLUME.match(text)
    return VolumePath(found[1], found[2], found[3], place) if found else None


def _in_parameters(environment: Environment) -> Iterator[VolumePath]:
    """Yield the volumes that an environment's parameters name."""

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            for each in value.values() if isinstance(value, dict) else value:
                yield from texts(each)

    for name, value in environment.parameters.items():
        for text in texts(value):
            found = volume_path(text, f"parameters.{name}")
            if found is not None:
                yield found


def _passing(project: Project, environment: Environment) -> str | None:
    """Return a reference in the names of catalog or schemas to what another machine or branch has otherwise."""
    for file in ("base", environment.name):
        try:
            values = read_document(project.config_folder / f"{file}.yaml").values
        except DexError:
            continue
        for key in ("catalog", "schemas", "schema_prefix"):
            found = _PASSING.search(str(values.get(key)))
            if found:
                return found[1]
    return None


def _without(name: str, prefix: str) -> str:
    """Return a schema's name without what the target puts before it; nothing where it would not get its name so."""
    return name[len(prefix) :] if name.startswith(prefix) else ""


def as_written(name: str) -> str:
    """Return a name as the bundle's files have it."""
    return name.replace(DEPLOYER, OF_DEPLOYER_SHORT)


def _other_prefix(environment: Environment, prefix: str, name: str) -> str:
    shown, wanted = prefix.replace(DEPLOYER, "<user>"), name.replace(DEPLOYER, "<user>")
    ours = prefix.replace(DEPLOYER, "${user}")
    return (
        f"{environment.name}: nothing is made for it. The target puts `{shown}` before the name of a schema, and the "
        f"environment looks for `{wanted}`. Either give everyone who deploys schemas of their own: "
        f"`schema_prefix: {ours}` in config/{environment.name}.yaml. Or let all share one set that is there already, or "
        "that one person deploys: `experimental: {skip_name_prefix_for_schema: true}` in databricks.yml"
    )
