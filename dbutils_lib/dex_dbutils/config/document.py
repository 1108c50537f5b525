"""Reading one YAML file: plain values, and where in the file each of them stands."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

import yaml

from dex_dbutils.errors import ConfigError, Where

#: Where a value stands in the tree: ("engine", "type") or ("guard", "catalogs", 0).
KeyPath = tuple[Union[str, int], ...]

#: A file of configuration has far fewer values; more come from aliases of aliases (a "YAML bomb").
MOST_VALUES = 50_000


@dataclass(frozen=True)
class Position:
    """A place in a file; line and column are counted from 1."""

    file: str
    line: int
    column: int

    def where(self, path: KeyPath = ()) -> Where:
        """Return the place as errors carry it."""
        return Where(file=self.file, line=self.line, column=self.column, key=dotted(path) or None)


@dataclass
class Document:
    """The values of a file and the position of each.

    Attributes:
        values: dictionaries, lists, text, numbers, booleans and None only.
        positions: place of each value by its path; of a mapping's entry, its key's place. The root's path is ().
    """

    values: dict[str, Any] = field(default_factory=dict)
    positions: dict[KeyPath, Position] = field(default_factory=dict)


def dotted(path: KeyPath) -> str:
    """Return a path as people write it: ``engine.type``, ``guard.catalogs[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown_path(path: Path) -> str:
    """Return a path as the person would type it: relative to the working folder where it lies below."""
    try:
        return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
    except OSError:  # the working folder is gone
        return str(path)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml's parser, where it is there
    """YAML with the scalars of YAML 1.2's core schema.

    PyYAML's own are those of 1.1, where ``no`` is False, ``12:30`` is 750, ``010`` is 8 and ``2013-01-01`` is not text.
    """


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        (
            r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?(?:0|[1-9][0-9]*)[eE][-+]?[0-9]+"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
        "-+.0123456789",
    ),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))

_SCALAR_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "bool", "null", "int", "float"))


def read_document(path: Path) -> Document:
    """Return the values of a YAML file that holds one mapping.

    Raises:
        ConfigError: DEX-CONFIG-03, the file cannot be read or is not YAML; DEX-CONFIG-04, a key stands there twice.
    """
    file = shown_path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(
            "DEX-CONFIG-03", f"The file cannot be read: {error.strerror or error}.", Where(file=file), "Check the file."
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(
            "DEX-CONFIG-03", "The file is not UTF-8 text.", Where(file=file, line=line), "Save it as UTF-8."
        ) from error
    return parse_document(text, file)


def parse_document(text: str, file: str) -> Document:
    """Return the values of a YAML text that holds one mapping.

    Args:
        text: the text.
        file: name of its file, for positions and errors.

    Raises:
        ConfigError: DEX-CONFIG-03, it is not YAML; DEX-CONFIG-04, a key stands there twice.
    """
    return _Reader(file).read(text)


class _Reader:
    """Walks the nodes of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.document = Document()
        self.seen = 0

    def read(self, text: str) -> Document:
        try:
            loader = _Loader(text)
            try:
                root = loader.get_single_node()
                self.loader = loader
                values = {} if root is None else self._value(root, (), ())
            finally:
                loader.dispose()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self._broken(error.problem or error.context or "unreadable", mark) from error
        except yaml.YAMLError as error:
            raise self._broken(str(error).splitlines()[0]) from error
        except RecursionError as error:
            raise self._broken("values are nested too deeply") from error
        except (ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF", a version number of 5,000 digits
            raise self._broken(str(error)) from error
        if values is None:  # a file of comments only
            values = {}
        if not isinstance(values, dict):
            mark = root.start_mark if root else None
            raise self._broken("the file must hold keys and values, such as `catalog: local`", mark)
        self.document.values = values
        self.document.positions.setdefault((), Position(self.file, 1, 1))
        return self.document

    def _broken(self, problem: str, mark: yaml.Mark | None = None) -> ConfigError:
        where = Where(file=self.file, line=mark.line + 1, column=mark.column + 1) if mark else Where(file=self.file)
        return ConfigError(
            "DEX-CONFIG-03", f"The file is not valid YAML: {problem}.", where, "Correct the YAML at this place."
        )

    def _position(self, node: yaml.Node) -> Position:
        return Position(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _value(self, node: yaml.Node, path: KeyPath, parents: tuple[int, ...]) -> Any:
        self.seen += 1
        if self.seen > MOST_VALUES:
            raise self._broken(f"it holds more than {MOST_VALUES} values (aliases count each time)", node.start_mark)
        if id(node) in parents:
            raise self._broken("an alias stands inside its own anchor", node.start_mark)
        self.document.positions.setdefault(path, self._position(node))
        inside = (*parents, id(node))
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, path, inside)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self._value(item, (*path, index), inside) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        raise self._broken(f"the tag {node.tag!r} is not known", node.start_mark)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag == "tag:yaml.org,2002:merge":  # a lone `<<` that is not a key
            return node.value
        if node.tag not in _SCALAR_TAGS:
            raise self._broken(f"the tag {node.tag!r} is not known", node.start_mark)
        try:
            return self.loader.construct_object(node)
        except (ValueError, LookupError) as error:  # `!!int x`, `!!bool maybe`, a number of 5,000 digits
            raise self._broken(
                f"the value does not fit its type ({node.tag.rpartition(':')[2]})", node.start_mark
            ) from error

    def _mapping(self, node: yaml.MappingNode, path: KeyPath, inside: tuple[int, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        first: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged.extend(value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node])
                continue
            if not isinstance(key_node, yaml.ScalarNode) or not isinstance(key := self._scalar(key_node), str):
                raise self._broken("a key must be text (put it in quotes)", key_node.start_mark)
            if key in first:
                raise ConfigError(
                    "DEX-CONFIG-04",
                    f"The key '{key}' stands here and in line {first[key]}.",
                    self._position(key_node).where((*path, key)),
                    "Keep one of the two.",
                )
            first[key] = key_node.start_mark.line + 1
            self.document.positions.setdefault((*path, key), self._position(key_node))
            values[key] = self._value(value_node, (*path, key), inside)
        for source in merged:
            inherited = self._value(source, path, inside)
            if not isinstance(inherited, dict):
                raise self._broken("`<<` takes a mapping", source.start_mark)
            values = {**inherited, **values}
        return values
