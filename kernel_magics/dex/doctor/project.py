"""Checks of the project: its files, its environments, what git sees of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from dex_dbutils import DexError, Environment, load_environment
from dex_dbutils.config import Project, environment_names

from dex.doctor.fix import fix_settings
from dex.doctor.machine import version_of
from dex.doctor.model import DoctorCheck

#: Seconds to wait for a workspace to take a connection.
PATIENCE = 3.0


def project(found: Project) -> Iterator[DoctorCheck]:
    """Is there a project, and can dex write to it?"""
    if not found.exists:
        yield DoctorCheck(
            name="project",
            status="warning",
            detail=f"none at {found.root}; `local` works with defaults",
            remedy="Go to a folder with config/base.yaml, or make one.",
        )
        return
    place = found.dex_dir if found.dex_dir.exists() else found.root
    writable = os.access(place, os.W_OK | os.X_OK)
    yield DoctorCheck(
        name="project",
        status="passed" if writable else "failed",
        detail=f"{found.name} at {found.root}{'' if writable else f': {place} is not writable'}",
        remedy=None if writable else "Make the folder writable: tables, runs and logs are kept there.",
    )


def environments(found: Project) -> Iterator[DoctorCheck]:
    """Can every environment be loaded?"""
    for name in environment_names(found):
        try:
            environment = load_environment(name, start=found.root)
        except DexError as error:
            where = f" ({error.where})" if error.where else ""
            yield DoctorCheck(
                name=f"environment {name}",
                status="failed",
                detail=f"{error.code}: {error.what}{where}",
                remedy=error.remedy,
            )
            continue
        told = f"{environment.kind}, {environment.engine.type}, catalog {environment.catalog}"
        yield DoctorCheck(name=f"environment {name}", status="passed", detail=f"{told}, writes {environment.writes}")


def engines(found: Project) -> Iterator[DoctorCheck]:
    """Is what answers each environment there? Nothing is started."""
    seen: set[tuple[str, str | None]] = set()
    for name in environment_names(found):
        try:
            environment = load_environment(name, start=found.root)
        except DexError:
            continue
        engine = environment.engine
        key = (engine.type, engine.url or engine.host or engine.profile)
        if key not in seen:
            seen.add(key)
            yield _engine(environment)


def _engine(environment: Environment) -> DoctorCheck:
    kind = environment.engine.type
    name = f"engine {kind}"
    if kind == "databricks":
        return _databricks(environment)
    from dex.engines import engine_for

    status = engine_for(environment).status()
    if status.installed is False:
        return DoctorCheck(
            name=name,
            status="warning",
            detail=f"{status.version or ''} not installed yet; the first %dex_env does it, in about half a minute".strip(),
            remedy="dex engine install",
        )
    if status.state == "not answering":
        return DoctorCheck(
            name=name,
            status="failed",
            detail=f"does not answer at {(status.url or '').partition(';')[0]}",
            remedy="dex engine restart" if kind == "sail" else "Start it, or correct engine.url.",
        )
    if status.state == "not checked":
        return DoctorCheck(name=name, status="not run", detail="nobody can tell without starting something")
    installed = "installed, " if status.installed else ""
    return DoctorCheck(name=name, status="passed", detail=f"{status.version or ''} {installed}{status.state}".strip())


def _databricks(environment: Environment) -> DoctorCheck:
    name = f"engine databricks ({environment.name})"
    client = version_of("databricks-connect")
    if client is None:
        return DoctorCheck(
            name=name,
            status="warning",
            detail="databricks-connect is not installed in this Python",
            remedy="In an environment of its own: pip install 'dexkit[databricks]'",
        )
    host = environment.engine.host or os.environ.get("DATABRICKS_HOST")
    if not host:
        return DoctorCheck(
            name=name, status="not run", detail=f"databricks-connect {client}; the workspace's address is in a profile"
        )
    address = urlsplit(host if "//" in host else f"https://{host}")
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        socket.create_connection((address.hostname or "", port), timeout=PATIENCE).close()
    except OSError as error:
        return DoctorCheck(
            name=name,
            status="failed",
            detail=f"nobody answers at {address.hostname}:{port}: {error.strerror or error}",
            remedy="Check engine.host and the network.",
        )
    return DoctorCheck(
        name=name, status="passed", detail=f"databricks-connect {client}, {address.hostname}:{port} takes connections"
    )


def secrets(found: Project) -> Iterator[DoctorCheck]:
    """Is a file of secrets kept from others and from git?"""
    path = found.dex_dir / "secrets.yaml"
    if not path.exists():
        return
    if os.name == "posix" and path.stat().st_mode & 0o077:
        yield DoctorCheck(name="secrets", status="failed", detail=f"others can read {path}", remedy=f"chmod 600 {path}")
    elif _ignored(found.root, path) is False:
        yield DoctorCheck(
            name="secrets",
            status="failed",
            detail=f"git would commit {path}",
            remedy="Add .dex/secrets.yaml to .gitignore.",
        )
    else:
        yield DoctorCheck(name="secrets", status="passed", detail=str(path))


def git(found: Project) -> Iterator[DoctorCheck]:
    """Does git leave alone what belongs to dex, and keep the source maps?"""
    if not found.exists:
        yield DoctorCheck(name="git", status="not run", detail="no project here")
        return
    runs, source_map = _ignored(found.root, found.dex_dir / "runs/x"), _ignored(found.root, found.dex_dir / "map/x")
    if runs is None or source_map is None:
        yield DoctorCheck(name="git", status="not run", detail="git is not installed, or this is no checkout")
    elif not runs:
        yield DoctorCheck(
            name="git",
            status="warning",
            detail="git would commit .dex: tables, runs and logs",
            remedy="Add to .gitignore: .dex/* and !.dex/map/",
        )
    elif source_map:
        yield DoctorCheck(
            name="git",
            status="warning",
            detail="git ignores .dex/map, which export and sync need",
            remedy="Write .gitignore as: .dex/* and !.dex/map/",
        )
    else:
        yield DoctorCheck(name="git", status="passed", detail=".dex is ignored, .dex/map is kept")


def code_tools(found: Project) -> Iterator[DoctorCheck]:
    """Do ruff, nbqa and jupytext leave notebooks whole?"""
    name = "ruff, nbqa, jupytext"
    try:
        report = fix_settings(found, check=True)
    except DexError as error:
        missing = error.code == "DEX-DOCTOR-02"
        yield DoctorCheck(
            name=name,
            status="not run" if missing else "warning",
            detail=f"{error.code}: {error.what}",
            remedy=error.remedy,
        )
        return
    if report.changes:
        files = ", ".join(change.file for change in report.changes)
        yield DoctorCheck(
            name=name,
            status="warning",
            detail=f"{files}: what keeps them from harming notebooks is not complete",
            remedy="dex doctor --fix",
        )
    else:
        yield DoctorCheck(name=name, status="passed", detail="set up for notebooks")
    for hint in report.hints:
        told, _, remedy = hint.partition(": ")
        yield DoctorCheck(
            name="nbstripout" if "nbstripout" in told else "jupytext", status="warning", detail=told, remedy=remedy
        )


def _ignored(root: Path, path: Path) -> bool | None:
    """Return whether git ignores a path; None where git cannot tell."""
    command = shutil.which("git")
    if command is None:
        return None
    done = subprocess.run(
        [command, "check-ignore", "-q", str(path)], cwd=root, capture_output=True, check=False, timeout=20
    )
    return {0: True, 1: False}.get(done.returncode)
