"""``${...}`` in configuration values: the machine's environment, the user, the git branch, other keys."""

from __future__ import annotations

import difflib
import getpass
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable

from dex_dbutils.config.document import KeyPath, Position, dotted
from dex_dbutils.errors import ConfigError, Where

#: ``$${`` stands for a literal ``${``; everything else between ``${`` and ``}`` is a reference.
REFERENCE = re.compile(r"\$\$\{|\$\{([^${}]*)\}")
_REFERENCE_START = re.compile(r"(?<!\$)\$\{")


def interpolate(
    values: dict[str, Any],
    *,
    positions: Mapping[KeyPath, Position] | None = None,
    root: Path | None = None,
    environ: Mapping[str, str] | None = None,
    user: str | None = None,
) -> dict[str, Any]:
    """Return the values with every reference replaced; the argument is not changed.

    A value that is one reference and nothing else takes the type of what it refers to; inside other text the
    referred value must be text, a number or a boolean.

    Args:
        values: the merged configuration.
        positions: where each value stands, for errors.
        root: folder of the project, where ``${git:branch}`` is read.
        environ: environment variables; those of this process by default.
        user: what ``${user}`` stands for; `user_name` by default.

    Raises:
        ConfigError: DEX-CONFIG-10, a reference to nothing; DEX-CONFIG-11, references in a circle.
    """
    return _Interpolation(values, positions or {}, root, os.environ if environ is None else environ, user).all()


def user_name() -> str:
    """Return the user's short name as it can stand in a table name: ``Jo.Doe@example.org`` is ``jo_doe``.

    It is what DEX_USER says; inside Databricks, where every process is the machine's, whose run it is; else the user of
    this process.
    """
    name = os.environ.get("DEX_USER") or _user_of_run()
    if not name:
        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # a container's user without an entry in the user table
            name = f"user{os.getuid()}" if hasattr(os, "getuid") else "user"
    return _name_part(name.split("@")[0])


def _user_of_run() -> str | None:
    """Return the user that a run inside Databricks is of, as its Spark session knows; None elsewhere."""
    if not os.environ.get("DATABRICKS_RUNTIME_VERSION"):
        return None
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        return None
    return str(SparkSession.builder.getOrCreate().sql("SELECT current_user()").first()[0])


def git_branch(root: Path) -> str | None:
    """Return the checked-out branch as it can stand in a table name; None outside of a git checkout.

    Read from git's files, so that no git need be installed. A detached checkout gives ``detached_<commit>``.
    """
    for folder in (root, *root.parents):
        git = folder / ".git"
        try:
            if git.is_file():  # a worktree or submodule: "gitdir: <folder>"
                git = folder / git.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
            head = (git / "HEAD").read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            continue
        prefix = "ref: refs/heads/"
        return _name_part(head[len(prefix) :] if head.startswith(prefix) else f"detached_{head[:8]}")
    return None


def _name_part(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_") or "user"


class _Interpolation:
    def __init__(
        self,
        values: dict[str, Any],
        positions: Mapping[KeyPath, Position],
        root: Path | None,
        environ: Mapping[str, str],
        user: str | None,
    ) -> None:
        self.values = values
        self.positions = positions
        self.environ = environ
        self.root = root
        self.done: dict[KeyPath, Any] = {}
        self.special: dict[str, Callable[[], str | None]] = {
            "user": user_name if user is None else lambda: user,
            "git:branch": lambda: git_branch(root or Path.cwd()),
        }

    def all(self) -> dict[str, Any]:
        return {key: self._resolve(value, (key,), ()) for key, value in self.values.items()}

    def _resolve(self, value: Any, path: KeyPath, inside: tuple[KeyPath, ...]) -> Any:
        if path in self.done:
            return self.done[path]
        if path in inside:
            circle = " -> ".join(dotted(step) for step in (*inside[inside.index(path) :], path))
            raise ConfigError(
                "DEX-CONFIG-11",
                f"Values refer to each other in a circle: {circle}.",
                self._where(path),
                "Write one of them out.",
            )
        inside = (*inside, path)
        result: Any
        if isinstance(value, dict):
            result = {key: self._resolve(item, (*path, key), inside) for key, item in value.items()}
        elif isinstance(value, list):
            result = [self._resolve(item, (*path, index), inside) for index, item in enumerate(value)]
        elif isinstance(value, str):
            result = self._text(value, path, inside)
        else:
            result = value
        self.done[path] = result
        return result

    def _text(self, text: str, path: KeyPath, inside: tuple[KeyPath, ...]) -> Any:
        whole = REFERENCE.fullmatch(text)
        if whole and whole.group(1) is not None:
            return self._reference(whole.group(1).strip(), path, inside)
        pieces: list[str] = []
        end = 0
        for match in REFERENCE.finditer(text):
            pieces.append(self._literal(text[end : match.start()], path))
            end = match.end()
            name = match.group(1)
            pieces.append("${" if name is None else self._embedded(name.strip(), path, inside))
        pieces.append(self._literal(text[end:], path))
        return "".join(pieces)

    def _literal(self, text: str, path: KeyPath) -> str:
        if _REFERENCE_START.search(text):
            raise self._unknown(path, "A '${' has no closing brace.", "Close it; write '$${' for a literal '${'.")
        return text

    def _embedded(self, name: str, path: KeyPath, inside: tuple[KeyPath, ...]) -> str:
        value = self._reference(name, path, inside)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (str, int, float)):
            return str(value)
        raise self._unknown(path, f"'${{{name}}}' is not a single value.", "Refer to one of the keys below it.")

    def _reference(self, name: str, path: KeyPath, inside: tuple[KeyPath, ...]) -> Any:
        if name.startswith("env:"):
            return self._variable(name[len("env:") :], path)
        if name in self.special:
            value = self.special[name]()
            if value is None:
                raise self._unknown(path, f"'${{{name}}}': this is not a git checkout.", "Write the value out.")
            return value
        target: KeyPath = tuple(name.split("."))
        found: Any = self.values
        for index, part in enumerate(target):
            if isinstance(found, dict) and (rest := ".".join(str(p) for p in target[index:])) in found:
                # a key may hold dots itself, as Spark's settings do
                found, target = found[rest], (*target[:index], rest)
                break
            if not isinstance(found, dict) or part not in found:
                raise self._unknown(path, f"'${{{name}}}' refers to nothing.", self._nearest(name))
            found = found[part]
        return self._resolve(found, target, inside)

    def _variable(self, name: str, path: KeyPath) -> str:
        if name not in self.environ:
            raise self._unknown(
                path,
                f"The environment variable '{name}' is not set.",
                f"Set it: export {name}=..., or write the value out.",
            )
        return self.environ[name]

    def _nearest(self, name: str) -> str:
        near = difflib.get_close_matches(name, [*_keys(self.values), *self.special], n=1)
        hint = f"Did you mean '${{{near[0]}}}'? " if near else ""
        return f"{hint}Known: ${{env:NAME}}, ${{user}}, ${{git:branch}} and other keys; '$${{' is a literal '${{'."

    def _unknown(self, path: KeyPath, what: str, remedy: str) -> ConfigError:
        return ConfigError("DEX-CONFIG-10", what, self._where(path), remedy)

    def _where(self, path: KeyPath) -> Where:
        position = self.positions.get(path)
        return position.where(path) if position else Where(key=dotted(path))


def _keys(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from _keys(value, f"{prefix}{key}.")
