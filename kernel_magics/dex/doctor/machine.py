"""Checks of this machine and this Python."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from dex_dbutils import DexError, load_environment
from dex_dbutils.config import Project, environment_names

from dex.doctor.model import DoctorCheck, Status

#: Room that the engine's own environment takes, and room below which work will stop soon; bytes.
ENGINE_ROOM, LITTLE_ROOM = 1 << 30, 200 << 20


def python(_: Project) -> Iterator[DoctorCheck]:
    """Is this Python one that dex and its engine run on?"""
    version, place = sys.version.split()[0], f"{sys.version.split()[0]} in {sys.prefix}"
    if sys.version_info < (3, 10):  # noqa: UP036  a wheel may be forced onto an older one
        yield DoctorCheck(name="Python", status="failed", detail=place, remedy="Use Python 3.10 or later.")
    elif sys.prefix == sys.base_prefix:
        yield DoctorCheck(
            name="Python",
            status="warning",
            detail=f"{version}, not in an environment of its own",
            remedy="python -m venv .venv, so that packages of other projects do not meet dex's.",
        )
    else:
        yield DoctorCheck(name="Python", status="passed", detail=place)


def packages(_: Project) -> Iterator[DoctorCheck]:
    """Do installed packages get into each other's way?"""
    have = {
        name: version_of(name)
        for name in (
            "databricks-connect",
            "pyspark",
            "pyspark-client",
            "pyspark-connect",
            "databricks-cli",
            "pyarrow",
            "numpy",
            "dexkit",
            "dex-dbutils",
        )
    }
    found = False
    sparks = [name for name in ("pyspark", "pyspark-client", "pyspark-connect") if have[name]]
    if have["databricks-connect"] and sparks:
        found = True
        yield DoctorCheck(
            name="packages",
            status="failed",
            detail=f"databricks-connect {have['databricks-connect']} beside {', '.join(sparks)}: both bring `pyspark`",
            remedy="Keep one of them in each environment: dexkit[local] here, dexkit[databricks] in another one.",
        )
    elif len(sparks) > 1:
        found = True
        yield DoctorCheck(
            name="packages",
            status="failed",
            detail=f"{' and '.join(sparks)} are both installed and overwrite each other's files",
            remedy=f"pip uninstall {' '.join(sparks)}, then pip install 'dexkit[local]'",
        )
    connect, arrow = have["databricks-connect"], have["pyarrow"]
    if connect and arrow and number(connect) < (17, 0) and number(arrow) >= (22, 0):
        found = True
        yield DoctorCheck(
            name="packages",
            status="failed",
            detail=f"databricks-connect {connect} cannot use pyarrow {arrow}: every session would fail",
            remedy="pip install 'pyarrow<22' 'pandas<3'",
        )
    if have["databricks-cli"]:
        found = True
        yield DoctorCheck(
            name="packages",
            status="warning",
            detail=f"databricks-cli {have['databricks-cli']} is the old client, and has the command `databricks` too",
            remedy="pip uninstall databricks-cli; install the new one by the vendor's instructions.",
        )
    kit, library = have["dexkit"], have["dex-dbutils"]
    if kit and library and number(kit)[:2] != number(library)[:2]:
        found = True
        yield DoctorCheck(
            name="packages",
            status="failed",
            detail=f"dexkit {kit} and dex-dbutils {library} do not belong together",
            remedy=f"pip install 'dex-dbutils=={'.'.join(map(str, number(kit)[:2]))}.*'",
        )
    if not found:
        yield DoctorCheck(name="packages", status="passed", detail=f"dexkit {kit or 'from source'}, no conflicts known")


def spark_client(_: Project) -> Iterator[DoctorCheck]:
    """Is there a Spark client, and is it compiled? Without byte code each first session takes seconds more."""
    spec = find_spec("pyspark")
    client = version_of("pyspark-client") or version_of("databricks-connect") or version_of("pyspark")
    if spec is None or not spec.submodule_search_locations:
        yield DoctorCheck(
            name="Spark client", status="failed", detail="not installed", remedy="pip install 'dexkit[local]'"
        )
        return
    folder = Path(next(iter(spec.submodule_search_locations)))
    compiled = (folder / "sql/connect/__pycache__").is_dir()
    yield DoctorCheck(
        name="Spark client",
        status="passed" if compiled else "warning",
        detail=f"{client or 'of unknown version'}, {'compiled' if compiled else 'not compiled'}",
        remedy=None if compiled else f"{Path(sys.executable).name} -m compileall -q {folder}",
    )


def uv(_: Project) -> Iterator[DoctorCheck]:
    """Is uv there, which installs the engine?"""
    try:
        from uv import find_uv_bin

        place: str | None = str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        place = shutil.which("uv")
    if place is None:
        yield DoctorCheck(name="uv", status="failed", detail="not found", remedy="pip install 'dexkit[local]'")
    else:
        yield DoctorCheck(name="uv", status="passed", detail=place)


def java(project: Project) -> Iterator[DoctorCheck]:
    """Is Java there, where an environment's engine needs it?"""
    users = [name for name, kind in engine_types(project).items() if kind == "spark"]
    found = java_version()
    if found is not None:
        enough = found >= 17
        yield DoctorCheck(
            name="Java",
            status="passed" if enough or not users else "failed",
            detail=f"Java {found}" + ("" if users else "; no environment needs it"),
            remedy=None if enough or not users else "Install Java 17 or later.",
        )
    elif users:
        yield DoctorCheck(
            name="Java",
            status="failed",
            detail=f"not found; the engine of {', '.join(users)} needs it",
            remedy="Install Java 17 or later, or use engine.type: sail.",
        )
    else:
        yield DoctorCheck(name="Java", status="passed", detail="not there; no environment needs it")


def java_version() -> int | None:
    """Return the major version of the Java that Spark would start, or None."""
    home = os.environ.get("JAVA_HOME")
    command = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if command is None:
        return None
    try:
        done = subprocess.run([command, "-version"], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    told = re.search(r'version "(\d+)(?:\.(\d+))?', done.stderr + done.stdout)
    if told is None:
        return None
    return int(told[2]) if told[1] == "1" and told[2] else int(told[1])


def cache(_: Project) -> Iterator[DoctorCheck]:
    """Can the engine's cache be written?"""
    from dex.engines import cache_dir

    folder = cache_dir()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    yield DoctorCheck(
        name="cache",
        status="passed" if writable else "failed",
        detail=f"{folder}{'' if there == folder else ', not made yet'}{'' if writable else ': not writable'}",
        remedy=None if writable else "Make the folder writable, or set DEX_CACHE_DIR to another one.",
    )


def disk(project: Project) -> Iterator[DoctorCheck]:
    """Is there room for the engine and for tables?"""
    from dex.engines import cache_dir

    for name, folder in (("disk for the cache", cache_dir()), ("disk for the project", project.root)):
        there = next(place for place in (folder, *folder.parents) if place.exists())
        free = shutil.disk_usage(there).free
        status: Status = "failed" if free < LITTLE_ROOM else "warning" if free < ENGINE_ROOM else "passed"
        yield DoctorCheck(
            name=name,
            status=status,
            detail=f"{free / (1 << 30):.1f} GiB free at {there}",
            remedy=None if status == "passed" else "Free some space: the engine takes about 1 GiB, tables come on top.",
        )


def engine_types(project: Project) -> dict[str, str]:
    """Return the engine's type of every environment that can be loaded."""
    types: dict[str, str] = {}
    for name in environment_names(project):
        try:
            types[name] = load_environment(name, start=project.root).engine.type
        except DexError:
            continue  # shown by the check of that environment
    return types


def version_of(distribution: str) -> str | None:
    """Return the version of an installed distribution, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def number(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: ``16.1.7`` and ``16.1.7rc1`` are (16, 1, 7)."""
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])
