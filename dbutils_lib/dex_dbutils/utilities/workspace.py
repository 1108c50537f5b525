"""``dbutils.fs`` and ``dbutils.secrets`` of a workspace, through the vendor's own SDK, which the person installs."""

from __future__ import annotations

import configparser
import contextlib
import os
import socket
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlsplit

from dex_dbutils.config import Environment
from dex_dbutils.errors import Where, WorkspaceError
from dex_dbutils.utilities.checks import ask
from dex_dbutils.utilities.named import Named
from dex_dbutils.utilities.secrets import Secret

#: Seconds that a workspace may take to accept a connection: the SDK alone would wait for minutes.
PATIENCE = 5.0
#: Where the functions of `dbutils.fs` that change something name what they change: position and name of the argument.
_CHANGED = {
    "cp": ((1, "to"),),
    "mkdirs": ((0, "dir"),),
    "mv": ((0, "from_"), (1, "to")),
    "put": ((0, "file"),),
    "rm": ((0, "dir"),),
}


def workspace_client(environment: Environment) -> Any:
    """Return the SDK's client for the workspace of an environment.

    Profile and host come from the environment's engine; what is not said there the SDK finds by its own rules, such
    as ``DATABRICKS_HOST`` and ``DATABRICKS_TOKEN``.

    Raises:
        WorkspaceError: DEX-WORKSPACE-01, the SDK is not installed; DEX-WORKSPACE-02, no way to log in;
            DEX-WORKSPACE-03, nobody answers.
    """
    try:
        from databricks.sdk import WorkspaceClient
        from databricks.sdk.config import Config
    except ImportError as error:
        raise WorkspaceError(
            "DEX-WORKSPACE-01",
            f"Files and secrets of environment '{environment.name}' are in a workspace, and databricks-sdk is not here.",
            Where(key="engine.type"),
            "pip install 'dex-dbutils[workspace]'",
        ) from error
    engine = environment.engine
    _probe(_host_of(environment), environment)  # before the SDK asks the host, and waits for minutes if nobody is there
    chosen = {key: value for key, value in {"profile": engine.profile, "host": engine.host}.items() if value}
    try:
        config = Config(**chosen)
    except Exception as error:
        first_line = (str(error) or type(error).__name__).splitlines()[0]
        raise WorkspaceError(
            "DEX-WORKSPACE-02",
            f"There is no way to log in to the workspace of environment '{environment.name}': {first_line}",
            Where(key="engine.profile" if engine.profile else "engine.host"),
            "Set engine.profile or engine.host in its file and log in, or set DATABRICKS_HOST and DATABRICKS_TOKEN.",
        ) from error
    return WorkspaceClient(config=config)


def _host_of(environment: Environment) -> str:
    """Return the host that the SDK will take, by its own order; empty where only the SDK can tell."""
    engine = environment.engine
    if engine.host:
        return engine.host
    profile = engine.profile or os.environ.get("DATABRICKS_CONFIG_PROFILE")
    if not engine.profile and os.environ.get("DATABRICKS_HOST"):
        return os.environ["DATABRICKS_HOST"]
    profiles = configparser.ConfigParser(interpolation=None)
    with contextlib.suppress(OSError, configparser.Error, UnicodeDecodeError):
        profiles.read(Path(os.environ.get("DATABRICKS_CONFIG_FILE", "~/.databrickscfg")).expanduser(), "utf-8")
        return profiles.get(profile or "DEFAULT", "host", fallback="")
    return ""


def _probe(host: str, environment: Environment) -> None:
    if not host:
        return
    address = urlsplit(host if "//" in host else f"https://{host}")
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        socket.create_connection((address.hostname or "", port), timeout=PATIENCE).close()
    except OSError as error:
        raise WorkspaceError(
            "DEX-WORKSPACE-03",
            f"Nobody answers at {host}: {error.strerror or error}.",
            Where(key="engine.host"),
            f"Check the address of environment '{environment.name}' and your network.",
        ) from error


class _OfWorkspace(Named):
    """A group of the SDK's utilities, with dex's errors."""

    _group = ""
    _offered: tuple[str, ...] = ()

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._found: Any = None

    def __getattr__(self, name: str) -> Any:
        """Return the SDK's function of that name."""
        if name not in self._offered:
            return super().__getattr__(name)
        return self._translating(name)

    def _names(self) -> list[str]:
        return sorted({*super()._names(), *self._offered})

    def _client(self) -> Any:
        if self._found is None:
            self._found = getattr(workspace_client(self._environment).dbutils, self._group)
        return self._found

    def _translating(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            function = getattr(self._client(), name)
            try:
                return function(*arguments, **named)
            except Exception as error:
                raise self._translated(name, error) from error

        call.__name__ = name
        return call

    def _translated(self, name: str, error: Exception) -> Exception:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        first_line = (str(error) or type(error).__name__).splitlines()[0]
        where = Where(key=f"{self._called}.{name}")
        if {"PermissionDenied", "Unauthenticated"} & kinds:
            return WorkspaceError(
                "DEX-WORKSPACE-04",
                f"The workspace refuses {self._called}.{name}: {first_line}",
                where,
                "Log in again, or ask for the right: READ on a scope, READ or WRITE VOLUME on a volume.",
            )
        if {"NotFound"} & kinds:
            return WorkspaceError(
                "DEX-WORKSPACE-05",
                f"The workspace does not have it: {first_line}",
                where,
                "Check the name; list what is there with ls, list or listScopes.",
            )
        return WorkspaceError(
            "DEX-WORKSPACE-06",
            f"{self._called}.{name} failed in the workspace: {type(error).__name__}: {first_line}",
            where,
            "Try again; if it stays, ask the workspace's administrator.",
        )


class WorkspaceFiles(_OfWorkspace):
    """``dbutils.fs`` of a workspace: DBFS and Volumes."""

    _called = "dbutils.fs"
    _group = "fs"
    _offered = ("cp", "head", "ls", "mkdirs", "mv", "put", "rm")

    def _translating(self, name: str) -> Callable[..., Any]:
        """Return the function, which asks the guard first where it changes something."""
        act = super()._translating(name)

        def call(*arguments: Any, **named: Any) -> Any:
            for position, key in _CHANGED.get(name, ()):
                path = arguments[position] if position < len(arguments) else named.get(key)
                ask(self._environment, f"{self._called}.{name}", str(path))
            return act(*arguments, **named)

        call.__name__ = name
        return call


class WorkspaceSecrets(_OfWorkspace):
    """``dbutils.secrets`` of a workspace."""

    _called = "dbutils.secrets"
    _group = "secrets"
    _offered = ("getBytes", "list", "listScopes")

    def get(self, scope: str, key: str) -> str:
        """Return a secret; its ``repr`` hides it.

        Raises:
            WorkspaceError: the workspace cannot be reached, refuses, or has no such secret.
        """
        return Secret(self._translating("get")(scope, key))
