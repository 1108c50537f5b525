"""What dex takes and refuses of a resource, beside the vendor's own Python package for bundles.

The package is proprietary, so it is no dependency: it is installed for the test alone, into an environment of its own.
It knows fields, words and numbers of a resource, and neither required fields nor paths, keys or references.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bundle_faults import BASE, ERRORS, JOB, MARK, MORE, OTHER, TABLES, with_fault
from configured_project import every_setting
from dex.bundle import load_bundle, read_bundle, validate_bundle
from dex.bundle.fields import api
from dex.bundle.own_fields import ROOTS
from dex.bundle.resources import VolumePath, write_resources
from dex.bundle.targets import write_targets
from dex.bundle.vendor import find_cli
from dex.export.declarative import emit_pipeline
from dex.jobs import emit_job, emit_jobs
from dex_dbutils import BundleError
from dex_dbutils.config import find_project
from documented_job import documented_project
from job_project import add_jobs
from layered_sets import SETS, write_set
from notebook_factory import project_folder, write_notebook
from support import make_venv

PACKAGES = ("databricks-bundles==1.22.1", "jsonschema-rs>=0.30")
SOUND = BASE.with_name("sound")
#: How the package's class of a kind is found.
CLASS_OF = """\
import dataclasses, enum, importlib, json, sys, typing
from databricks.bundles.core import Resource, Variable
def class_of(kind):
    classes = [each for each in vars(importlib.import_module(f"databricks.bundles.{kind}")).values() if isinstance(each, type)]
    return next(each for each in classes if issubclass(each, Resource))
"""
#: Takes ``{name: [kind, settings]}``, answers ``{name: what is wrong, or null}``.
ASK = (
    CLASS_OF
    + """\
told = {}
for name, (kind, settings) in json.load(sys.stdin).items():
    try:
        class_of(kind).from_dict(settings).as_dict()
        told[name] = None
    except Exception as error:
        told[name] = f"{type(error).__name__}: {error}"
json.dump(told, sys.stdout)
"""
)
#: Takes ``{"schema": ..., "documents": {name: document}}``, answers ``{name: [what is wrong]}``; a union tells its branches.
ASK_SCHEMA = """\
import json, sys
import jsonschema_rs
def leaves(error):
    below = [leaf for branch in getattr(error.kind, "context", None) or [] for each in branch for leaf in leaves(each)]
    return below or [(list(error.instance_path), error.message)]
given = json.load(sys.stdin)
validator = jsonschema_rs.validator_for(given["schema"])
told = {}
for name, document in given["documents"].items():
    found = [leaf for error in validator.iter_errors(document) for leaf in leaves(error)]
    deepest = max((len(path) for path, _ in found), default=0)
    told[name] = [f"{path}: {message}" for path, message in found if len(path) == deepest]
json.dump(told, sys.stdout)
"""
#: Takes kinds, answers ``{path: words}`` of every field, with None for one that is no enumeration.
ASK_FIELDS = (
    CLASS_OF
    + """\
told = {}
def plain(kind):
    if typing.get_origin(kind) is typing.Union:
        return plain(next(a for a in typing.get_args(kind) if a is not type(None) and typing.get_origin(a) is not Variable))
    return plain(typing.get_args(kind)[-1]) if typing.get_origin(kind) in (list, dict) else kind
def tell(path, kind, above):
    kind = plain(kind)
    is_class = isinstance(kind, type)
    told[path] = [word.value for word in kind] if is_class and issubclass(kind, enum.Enum) else None
    if is_class and dataclasses.is_dataclass(kind) and kind not in above:
        for name, of in typing.get_type_hints(kind).items():
            tell(f"{path}.{name}", of, (*above, kind))
for kind in json.load(sys.stdin):
    tell(kind, class_of(kind), ())
json.dump(told, sys.stdout)
"""
)
#: A sound bundle with what the vendor's tool takes and the package does not: words of other versions, an alert's file.
OF_THE_TOOL = "known_to_the_tool_alone"
#: What the package has and the open SDK does not have yet.
NEWER = {"jobs.tasks.ai_runtime_task.priority_class": {"CRITICAL"}}
#: Faults that the package takes: it sees resources alone and not their keys, makes texts of lists, knows no outcomes, and no
#: class for an unknown kind.
TAKEN = {
    "a job beside the resources",
    "a key of a resource that is not written out",
    "a list for a text",
    "an index that is described as another",
    "an outcome that is none",
    "an unknown kind of resource",
    "inputs of a loop as a list",
    "schemas as a list",
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_venv(tmp_path_factory.mktemp("vendor") / "venv", Path(sys.executable), *PACKAGES)


def ask(python: Path, given: Any, code: str = ASK) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-c", code], input=json.dumps(given), capture_output=True, text=True, check=True, timeout=120
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Bundles that dex takes: one that it emitted, one with every type of task, and those written by hand."""
    emitted = project_folder(tmp_path_factory.mktemp("emitted") / "shop")
    write_notebook(emitted / "notebooks/one.ipynb", "spark.range(3).write.saveAsTable('bronze.orders')")
    write_notebook(emitted / "notebooks/two.ipynb", "spark.table('bronze.orders').write.saveAsTable('silver.orders')")
    grants = "bundle: {grants: {gold: [{principal: analysts, privileges: [USE_SCHEMA, SELECT]}]}}\n"
    (emitted / "config/dev.yaml").write_text("kind: development\ncatalog: dev\nschema_prefix: dev_${user}_\n")
    (emitted / "config/prod.yaml").write_text(f"kind: production\n{grants}")
    write_targets(find_project(emitted))
    emit_job(find_project(emitted), "daily", [emitted / "notebooks"])
    write_resources(find_project(emitted), [VolumePath(None, "bronze", "landing", "one.ipynb")])
    emit_pipeline(find_project(emitted), "layers", write_set(emitted, SETS["parameters"]))
    documented = documented_project(tmp_path_factory.mktemp("documented") / "shop")
    configured = every_setting(tmp_path_factory.mktemp("configured") / "shop")
    for root in (documented, configured):
        emit_jobs(find_project(root))
        assert [str(finding) for finding in validate_bundle(root)] == []
    every = add_jobs(tmp_path_factory.mktemp("every"))
    (every / "dist").mkdir()
    (every / "dist/trial_etl-0.1.0-py3-none-any.whl").touch()  # its bundle has no artifact that builds it
    for root in (emitted, every):
        assert [str(finding) for finding in validate_bundle(root) if finding.severity == "error"] == []
    sound = [root for root in sorted(SOUND.iterdir()) if root.name != OF_THE_TOOL]
    return [emitted, every, documented, configured, BASE, *sound]


def resources_of(root: Path) -> Iterator[tuple[str, tuple[str, Any]]]:
    """Yield the name of each resource of a bundle, for each target, and its kind and settings."""
    for target in [name for name, _ in read_bundle(root).targets()] or [None]:
        bundle = load_bundle(root, target)
        for kind in ROOTS:
            for key, resource in bundle.resources(kind):
                yield f"{root.name}, {target}: {kind}.{key}", (kind, resource.plain())


def test_the_vendor_takes_every_resource_of_the_bundles_that_dex_takes(python: Path, roots: list[Path]) -> None:
    resources = dict(each for root in roots for each in resources_of(root))
    assert len(resources) > 50
    assert {"shop, dev: schemas.gold_schema", "shop, prod: volumes.bronze_landing_volume"} <= set(resources)
    assert {name: said for name, said in ask(python, resources).items() if said} == {}


def test_the_vendor_refuses_the_fields_and_words_that_dex_refuses(python: Path, tmp_path: Path) -> None:
    resources = {}
    faults = {
        name: fault
        for name, fault in ERRORS.items()
        if fault[0] in (JOB, MORE, OTHER, TABLES) and fault[3] in ("03", "06", "07")
    }
    for name, (file, old, new, _, _) in faults.items():
        root = Path(shutil.copytree(BASE, tmp_path / name.replace(" ", "_")))
        (root / file).write_text(with_fault(file, old, new).replace(MARK, ""), "utf-8")
        sound = {key.partition(":")[2]: given for key, given in resources_of(BASE)}
        for key, given in resources_of(root):
            if given != sound.get(key.partition(":")[2]):
                resources[name] = given
    assert len(resources) > 15
    assert {name for name, said in ask(python, resources).items() if said is None} == TAKEN


def test_whatever_field_and_word_the_vendor_knows_is_known(python: Path) -> None:
    classes, enums = api()["classes"], api()["enums"]
    unknown = {}
    for path, words in ask(python, list(ROOTS), ASK_FIELDS).items():
        kind, *fields = path.split(".")
        for field in fields:  # what is below something that is let be is let be as well
            kind = "any" if kind == "any" else classes[kind].get(field, ["unknown"])[0].rpartition(" ")[2]
        if kind == "unknown" or set(words or ()) - set(enums.get(kind, words or ())) - NEWER.get(path, set()):
            unknown[path] = words
    assert unknown == {}


def test_the_vendors_schema_takes_emitted_bundles_where_its_tool_is_installed(python: Path, roots: list[Path]) -> None:
    try:
        cli = find_cli()
    except BundleError as error:
        assert error.code in ("DEX-BUNDLE-40", "DEX-BUNDLE-41"), error
        assert "dex bundle validate" in str(error.remedy) or error.code == "DEX-BUNDLE-41"
        return  # the schema is the vendor's, and comes with the tool alone
    schema = json.loads(subprocess.run([cli.path, "bundle", "schema"], capture_output=True, check=True).stdout)
    documents = {f"{root.name}/{file.file}": file.plain() for root in roots[:5] for file in read_bundle(root).files}
    told = ask(python, {"schema": schema, "documents": documents}, ASK_SCHEMA)
    assert {name: said for name, said in told.items() if said} == {}


def test_a_schema_tells_the_place_of_what_it_refuses(python: Path) -> None:
    job = {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False}
    schema = {"properties": {"jobs": {"oneOf": [{"additionalProperties": job}, {"type": "string"}]}}}
    documents = {"sound": {"jobs": {"a": {"name": "a"}}}, "faulty": {"jobs": {"a": {"nmae": "a"}}}}
    told = ask(python, {"schema": schema, "documents": documents}, ASK_SCHEMA)
    assert told["sound"] == []
    assert len(told["faulty"]) == 1
    assert told["faulty"][0].startswith("['jobs', 'a']: ")
    assert "nmae" in told["faulty"][0]
