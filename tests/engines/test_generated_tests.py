"""The tests that an export writes pass: those of every fixture notebook that is exported, in one run on one engine.

A file whose tests are all skipped says why, and `skips` of the fixture has the reason: these are few, and each is something
that no machine without the platform has.
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import pytest
from dex.export import Exporter
from dex_dbutils import get_session, load_environment
from dex_dbutils.config import find_project
from fixture_notebooks import FORMS, Fixture, fixtures, put

#: Each in one of the forms, by turns: the forms give one module, as the fixtures' own tests say.
EXPORTED = [
    (fixture, fixture.forms[number % len(fixture.forms)])
    for number, fixture in enumerate(f for f in fixtures() if not {"refused", "empty"} & set(f.expected))
]


@dataclass
class Ended:
    """How the tests of one file ended.

    Attributes:
        passed: how many passed.
        failed: what the others said.
        skipped: reasons of those that were skipped.
    """

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def ended(own_project: Path) -> dict[str, Ended]:
    """The tests of every exported fixture, run in one process; by module."""
    root = own_project
    session = get_session(load_environment("local", start=root))
    for layer in ("bronze", "gold"):  # what some of the notebooks read
        rows = session.spark.createDataFrame([(1, "a"), (2, "b")], "id int, name string")
        rows.write.mode("overwrite").saveAsTable(session.table(layer, "orders"))
    for form in FORMS:
        for fixture in fixtures():
            if form in fixture.forms:
                put(fixture, _folder(root, fixture, form) / "notebooks", form)
    there = [path for path in (root / "notebooks/generated").rglob("*") if path.is_file()]
    names = {path.resolve(): _module(path) for path in there}
    files = []
    for fixture, form in EXPORTED:
        path = _path(root, fixture, form)
        Exporter(find_project(root), root=_folder(root, fixture, form), names=names).export(path)
        file = root / f"tests/test_{_module(path)}.py"
        files += [str(file)] if file.exists() else []
    report = root / "ended.xml"
    options = ["-q", "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}", "--continue-on-collection-errors"]
    subprocess.run([sys.executable, "-m", "pytest", *options, *files], cwd=root, capture_output=True, check=False)
    found: dict[str, Ended] = defaultdict(Ended)
    for case in ElementTree.parse(report).iter("testcase"):
        name = (case.get("classname") or case.get("name") or "").rpartition("test_gen_")[2].partition("::")[0]
        told = found[f"gen_{name}"]
        problems = [*case.findall("failure"), *case.findall("error")]
        skips = case.findall("skipped")
        told.failed += [f"{case.get('name')}: {(p.get('message') or '')}\n{p.text or ''}"[:3000] for p in problems]
        told.skipped += [s.get("message") or s.text or "" for s in skips]
        told.passed += not problems and not skips
    return found


@pytest.mark.parametrize(("fixture", "form"), EXPORTED, ids=[f"{fixture}-{form}" for fixture, form in EXPORTED])
def test_the_generated_tests_of_a_notebook_pass(
    fixture: Fixture, form: str, ended: dict[str, Ended], own_project: Path
) -> None:
    told = ended[_module(_path(own_project, fixture, form))]
    assert not told.failed, "\n".join(told.failed)
    skips = fixture.expected.get("skips")
    if skips == "pipeline":
        assert not told.passed
        assert not told.skipped
    elif skips:
        assert told.passed == 0, "its tests run now: take `skips` away"
        assert any(skips in reason for reason in told.skipped), told.skipped
    else:
        assert told.passed, told.skipped


def test_few_notebooks_have_no_test_that_runs() -> None:
    without = [str(fixture) for fixture, _ in EXPORTED if "skips" in fixture.expected]
    assert len(without) <= len(EXPORTED) * 0.15, without


def _folder(root: Path, fixture: Fixture, form: str) -> Path:
    """Return the folder that stands for the project of a folder of fixtures."""
    return root / "notebooks/generated" / form / fixture.folder


def _path(root: Path, fixture: Fixture, form: str) -> Path:
    return _folder(root, fixture, form) / "notebooks" / fixture.name(form)


def _module(path: Path) -> str:
    """Return a name for a module that no other notebook of the project has."""
    parts = path.with_suffix("").parts
    words = "_".join(["gen", *parts[len(parts) - 1 - parts[::-1].index("generated") + 1 :]])
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in words).lower()
