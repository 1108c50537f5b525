"""Files that Python's own modules touch; the text of those that the project has, such as its configuration, is known."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from dex.graph.models import How
from dex.graph.values import (
    Arguments,
    Class,
    Entries,
    Instance,
    Items,
    Scope,
    Unknown,
    Value,
    combined,
    has_hole,
    known,
    source,
    unknown,
)

if TYPE_CHECKING:
    from dex.graph.run import Run

#: A longer file is data, not configuration.
_LONGEST = 1_000_000
_LISTING = ("os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.iglob")
_MOVING = ("copy", "copy2", "copyfile", "copytree", "move", "rename", "replace")
_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "json.load": json.loads,
    "json.loads": json.loads,
    "yaml.load": yaml.safe_load,
    "yaml.full_load": yaml.safe_load,
    "yaml.safe_load": yaml.safe_load,
}
#: Methods of a path that write, or only read, its file; the others of these names are none of a text.
_OF_PATHS: Mapping[str, How] = {
    "read_text": "read",
    "read_bytes": "read",
    "write_text": "overwrite",
    "write_bytes": "overwrite",
    "mkdir": "create",
    "glob": "read",
    "rglob": "read",
    "iterdir": "read",
}


@dataclass(frozen=True)
class ProjectFile:
    """An open file of the project."""

    text: str


def file_function(run: Run, name: str, given: Arguments, node: ast.Call) -> Value | None:
    """Return what a function of `os`, `pathlib`, `glob`, `shutil`, `json` or `yaml` gives; None for any other."""
    module, _, last = name.rpartition(".")
    first = given.positional[0] if given.positional else None
    if name in ("os.getcwd", "pathlib.Path.cwd"):
        return known(run.folder.resolve().as_posix())
    if first is None:
        return None
    if name in ("os.path.join", "pathlib.Path", "pathlib.PurePath", "pathlib.PurePosixPath"):
        return _joined(run, given.positional)
    if name in ("os.path.abspath", "os.path.realpath", "os.path.normpath"):
        return first
    if name == "os.path.dirname":
        return combined([first], lambda path: _folder(path, source(node)))
    if name in _PARSERS:
        return combined([first], lambda text: _parsed(text, _PARSERS[name], source(node)))
    if name in _LISTING:
        run.use("read", first, run.at(node), "path")
        whole = first if module == "glob" else known("")
        made = known(Items([entry(run, whole, node)]))
        return known(Items([known(Items([first, made, made]))])) if last == "walk" else made
    if module in ("shutil", "os") and last in _MOVING and len(given.positional) > 1:
        run.use("read", first, run.at(node), "path")
        run.use("append", given.positional[1], run.at(node), "path")
        return unknown(source(node))
    if name in ("os.makedirs", "os.mkdir"):
        run.use("create", first, run.at(node), "path")
        return known(None)
    return None


def of_path(run: Run, owner: str, name: str, given: Arguments, node: ast.Call) -> Value | None:
    """Return what a method of a path gives; None for any other."""
    path = known(owner)
    if name == "joinpath":
        return _joined(run, [path, *given.positional])
    if name in ("as_posix", "resolve", "absolute", "expanduser"):
        return path
    if name == "open":
        return opened(run, path, given.get(0, "mode"), node)
    if name not in _OF_PATHS:
        return None
    if name == "read_text" and (text := _text(run, owner)) is not None:
        return known(text)
    run.use(_OF_PATHS[name], path, run.at(node), "path")
    return known(Items([entry(run, path, node)])) if "glob" in name or name == "iterdir" else unknown(source(node))


def opened(run: Run, path: Value, mode: Value | None, node: ast.Call) -> Value:
    """Return what `open` gives, and note which file it reads or writes."""
    only_reads = mode is None or (isinstance(mode.one, str) and not set(mode.one) & set("wax+"))
    text = _text(run, path.one) if only_reads and isinstance(path.one, str) else None
    if text is not None:
        return Value((ProjectFile(text),), path.assumed)
    run.use("read" if only_reads else "overwrite", path, run.at(node), "path")
    return unknown(source(node))


def of_project_file(file: ProjectFile, name: str) -> Value | None:
    """Return what a method of an open file gives; None for any other."""
    if name == "readlines":
        return known(Items([known(line) for line in file.text.splitlines(keepends=True)]))
    return known(file.text) if name == "read" else None


def entry(run: Run, folder: Value, node: ast.AST) -> Value:
    """Return what stands for every file of a folder that is listed."""
    name = Unknown(f"a file of `{source(node)}`", entry=True)
    return _joined(run, [folder, known(name)]) if folder.one != "" else known(name)


def file_info(run: Run, folder: Value, node: ast.AST) -> Value:
    """Return what stands for every entry of `dbutils.fs.ls`."""
    kind = Class(ast.ClassDef("FileInfo", [], [], [], []), Scope())
    return known(Instance(kind, {"path": entry(run, folder, node), "name": entry(run, known(""), node)}))


def _joined(run: Run, parts: list[Value]) -> Value:
    def join(*texts: Any) -> str:
        found = ""
        for text in map(run.holes.text, texts):
            found = text if not found or text.startswith("/") else f"{found.rstrip('/')}/{text}"
        return found

    return combined(parts, join)


def _folder(path: Any, text: str) -> Any:
    return path.rpartition("/")[0] if isinstance(path, str) and "/" in path else Unknown(text)


def _parsed(text: Any, parse: Callable[[str], Any], shown: str) -> Any:
    """Return what a text of JSON or YAML holds."""
    plain = text.text if isinstance(text, ProjectFile) else text
    try:
        return _of_plain(parse(plain))
    except (TypeError, ValueError, AttributeError, RecursionError, yaml.YAMLError):
        return Unknown(shown)


def _of_plain(value: Any) -> Any:
    if isinstance(value, dict):
        return Entries({key: known(_of_plain(each)) for key, each in value.items()})
    return Items([known(_of_plain(each)) for each in value]) if isinstance(value, list) else value


def _text(run: Run, path: str) -> str | None:
    """Return the text of a file of the project; None for any other.

    Relative paths begin at the folder of the task's notebook, also in one that it runs.
    """
    if has_hole(path):
        return None
    root = run.root.resolve()
    for folder in dict.fromkeys((run.folder, run.path.parent, root)):
        try:
            file = (folder / Path(path)).resolve()
            if file.is_file() and file.is_relative_to(root) and file.stat().st_size <= _LONGEST:
                return file.read_text("utf-8")
        except (OSError, ValueError):
            continue
    return None
