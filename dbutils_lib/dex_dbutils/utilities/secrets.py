"""``dbutils.secrets`` of this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dex_dbutils.config import Project
from dex_dbutils.errors import UtilitiesError, Where
from dex_dbutils.utilities.named import Named

#: Names a file that holds secrets, instead of ``.dex/secrets.yaml`` of the project.
FILE_VARIABLE = "DEX_SECRETS_FILE"
_PREFIX = "DEX_SECRET_"


class Secret(str):
    """A secret's text: whole wherever it is used, hidden where a notebook or a log would show it by itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return a text without the secret."""
        return "'[REDACTED]'"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


@dataclass(frozen=True)
class SecretScope:
    """A scope of secrets."""

    name: str

    def getName(self) -> str:
        """Return its name."""
        return self.name


@dataclass(frozen=True)
class SecretMetadata:
    """The key of a secret."""

    key: str


#: Written out here, because inside the class below `list` is its method.
_Scopes = list[SecretScope]


class LocalSecrets(Named):
    """``dbutils.secrets`` from environment variables and a file.

    ``get("flights-prod", "api.token")`` is the variable ``DEX_SECRET_FLIGHTS_PROD_API_TOKEN``; else the value under
    ``flights-prod: {api.token: ...}`` in the file that ``DEX_SECRETS_FILE`` names, by default ``.dex/secrets.yaml`` of
    the project, which git ignores. The file must be readable by its owner alone.
    """

    _called = "dbutils.secrets"

    def __init__(self, project: Project) -> None:
        self._project = project

    def get(self, scope: str, key: str) -> str:
        """Return a secret; its ``repr`` hides it.

        Raises:
            UtilitiesError: DEX-UTIL-04, there is none; DEX-UTIL-05, the file cannot be used.
        """
        variable = variable_of(scope, key)
        found = os.environ.get(variable)
        if found is None:
            found = self._file().get(scope, {}).get(key)
        if found is None:
            raise UtilitiesError(
                "DEX-UTIL-04",
                f"There is no secret '{key}' in scope '{scope}' on this machine.",
                Where(key=variable),
                f"Set the variable {variable}, or write it under `{scope}:` in {self._path()}.",
            )
        return Secret(found)

    def getBytes(self, scope: str, key: str) -> bytes:
        """Return a secret as bytes.

        Raises:
            UtilitiesError: as `get`.
        """
        return str(self.get(scope, key)).encode("utf-8")

    def list(self, scope: str) -> list[SecretMetadata]:
        """Return the keys of a scope. Keys from variables are known only by their name there, in lower case.

        Raises:
            UtilitiesError: DEX-UTIL-04, there is no such scope; DEX-UTIL-05, the file cannot be used.
        """
        start = variable_of(scope, "")
        keys = {name[len(start) :].lower() for name in os.environ if name.startswith(start)}
        in_file = self._file().get(scope)
        known = {variable_of("", key) for key in in_file or {}}
        keys = {key for key in keys if variable_of("", key) not in known} | set(in_file or {})
        if not keys and in_file is None:
            raise UtilitiesError(
                "DEX-UTIL-04",
                f"There is no scope '{scope}' on this machine.",
                Where(key=f"{start}<KEY>"),
                f"Set variables {start}<KEY>, or write it into {self._path()}.",
            )
        return [SecretMetadata(key) for key in sorted(keys)]

    def listScopes(self) -> _Scopes:
        """Return the scopes of the file; a variable's name does not tell where its scope ends.

        Raises:
            UtilitiesError: DEX-UTIL-05, the file cannot be used.
        """
        return [SecretScope(name) for name in sorted(self._file())]

    def _path(self) -> Path:
        named = os.environ.get(FILE_VARIABLE)
        return Path(named).expanduser() if named else self._project.dex_dir / "secrets.yaml"

    def _file(self) -> dict[str, dict[str, str]]:
        path = self._path()
        if not path.is_file():
            if os.environ.get(FILE_VARIABLE):
                raise _unusable(path, "it does not exist", f"Unset {FILE_VARIABLE}, or make the file.")
            return {}
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise _unusable(path, "others can read it", f"chmod 600 {path}")
        import yaml

        try:
            values = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader) or {}
        except (OSError, ValueError, yaml.YAMLError) as error:
            # the parser's message may show the line: say the place alone
            mark = getattr(error, "problem_mark", None)
            where = Where(file=str(path), line=mark.line + 1 if mark is not None else None)
            raise UtilitiesError(
                "DEX-UTIL-05", "The file of secrets is not valid YAML.", where, "Correct it: scope, then key: value."
            ) from None
        if not isinstance(values, dict) or not all(
            isinstance(scope, dict) and all(isinstance(value, str) for value in scope.values())
            for scope in values.values()
        ):
            raise _unusable(path, "it must hold scopes, and below each `key: value`", "scope:\n  key: value")
        return values


def secret_values(project: Project) -> Iterator[tuple[str, str]]:
    """Return the secrets of this machine, for whoever wants to blot them out: the variable that may hold one, its value.

    A file that cannot be used gives none: what cannot be read is not known to the project's code either.
    """
    yield from ((name, value) for name, value in os.environ.items() if name.startswith(_PREFIX))
    try:
        scopes = LocalSecrets(project)._file()
    except (UtilitiesError, OSError):
        return
    for scope, keys in scopes.items():
        yield from ((variable_of(scope, key), value) for key, value in keys.items())


def variable_of(scope: str, key: str) -> str:
    """Return the name of the environment variable that may hold a secret."""
    parts = [re.sub(r"[^A-Z0-9]+", "_", part.upper()) for part in (scope, key)]
    return f"{_PREFIX}{'_'.join(parts)}" if scope else parts[1]


def _unusable(path: Path, reason: str, remedy: str) -> UtilitiesError:
    return UtilitiesError("DEX-UTIL-05", f"The file of secrets cannot be used: {reason}.", path, remedy)
