"""What a pipeline of any platform does: the shell lines, and which targets they deploy to."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from dex_dbutils import DexError
from dex_dbutils.config import Project, environment_names, load_environment

from dex.bundle.effective import as_target
from dex.bundle.files import BundleFiles
from dex.bundle.resources import named_before
from dex.toml import read_toml

Platform = Literal["github", "azure", "gitlab"]
Step = tuple[str, str]
UV, PYTHON, PYTEST, TOOL = "0.13.9", "3.12", "9.2.0", "1.13.0"
#: What ruff looks for where the project does not say: code that cannot work. What is only style comes from the notebook.
FAULTS = "E9,F63,F7,F82"
#: Where pytest writes what the platforms show.
JUNIT = "junit.xml"
BRANCH, TAGS = "main", "v*"


@dataclass(frozen=True)
class Pipeline:
    """What the files are made from.

    Attributes:
        project: its name, fit for the name of a file.
        dev: target that the main branch is deployed to; None where there is none.
        prod: target that a tag is deployed to.
        folders: folders of code that there are, of `src` and `tests`.
        environment: the local environment that tests run in; None where there is none.
        lint_rules: whether the project says what ruff looks for.
        extra: whether the project's ``pyproject.toml`` has an extra `test`.
        resources: whether its schemas were made by dex.
        requirements: packages that its jobs install and its tests import.
        notes: what stands in the way of a deployment from a runner.
    """

    project: str
    dev: str | None
    prod: str | None
    folders: tuple[str, ...] = ("src", "tests")
    environment: str | None = None
    lint_rules: bool = False
    extra: bool = False
    resources: bool = False
    requirements: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


def pipeline_of(project: Project, files: BundleFiles) -> Pipeline:
    """Return what the pipeline of a project does.

    Args:
        project: the project.
        files: its bundle.
    """
    settings = read_toml(project.root / "pyproject.toml") or {}  # what is wrong with it, `dex bundle validate` says
    modes = {name: target.text("mode") for name, target in files.targets()}
    default = [name for name, target in files.targets() if (at := target.get("default")) is not None and at.value]
    development = [
        *(n for n in default if modes[n] != "production"),
        *(n for n, m in modes.items() if m == "development"),
    ]
    notes = [
        f"{at.file}:{at.line}: target {name} names the profile {at.value!r}, which a runner has not; "
        "take it out of the target, so that the variables of the pipeline decide"
        for name, target in files.targets()
        if (at := target.at("workspace", "profile")) is not None
    ]
    dev = next(iter(development), None)
    prod = next((name for name, mode in modes.items() if mode == "production"), None)
    return Pipeline(
        project=re.sub(r"[^\w.-]+", "-", project.name),
        dev=dev,
        prod=prod,
        folders=tuple(name for name in ("src", "tests") if (project.root / name).is_dir()),
        environment=_local_environment(project),
        lint_rules=_has_lint_rules(project.root, settings),
        extra=_has(settings, "project", "optional-dependencies", "test"),
        resources=named_before(project) is not None,
        requirements=tuple(sorted(set(_requirements(as_target(files, dev).tree.plain())))),
        notes=notes,
    )


def _local_environment(project: Project) -> str | None:
    """Return the default environment if it is local, else the first that is."""
    names = environment_names(project)
    for name in sorted(names, key=lambda each: each != project.default_environment):
        try:
            if load_environment(name, start=project.root).kind == "local":
                return name
        except DexError:
            continue  # one that cannot be used is `dex doctor`'s business
    return None


def _has(settings: dict[str, Any], *keys: str) -> bool:
    found: Any = settings
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found is not None


def _has_lint_rules(root: Path, settings: dict[str, Any]) -> bool:
    words = ("select", "extend-select", "ignore")
    own = any(_has(settings, "tool", "ruff", "lint", word) for word in words)
    return own or any((root / name).is_file() for name in ("ruff.toml", ".ruff.toml"))


def _requirements(tree: Any) -> Iterator[str]:
    """Yield the packages, not the wheels and files, that environments of jobs depend on."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "dependencies" and isinstance(value, list):
                yield from (
                    text
                    for text in value
                    if isinstance(text, str)
                    and re.match(r"[A-Za-z0-9]", text)
                    and not re.search(r"\$\{|\.whl$|\.txt$", text)
                )
            else:
                yield from _requirements(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from _requirements(item)


def check_steps(pipeline: Pipeline, platform: Platform) -> list[Step]:
    """Return name and shell line of each step of a pull request, in order; they need uv and Python alone."""
    own = ".[test]" if pipeline.extra else "."
    wanted = [own, f"dexkit[local]=={_version()}", *([] if pipeline.extra else [f"pytest=={PYTEST}"])]
    rules = [] if pipeline.lint_rules else ["--select", FAULTS]
    lint = [("Lint", shlex.join([".venv/bin/ruff", "check", *rules, *pipeline.folders]))]
    resources = [("Schemas and volumes are what the project says", ".venv/bin/dex bundle resources --check")]
    tests = [("Tests", f".venv/bin/python -m pytest --junitxml={JUNIT}")]
    return [
        ("Environment", "uv venv --clear"),
        (
            "The project's wheel and what its tests need",
            f"uv pip install {shlex.join([*wanted, *pipeline.requirements])}",
        ),
        ("Local engine", ".venv/bin/dex engine install"),
        *(lint if pipeline.folders else []),
        ("Exports are what the notebooks say", ".venv/bin/dex export --check"),
        ("Jobs are what the notebooks say", ".venv/bin/dex bundle emit --check"),
        *(resources if pipeline.resources else []),
        ("This file is what the project says", f".venv/bin/dex bundle ci {platform} --check"),
        ("Bundle", ".venv/bin/dex bundle validate --json"),
        *(tests if "tests" in pipeline.folders else []),
    ]


def check_variables(pipeline: Pipeline) -> dict[str, str]:
    """Return the environment variables of a pull request's steps."""
    return {"DEX_ENV": pipeline.environment} if pipeline.environment else {}


def deploy_steps(target: str, *, production: bool) -> list[Step]:
    """Return name and shell line of each step of a deployment; they need uv, Python and the vendor's tool."""
    name = shlex.quote(target)
    return [
        ("Environment", "uv venv --clear"),
        ("dex", f"uv pip install {shlex.quote(f'dexkit=={_version()}')}"),
        ("Plan", f".venv/bin/dex bundle plan -t {name}"),
        ("Deploy", f".venv/bin/dex bundle deploy -t {name}{f' --confirm {name}' if production else ''}"),
    ]


def tool_lines() -> list[str]:
    """Return the shell lines that put the vendor's tool into a folder of the runner, outside the checkout."""
    archive = f"databricks_cli_{TOOL}_linux_amd64.zip"
    return [
        f'curl -fsSLo "/tmp/databricks.zip" https://github.com/databricks/cli/releases/download/v{TOOL}/{archive}',
        'python3 -m zipfile -e "/tmp/databricks.zip" "/tmp/databricks-cli"',
        'chmod +x "/tmp/databricks-cli/databricks"',
    ]


def _version() -> str:
    return importlib.metadata.version("dexkit")
