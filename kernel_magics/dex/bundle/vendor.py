"""The platform's own command-line tool, where the person has one: found, asked, and its traps kept away.

dex does not deploy by itself: it shows the plan, calls ``databricks bundle ...``, and says what that leaves out.
"""

from __future__ import annotations

import configparser
import csv
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dex_dbutils import BundleError, WorkspaceError
from dex_dbutils.config import environment_names, find_project, load_environment

from dex.bundle.effective import Bundle

#: Variable that names the tool where it is not the ``databricks`` of PATH.
CLI_VARIABLE = "DEX_DATABRICKS_CLI"
#: The first version whose deployments need no other program.
OLDEST = (1, 3, 0)
#: Seconds for a question to the tool, for a deployment, and for the workspace's door to open.
ASK, DEPLOY, KNOCK = 120.0, 1_800.0, 5.0
#: Variables by which a person says which workspace is meant.
_NAMES_A_WORKSPACE = ("DATABRICKS_HOST", "DATABRICKS_CONFIG_PROFILE")
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class Answer:
    """What the tool said.

    Attributes:
        code: its exit code.
        stdout: its document, or its text.
        stderr: its warnings and progress.
    """

    code: int
    stdout: str
    stderr: str

    def document(self) -> dict[str, Any]:
        """Return its JSON.

        Raises:
            WorkspaceError: DEX-BUNDLE-43, it failed, or said no JSON.
        """
        self.must_be_done()
        try:
            told: dict[str, Any] = json.loads(self.stdout)
        except ValueError as error:
            raise WorkspaceError(
                "DEX-BUNDLE-43",
                f"The databricks tool answered no JSON: {self.stdout[:200]!r}.",
                remedy="Update the tool.",
            ) from error
        return told

    def must_be_done(self) -> None:
        """Raise what the tool failed with.

        Raises:
            WorkspaceError: DEX-BUNDLE-43.
        """
        if self.code:
            lines = [line for line in (self.stderr or self.stdout).strip().splitlines() if line.strip()]
            said = "\n".join(lines[-12:]) or f"exit code {self.code}, and nothing said"
            raise WorkspaceError("DEX-BUNDLE-43", f"The databricks tool failed: {said}", remedy="Mend what it names.")


@dataclass(frozen=True)
class VendorCli:
    """The tool.

    Attributes:
        path: the program.
        version: such as (1, 13, 0).
    """

    path: str
    version: tuple[int, int, int]

    def ask(self, bundle: Bundle, *words: str, timeout: float = ASK) -> Answer:
        """Call the tool in a bundle's folder for its target, and return what it said.

        Args:
            bundle: the bundle, as its target makes it.
            words: the command, such as ``bundle plan -o json``.
            timeout: seconds after which it is ended: it tries an unreachable host for minutes.

        Raises:
            WorkspaceError: DEX-BUNDLE-42, it took too long.
            KeyboardInterrupt: it was interrupted, and has ended.
        """
        target = ["-t", bundle.target] if bundle.target and words[:1] == ("bundle",) else []
        command = [self.path, *words[:2], *target, *words[2:]] if target else [self.path, *words]
        child = subprocess.Popen(
            command,
            cwd=bundle.root,
            env={**os.environ, **configured_workspace(bundle, os.environ)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            _end(child)
            raise WorkspaceError(
                "DEX-BUNDLE-42",
                f"`databricks {' '.join(words[:2])}` did not end within {timeout:g} s.",
                remedy="See whether the workspace can be reached: databricks current-user me.",
            ) from error
        except BaseException:
            _end(child)
            raise
        return Answer(child.returncode, out, err)


def find_cli() -> VendorCli:
    """Return the person's tool.

    Raises:
        BundleError: DEX-BUNDLE-40, there is none; DEX-BUNDLE-41, it is the old Python one, or too old.
    """
    path = os.environ.get(CLI_VARIABLE) or shutil.which("databricks")
    if path is None or shutil.which(path) is None:
        raise BundleError(
            "DEX-BUNDLE-40",
            f"There is no databricks command-line tool{f' at {path}' if path else ''}; it deploys and runs bundles.",
            remedy=f"Install it from its vendor, or name it in {CLI_VARIABLE}. "
            "Without it: dex bundle validate, dex job run, dex export.",
        )
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=30)
    found = _VERSION.search(done.stdout + done.stderr)
    version = (int(found[1]), int(found[2]), int(found[3])) if found else (0, 0, 0)
    if version < OLDEST:
        shown = ".".join(map(str, version)) if found else "unknown"
        old = "the old Python tool, which has no bundles" if version < (0, 100, 0) else "too old"
        raise BundleError(
            "DEX-BUNDLE-41",
            f"{path} has version {shown}: {old}.",
            remedy=f"Install version {'.'.join(map(str, OLDEST))} or later, or name another in {CLI_VARIABLE}.",
        )
    return VendorCli(path, version)


def configured_workspace(bundle: Bundle, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that name the workspace of the target's environment, where nothing else names one.

    The environment's ``engine`` in ``config/<target>.yaml`` says which profile or host it is; ``databricks.yml`` names
    none, so that it can be deployed from machines that have no such profile.

    Args:
        bundle: the bundle, as its target makes it.
        variables: of the process that calls the tool.
    """
    workspace = bundle.tree.get("workspace")
    named = workspace is not None and any(workspace.get(key) is not None for key in ("host", "profile"))
    if named or bundle.target is None or any(variables.get(key) for key in _NAMES_A_WORKSPACE):
        return {}
    project = find_project(bundle.root)
    if not project.exists or bundle.target not in environment_names(project):
        return {}
    engine = load_environment(bundle.target, start=project.root).engine
    if engine.profile:
        return {"DATABRICKS_CONFIG_PROFILE": engine.profile}
    return {"DATABRICKS_HOST": engine.host} if engine.host else {}


def check_host(bundle: Bundle, variables: Mapping[str, str] | None = None) -> str | None:
    """Return the address of the workspace that a target is for, once its door has opened; None where nothing names it.

    Args:
        bundle: the bundle, as its target makes it.
        variables: the process' environment, if not this one's.

    Raises:
        BundleError: DEX-BUNDLE-44, the file names another workspace than DATABRICKS_HOST: the token would go to that.
        WorkspaceError: DEX-BUNDLE-42, nobody answers there.
    """
    given = os.environ if variables is None else variables
    given = {**given, **configured_workspace(bundle, given)}
    workspace = bundle.tree.get("workspace")
    named = workspace.text("host") if workspace else None
    profile = (workspace.text("profile") if workspace else None) or given.get("DATABRICKS_CONFIG_PROFILE")
    outside = given.get("DATABRICKS_HOST")
    if named and outside and _door(named) != _door(outside) and given.get("DATABRICKS_TOKEN"):
        raise BundleError(
            "DEX-BUNDLE-44",
            f"Target '{bundle.target}' names the workspace {named}, and DATABRICKS_HOST names {outside}: "
            "the token of this environment would go to the first.",
            remedy="Take `workspace.host` out of the file, or unset DATABRICKS_HOST and DATABRICKS_TOKEN.",
        )
    host = named or outside or _host_of(profile, given)
    if host is not None:
        door = _door(host)
        try:
            socket.create_connection(door, timeout=KNOCK).close()
        except OSError as error:
            raise WorkspaceError(
                "DEX-BUNDLE-42",
                f"Nobody answers at {host}: {error}.",
                remedy="Check the address, the network and the proxy.",
            ) from error
    return host


def _door(host: str) -> tuple[str, int]:
    parts = urlsplit(host if "//" in host else f"https://{host}")
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


def _host_of(profile: str | None, variables: Mapping[str, str]) -> str | None:
    path = Path(variables.get("DATABRICKS_CONFIG_FILE") or Path.home() / ".databrickscfg")
    profiles = configparser.ConfigParser()
    try:
        profiles.read(path, encoding="utf-8")
    except (OSError, configparser.Error, UnicodeDecodeError):
        return None
    return profiles.get(profile or "DEFAULT", "host", fallback=None)


def _end(child: subprocess.Popen[str]) -> None:
    for sent, patience in ((signal.SIGINT, 10.0), (signal.SIGKILL, 10.0)):
        try:
            os.killpg(child.pid, sent)
            child.communicate(timeout=patience)
            return
        except (ProcessLookupError, PermissionError):
            child.wait()
            return
        except subprocess.TimeoutExpired:
            continue


def words_of(flag: str, values: Mapping[str, str]) -> list[str]:
    """Return the words that give values by name to the tool, which reads each as a line of CSV.

    Example:
        >>> words_of("--var", {"days": "1,2"})
        ['--var', '"days=1,2"']
    """
    words: list[str] = []
    for name, value in values.items():
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow([f"{name}={value}"])
        words += [flag, line.getvalue()]
    return words
