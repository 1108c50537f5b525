"""Wheels and what is in them: those of the bundle have to be there, or to be built, and hold what tasks start."""

from __future__ import annotations

import glob
import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from packaging.utils import canonicalize_name

from dex.bundle.effective import Bundle
from dex.bundle.models import Finding
from dex.bundle.paths import check_there
from dex.bundle.project import built_here, has_function, is_wheel, projects_of
from dex.bundle.suggest import nearest
from dex.bundle.tree import At

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:[<>=!~;@ ].*)?$")

#: A dependency of an environment that is a file of requirements.
_OF_FILE = re.compile(r"-r\s+(\S+)")


def check_libraries(bundle: Bundle) -> Iterator[Finding]:
    """Yield the files of environments, tasks and clusters that neither exist nor are built by an artifact."""
    for _, job in bundle.resources("jobs"):
        for environment in job.items("environments"):
            spec = environment.get("spec")
            for dependency in spec.items("dependencies") if spec else ():
                yield from _wheel(bundle, dependency)
                yield from _requirements(bundle, dependency)
        inner = [at for task in job.items("tasks") if (at := task.at("for_each_task", "task")) is not None]
        for task in (*job.items("tasks"), *inner):
            for library in task.items("libraries"):
                yield from _library(bundle, library)
    for _, cluster in bundle.resources("clusters"):
        for library in cluster.items("libraries"):
            yield from _library(bundle, library)


def _library(bundle: Bundle, library: At) -> Iterator[Finding]:
    if (wheel := library.get("whl")) is not None:
        yield from _wheel(bundle, wheel)
    if (jar := library.get("jar")) is not None and not _has_builds(bundle):
        yield from check_there(bundle, jar, "jar")
    if (requirements := library.get("requirements")) is not None:
        yield from check_there(bundle, requirements, "file of requirements")


def _has_builds(bundle: Bundle) -> bool:
    """Return whether artifacts run commands, which may make any file."""
    artifacts = bundle.tree.get("artifacts")
    return artifacts is not None and any(at.text("build") for _, at in artifacts.entries() if at.text("type") != "whl")


def _requirements(bundle: Bundle, dependency: At) -> Iterator[Finding]:
    named = _OF_FILE.fullmatch(dependency.value) if isinstance(dependency.value, str) else None
    if named is not None:
        yield from check_there(bundle, replace(dependency, value=named[1]), "file of requirements")


def _wheel(bundle: Bundle, at: At) -> Iterator[Finding]:
    if not is_wheel(at) or built_here(bundle, at):
        return
    pattern = posixpath.normpath(posixpath.join(posixpath.dirname(at.file), at.value))
    if not glob.glob(pattern, root_dir=bundle.root):
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
    settings, projects = task.get("python_wheel_task"), projects_of(bundle)
    if settings is None or not projects:
        return
    package, entry = settings.get("package_name"), settings.get("entry_point")
    if package is None or entry is None or not all(isinstance(at.value, str) for at in (package, entry)):
        return
    if "${" in package.value + entry.value:
        return
    built = {canonicalize_name(each["name"]): each for each in projects if each is not None}
    project = built.get(canonicalize_name(package.value))
    if project is None:
        installed = _installed(bundle, job, task)
        if installed is None or None in projects:
            return
        for each in built.values():
            installed |= _names(each.get("dependencies"))
        if canonicalize_name(package.value) not in installed:
            named = {str(each["name"]) for each in built.values()}
            said = f"No wheel of the task is of '{package.value}'.{nearest(package.value, {*named, *installed})}"
            yield package.finding("DEX-BUNDLE-14", said)
        return
    scripts = project.get("scripts")
    known = sorted(scripts) if isinstance(scripts, dict) else []
    points = project.get("entry-points")
    more = [name for group in points.values() for name in group] if isinstance(points, dict) else []
    if entry.value not in (*known, *more) and not has_function(bundle, package.value, entry.value):
        said = (
            f"pyproject.toml has no entry point '{entry.value}' under [project.scripts].{nearest(entry.value, known)}"
        )
        yield entry.finding("DEX-BUNDLE-14", said)


def _names(requirements: object) -> set[str]:
    """Return the normal names of a project's requirements."""
    found = (
        (_REQUIREMENT.match(each) for each in requirements or () if isinstance(each, str))
        if isinstance(requirements, list)
        else ()
    )
    return {canonicalize_name(each[1]) for each in found if each}


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
            found.add(canonicalize_name(named[1]))
        else:
            return None  # a file of requirements, a wheel by its address
    return found if own else None
