"""The files around a module: the project's bundle, and what makes a wheel of the project."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dex_dbutils import ExportError, Where
from dex_dbutils.config import Project

from dex import toml
from dex.bundle.files import ROOT_FILE, root_file
from dex.bundle.made import memory_of
from dex.bundle.targets import RECORD, bundle_text, missing_targets
from dex.export.derived_tests import CONFTEST
from dex.export.models import ReportLine
from dex.files import read_text

#: Made where there is none; the last part is what building and deploying leave behind.
_GITIGNORE = """\
# tables, runs and logs of this machine; the source maps belong to the project
.dex/*
!.dex/map/

.databricks/
.ipynb_checkpoints/
.venv/
__pycache__/
dist/
"""


def shared_files(project: Project, name: str, notes: list[ReportLine], *, job: bool, spark: bool) -> dict[str, str]:
    """Return the person's files that must be there beside a module: missing ones made, its entry point added.

    Args:
        project: where they are.
        name: the module.
        notes: told of environments for which the bundle has no target.
        job: whether it has an entry point.
        spark: whether its tests need Spark.

    Raises:
        ExportError: DEX-EXPORT-06, ``pyproject.toml`` cannot take the entry point.
    """
    target = f"{project.package}.{name}:run"
    pyproject = project.root / "pyproject.toml"
    there = read_text(pyproject)
    scripts = {name: target} if job else {}
    if there is None:
        files = {"pyproject.toml": render_pyproject(project, scripts)}
    else:
        files = {"pyproject.toml": with_script(pyproject, there, name, target) if scripts else there}
    bundle = root_file(project.root) or ROOT_FILE
    makers: dict[str, Callable[[], str]] = {
        bundle: lambda: bundle_text(project, skip=True),  # loads every environment: only where it is missing
        ".gitignore": lambda: _GITIGNORE,
        f"src/{project.package}/__init__.py": lambda: f'"""Jobs of {project.name}."""\n',
        **({"tests/conftest.py": lambda: CONFTEST} if spark else {}),
    }
    for path, make in makers.items():
        text = read_text(project.root / path)
        files[path] = make() if text is None else text
    notes += [
        ReportLine(text=f"{bundle} has no target for config/{missing}.yaml: `dex bundle targets` adds it")
        for missing in missing_targets(project)
    ]
    return files


def memory_of_bundle(files: Mapping[str, str | None]) -> dict[str, str]:
    """Return what is kept of ``databricks.yml`` where it is among files that are made now."""
    text = files.get(ROOT_FILE)
    return {RECORD: memory_of(ROOT_FILE, text)} if text is not None else {}


def render_pyproject(project: Project, scripts: dict[str, str]) -> str:
    """Return ``pyproject.toml`` of a project that has none; the wheel carries `config/` as `_config`."""
    entries = "".join(f"{name} = {json.dumps(target)}\n" for name, target in sorted(scripts.items()))
    return f"""[build-system]
requires = ["hatchling>=1.27,<2"]
build-backend = "hatchling.build"

[project]
name = "{project.package}"
version = "0.1.0"
description = "Jobs made from the notebooks of {project.name}."
requires-python = ">=3.9"
dependencies = ["dex-dbutils>=0.1,<0.2"]

[project.scripts]
{entries}
[tool.hatch.build.targets.wheel]
packages = ["src/{project.package}"]

[tool.hatch.build.targets.wheel.force-include]
config = "{project.package}/_config"

[tool.pytest.ini_options]
addopts = "--import-mode=importlib"
pythonpath = ["src"]
testpaths = ["tests"]

[tool.ruff]
line-length = 120
"""


def with_script(path: Path, text: str, name: str, target: str) -> str:
    """Return a ``pyproject.toml`` with one more entry under ``[project.scripts]``, all else as it was.

    Args:
        path: the file, for messages.
        text: its text.
        name: name of the script.
        target: what it calls, as ``module:function``.

    Raises:
        ExportError: DEX-EXPORT-06, the file cannot be read, or has another entry of that name.
    """
    before = _toml(path, text)
    project = before.get("project")
    scripts: dict[str, Any] = project.get("scripts", {}) if isinstance(project, dict) else {}
    if scripts.get(name) == target:
        return text
    entry = f"{name} = {json.dumps(target)}"
    problem = ""
    if name in scripts:
        problem = f"it has another script `{name}`: {scripts[name]}"
    else:
        newline = "\r\n" if "\r\n" in text else "\n"
        lines = text.split(newline)
        table = next((i for i, line in enumerate(lines) if line.strip() == "[project.scripts]"), None)
        if table is None:
            changed = text.rstrip() + f"{newline}{newline}[project.scripts]{newline}{entry}{newline}"
        else:
            end = next((i for i in range(table + 1, len(lines)) if not lines[i].strip()), len(lines))
            changed = newline.join([*lines[:end], entry, *lines[end:]])
        try:
            after = toml.loads(changed)
            expected = {**before, "project": {**(project or {}), "scripts": {**scripts, name: target}}}
            if after == expected:
                return changed
        except toml.TOMLDecodeError:
            pass
        problem = "its scripts are not written as a table"
    raise ExportError(
        "DEX-EXPORT-06",
        f"pyproject.toml cannot take the job's entry point: {problem}.",
        Where(str(path)),
        f"Add this under [project.scripts] yourself: {entry}",
    )


def _toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return toml.loads(text)
    except toml.TOMLDecodeError as error:
        raise ExportError(
            "DEX-EXPORT-06", f"pyproject.toml cannot be read: {error}.", Where(str(path)), "Mend it, then export again."
        ) from error
