"""The files around a module: its job, the project's bundle, and what makes a wheel of the project."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dex_dbutils import ExportError, Where
from dex_dbutils.config import Project

from dex import toml
from dex.bundle import to_yaml
from dex.bundle.files import ROOT_FILE, root_file
from dex.bundle.made import memory_of
from dex.bundle.targets import RECORD, bundle_text, missing_targets
from dex.export.derived_tests import CONFTEST
from dex.export.models import ReportLine
from dex.export.parameters import Parameter, Parameters
from dex.export.writing import read_text


def job_settings(project: Project, module: str, parameters: Parameters, requirements: list[str]) -> dict[str, Any]:
    """Return the settings of a notebook's own job: one task that runs the wheel with the job's parameters."""
    given = [("env", "${bundle.target}"), *((p.job_key, default_text(p)) for p in parameters.ordered())]
    words = {p.job_key: p.word[2:] for p in parameters.ordered()}
    return {
        "name": module,
        "parameters": [{"name": key, "default": default} for key, default in given],
        "tasks": [
            {
                "task_key": module,
                "environment_key": "default",
                "python_wheel_task": {
                    "package_name": project.package,
                    "entry_point": module,
                    "named_parameters": {words.get(key, key): "{{job.parameters." + key + "}}" for key, _ in given},
                },
            }
        ],
        "environments": [
            {
                "environment_key": "default",
                "spec": {"environment_version": "4", "dependencies": ["../dist/*.whl", *requirements]},
            }
        ],
    }


def render_job(notebook: str, key: str, settings: dict[str, Any]) -> str:
    """Return ``resources/<key>.job.yml``."""
    head = f"# Made from {notebook} by `dex export`: change the notebook and export again.\n"
    return head + to_yaml({"resources": {"jobs": {key: settings}}})


def default_text(parameter: Parameter) -> str:
    """Return a parameter's default as a job has it: text."""
    source = parameter.default
    if source is None:
        return ""
    found = re.fullmatch(r"field\(default_factory=lambda: (.*)\)", source, re.DOTALL)
    value = ast.literal_eval(found.group(1) if found else source)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    return json.dumps(list(value) if isinstance(value, tuple | set) else value, default=str)


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
        bundle: lambda: bundle_text(project),  # loads every environment: only where it is missing
        f"src/{project.package}/__init__.py": lambda: f'"""Jobs of {project.name}."""\n',
        **({"tests/conftest.py": lambda: CONFTEST} if spark else {}),
    }
    for path, make in makers.items():
        files[path] = read_text(project.root / path) or make()
    notes += [
        ReportLine(text=f"{bundle} has no target for config/{missing}.yaml: `dex bundle targets` adds it")
        for missing in missing_targets(project)
    ]
    return files


def memory_of_bundle(files: dict[str, str]) -> dict[str, str]:
    """Return what is kept of ``databricks.yml`` where it is among files that are made now."""
    return {RECORD: memory_of(ROOT_FILE, files[ROOT_FILE])} if ROOT_FILE in files else {}


def render_pyproject(project: Project, scripts: dict[str, str]) -> str:
    """Return ``pyproject.toml`` of a project that has none; the wheel carries `config/` as `_config`."""
    entries = "\n".join(f"{name} = {json.dumps(target)}" for name, target in sorted(scripts.items()))
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
            changed = newline.join([*lines[: table + 1], entry, *lines[table + 1 :]])
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
