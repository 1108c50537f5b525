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
from bundle_faults import BASE, ERRORS, JOB, MARK, OTHER, TABLES, with_fault
from dex.bundle import load_bundle, read_bundle
from support import make_venv

PACKAGE = "databricks-bundles==1.22.1"
SOUND = BASE.with_name("sound")
#: Takes ``{name: [kind, settings]}``, answers ``{name: what is wrong, or null}``.
ASK = """\
import importlib, json, sys
classes = {"jobs": "Job", "pipelines": "Pipeline", "schemas": "Schema", "volumes": "Volume"}
told = {}
for name, (kind, settings) in json.load(sys.stdin).items():
    try:
        getattr(importlib.import_module(f"databricks.bundles.{kind}"), classes[kind]).from_dict(settings).as_dict()
        told[name] = None
    except Exception as error:
        told[name] = f"{type(error).__name__}: {error}"
json.dump(told, sys.stdout)
"""
KINDS = ("jobs", "pipelines", "schemas", "volumes")
#: Faults that the package takes: it makes texts of lists, knows no outcomes, and a kind of resource is none of its classes.
TAKEN = {"a list for a text", "an outcome that is none", "an unknown kind of resource"}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_venv(tmp_path_factory.mktemp("vendor") / "venv", Path(sys.executable), PACKAGE)


def ask(python: Path, resources: dict[str, Any]) -> dict[str, str | None]:
    done = subprocess.run(
        [python, "-c", ASK], input=json.dumps(resources), capture_output=True, text=True, check=True, timeout=120
    )
    found: dict[str, str | None] = json.loads(done.stdout)
    return found


def resources_of(root: Path) -> Iterator[tuple[str, tuple[str, Any]]]:
    """Yield the name of each resource of a bundle, for each target, and its kind and settings."""
    for target in [name for name, _ in read_bundle(root).targets()] or [None]:
        bundle = load_bundle(root, target)
        for kind in KINDS:
            for key, resource in bundle.resources(kind):
                yield f"{root.name}, {target}: {kind}.{key}", (kind, resource.plain())


def test_the_vendor_takes_every_resource_of_the_bundles_that_dex_takes(python: Path) -> None:
    resources = dict(each for root in (BASE, *sorted(SOUND.iterdir())) for each in resources_of(root))
    assert len(resources) > 50
    assert {name: said for name, said in ask(python, resources).items() if said} == {}


def test_the_vendor_refuses_the_fields_and_words_that_dex_refuses(python: Path, tmp_path: Path) -> None:
    resources = {}
    faults = {
        name: fault
        for name, fault in ERRORS.items()
        if fault[0] in (JOB, OTHER, TABLES) and fault[3] in ("03", "06", "07")
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
