"""The files around a module: its job, the project's bundle, and what makes a wheel of the project."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

from dex_dbutils import DexError, ExportError, Where
from dex_dbutils.config import Project, environment_names, load_environment

from dex import toml
from dex.bundle import scalar, to_yaml
from dex.export.parameters import Parameter, Parameters


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


def render_bundle(project: Project) -> str:
    """Return ``databricks.yml`` of a project that has none: the wheel and one target per remote environment."""
    lines = [
        "bundle:",
        f"  name: {scalar(project.name)}",
        "",
        "include:",
        "  - resources/*.yml",
        "",
        "artifacts:",
        f"  {project.package}:",
        "    type: whl",
        "    path: .",
        "    build: uv build --wheel",
        "    dynamic_version: true",
        "",
        "targets:",
    ]
    default = True
    targets: list[str] = []
    for name in environment_names(project):
        try:
            environment = load_environment(name, start=project.root)
        except DexError:
            continue  # an environment that cannot be used is `dex doctor`'s business, not the bundle's
        if environment.kind == "local":
            continue
        targets.append(f"  {name}:")
        targets.append(f"    mode: {environment.kind}")
        if environment.kind == "development" and default:
            targets.append("    default: true")
            default = False
        workspace = []
        if environment.engine.profile:
            workspace.append(f"      profile: {scalar(environment.engine.profile)}")
        if environment.kind == "production":
            workspace.append(
                "      root_path: /Workspace/Users/${workspace.current_user.userName}"
                "/.bundle/${bundle.name}/${bundle.target}"
            )
        if workspace:
            targets += ["    workspace:", *workspace]
    if not targets:
        targets = ["  dev:", "    mode: development", "    default: true"]
    return "\n".join([*lines, *targets]) + "\n"


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
