"""Wheels and what is in them: those of the bundle have to be there, or to be built, and hold what tasks start."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from dex.bundle.effective import Bundle
from dex.bundle.models import Finding
from dex.bundle.project import built_here, is_wheel, normal, project_of
from dex.bundle.suggest import nearest
from dex.bundle.tree import At

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:[<>=!~;@ ].*)?$")


def check_libraries(bundle: Bundle) -> Iterator[Finding]:
    """Yield the wheels of environments and tasks that neither exist nor are built by an artifact."""
    for _, job in bundle.resources("jobs"):
        for environment in job.items("environments"):
            spec = environment.get("spec")
            for dependency in spec.items("dependencies") if spec else ():
                yield from _wheel(bundle, dependency)
        inner = [at for task in job.items("tasks") if (at := task.at("for_each_task", "task")) is not None]
        for task in (*job.items("tasks"), *inner):
            for library in task.items("libraries"):
                wheel = library.get("whl")
                if wheel is not None:
                    yield from _wheel(bundle, wheel)


def _wheel(bundle: Bundle, at: At) -> Iterator[Finding]:
    if not is_wheel(at) or built_here(bundle, at):
        return
    if not glob.glob(str(PurePosixPath(at.file).parent / at.value), root_dir=bundle.root):
        artifacts = bundle.tree.get("artifacts")
        names = sorted(key for key, _ in artifacts.entries()) if artifacts is not None else []
        said = f"No wheel matches '{at.value}', and no artifact builds one. "
        said += f"Artifacts build into `dist`: {', '.join(names)}." if names else "Add `artifacts` to databricks.yml."
        yield at.finding("DEX-BUNDLE-18", said)


def check_wheel_task(bundle: Bundle, job: At, task: At) -> Iterator[Finding]:
    """Yield an entry point or a package that the installed wheels do not have.

    Args:
        bundle: the bundle.
        job: the task's job.
        task: a task with ``python_wheel_task``, or the loop's inner one.
    """
    settings, project = task.get("python_wheel_task"), project_of(bundle.root)
    if settings is None or project is None:
        return
    package, entry = settings.get("package_name"), settings.get("entry_point")
    if package is None or entry is None or not all(isinstance(at.value, str) for at in (package, entry)):
        return
    if "${" in package.value + entry.value:
        return
    own = str(project.get("name", ""))
    if normal(package.value) != normal(own):
        installed = _installed(bundle, job, task)
        if installed is not None and normal(package.value) not in installed:
            said = f"No wheel of the task is of '{package.value}'.{nearest(package.value, {own, *installed})}"
            yield package.finding("DEX-BUNDLE-14", said)
        return
    scripts = project.get("scripts")
    known = sorted(scripts) if isinstance(scripts, dict) else []
    points = project.get("entry-points")
    more = [name for group in points.values() for name in group] if isinstance(points, dict) else []
    if entry.value not in (*known, *more):
        yield entry.finding(
            "DEX-BUNDLE-14",
            f"pyproject.toml has no entry point '{entry.value}' under [project.scripts].{nearest(entry.value, known)}",
        )


def _installed(bundle: Bundle, job: At, task: At) -> set[str] | None:
    """Return the normal names of what a task installs beside the bundle's own; None where that cannot be told."""
    key = task.text("environment_key")
    environments = [each for each in job.items("environments") if each.text("environment_key") == key]
    if key is None or len(environments) != 1:
        return None
    spec = environments[0].get("spec")
    found: set[str] = set()
    own = False
    for dependency in spec.items("dependencies") if spec else ():
        if built_here(bundle, dependency):
            own = True
        elif isinstance(dependency.value, str) and (named := _REQUIREMENT.match(dependency.value)):
            found.add(normal(named[1]))
        else:
            return None  # a file of requirements, a wheel by its address
    return found if own else None
