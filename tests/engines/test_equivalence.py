"""The tables that an exported main writes are those that its notebook writes, row for row.

All runnable fixtures share one engine. Every notebook runs in a kernel of its own, in the environment `local`. The mains run
in one process that saw no notebook, in the environment `lab`, whose tables are its own. Between two mains everything goes
that one could hand to the next: its modules are imported anew, and its session, with temporary views, registered functions,
settings and the current schema, is another. A process for each would add the two seconds of importing Spark to each, and
nothing else.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dex.export import Exporter
from dex.notebook import run_notebook
from dex_dbutils import DexError
from dex_dbutils.config import find_project
from fixture_notebooks import FORMS, Fixture, fixtures, put

#: Each in one of the forms, by turns: the forms give one module, as the fixtures' own tests say.
RUNNABLE = [
    (fixture, fixture.forms[number % len(fixture.forms)])
    for number, fixture in enumerate(f for f in fixtures() if "runs" in f.expected)
]
NAMES = [f"{fixture}-{form}" for fixture, form in RUNNABLE]

MAINS = """
import json, sys, traceback
from importlib import import_module
from dex_dbutils import get_session, load_environment
from dex_dbutils.session import close_session
lab = load_environment("lab")
package, *names = sys.argv[1:]
ended = {}
for name in names:
    for known in [known for known in sys.modules if known.partition(".")[0] == package]:
        del sys.modules[known]
    close_session(lab)
    try:
        session = get_session(lab)
        module = import_module(f"{package}.{name}")
        module.main(session.spark, module.Params(env="lab"))
        ended[name] = None
    except BaseException:
        ended[name] = traceback.format_exc()
print(json.dumps(ended))
"""
ROWS = """
import json, sys
from dex_dbutils import get_session
told = {}
for name in sys.argv[1:]:
    rows = []
    for environment in ("local", "lab"):
        try:
            frame = get_session(environment).read(*name.split("."))
            rows.append([frame.schema.simpleString(), sorted(map(str, frame.collect()))])
        except Exception as error:
            rows.append([f"{type(error).__name__}: {error}", []])
    told[name] = rows
print(json.dumps(told))
"""


@dataclass
class Outcome:
    """What became of a fixture.

    Attributes:
        module: name of its module.
        failed: why it could not be exported, or its notebook or main failed.
        tables: per table its schema and rows as the notebook left them, and as main did.
    """

    module: str
    failed: str | None
    tables: dict[str, list[tuple[str, list[str]]]]


@pytest.fixture(scope="module")
def walked(shared_project: Path) -> Path:
    """The shared project with a second environment and the notebooks of each form in a folder of their own."""
    (shared_project / "config/lab.yaml").write_text("kind: local\nengine: {type: sail}\ncatalog: lab\n")
    for form in FORMS:
        for fixture in fixtures():
            if form in fixture.forms and ("runs" in fixture.expected or fixture.folder == "run"):
                put(fixture, shared_project / "notebooks" / form / fixture.folder, form)
    return shared_project


@pytest.fixture(scope="module")
def outcomes(walked: Path) -> dict[str, Outcome]:
    """Every runnable fixture, exported, run as a notebook and as a main."""
    project = find_project(walked)
    paths = {(f, form): walked / "notebooks" / form / f.folder / f.name(form) for f, form in RUNNABLE}
    there = [path for path in (walked / "notebooks").rglob("*") if path.is_file()]
    names = {path.resolve(): _name(path, walked / "notebooks") for path in there}
    exporter = Exporter(project, names=names)
    found: dict[str, Outcome] = {}
    for (fixture, form), path in paths.items():
        failed = None
        try:
            exporter.export(path)
        except DexError as error:
            failed = f"export: {error}"
        found[f"{fixture}-{form}"] = Outcome(names[path.resolve()], failed, {})

    def run(item: tuple[tuple[Fixture, str], Path]) -> tuple[str, str | None]:
        (fixture, form), path = item
        try:
            run_notebook(path)
        except DexError as error:
            return f"{fixture}-{form}", f"notebook: {error}"
        return f"{fixture}-{form}", None

    with ThreadPoolExecutor(2) as pool:
        for name, failed in pool.map(run, paths.items()):
            found[name].failed = found[name].failed or failed
    ready = [outcome for outcome in found.values() if outcome.failed is None]
    ended = _python(MAINS, project.package, *(o.module for o in ready), cwd=walked)
    for outcome in ready:
        outcome.failed = f"main: {ended[outcome.module]}" if ended[outcome.module] else None
    tables = sorted({table for fixture, _ in RUNNABLE for table in fixture.expected["runs"]})
    rows = _python(ROWS, *tables, cwd=walked)
    for fixture, form in RUNNABLE:
        found[f"{fixture}-{form}"].tables = {table: rows[table] for table in fixture.expected["runs"]}
    return found


#: What has to be among the notebooks compared, how it shows in their text, and in how many at least.
CONSTRUCTS = {
    "%sql": (r"%sql\b|^-- Databricks", 15),
    "%run": (r"%run\b", 7),
    "widgets": (r"dbutils\.widgets\.|:wanted|\$\{", 7),
    "functions": (r"^ *def ", 15),
    "classes": (r"^class ", 3),
    "UDFs": (r"\budf\b|pandas_udf", 5),
    "task values": (r"taskValues", 2),
    "branches and loops": (r"^(if|for|try|with|while)\b", 3),
    "dbutils.notebook.exit": (r"notebook\.exit", 2),
}


def test_notebooks_of_every_kind_and_both_forms_are_compared() -> None:
    texts = [f.path.read_text("utf-8") for f, _ in RUNNABLE]
    assert len(texts) >= 60
    assert min(Counter(form for _, form in RUNNABLE).values()) >= 25
    counts = {
        name: sum(bool(re.search(sign, text, re.MULTILINE)) for text in texts) for name, (sign, _) in CONSTRUCTS.items()
    }
    assert {name: n for name, n in counts.items() if n < CONSTRUCTS[name][1]} == {}


@pytest.mark.parametrize(("fixture", "form"), RUNNABLE, ids=NAMES)
def test_main_writes_the_rows_of_the_notebook(fixture: Fixture, form: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[f"{fixture}-{form}"]
    assert outcome.failed is None, outcome.failed
    for table, (of_the_notebook, of_main) in outcome.tables.items():
        assert of_the_notebook[1], f"the notebook wrote no rows to {table}: {of_the_notebook[0]}"
        assert of_main == of_the_notebook, table


def _name(path: Path, root: Path) -> str:
    """Return a name for a module that no other notebook of the project has."""
    words = "_".join(path.relative_to(root).with_suffix("").parts)
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in words).lower()


def _python(source: str, *arguments: str, cwd: Path) -> Any:
    """Run Python code in a process of its own and return the JSON that it printed last."""
    env = {**os.environ, "PYTHONPATH": str(cwd / "src")}
    words = [sys.executable, "-c", source, *arguments]
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])
