"""Names of tables and paths: what a text names, and which of them are the same."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from dex_dbutils import DexError
from dex_dbutils.config import Project, environment_names, load_environment

from dex.graph.values import has_hole

#: Stands for the catalog of the environment: the schema behind it is a layer.
OF_ENVIRONMENT = "__dex_env__"
#: Stands for a frame that SQL is given by `spark.sql(..., name=frame)`.
FRAME = "__dex_frame__"
_PART = re.compile(r"`((?:[^`]|``)*)`|([^.`\s]+)")
_NAME = re.compile(rf"(?:{_PART.pattern})(?:\.(?:{_PART.pattern}))*")
_PARAMETER = re.compile(r"\{\w[\w.]*\}")
_GLOB = re.compile(r"[*?\[{]")
_SCHEMES = re.compile(r"^(dbfs:|file:)(?=/)|^/dbfs(?=/)")


@dataclass(frozen=True)
class Name:
    """What a text names.

    Attributes:
        kind: a table or view, files, or a whole schema.
        table: the table's own name; the path; nothing for a schema.
        schema: None where none was said.
        catalog: None where none was said or only the run knows it; `OF_ENVIRONMENT` for ``session.table``.
        unknown: the part of its text that only the run knows.
        by_parameter: that is its schema alone, which a parameter says whole.
    """

    kind: Literal["table", "path", "schema"]
    table: str
    schema: str | None = None
    catalog: str | None = None
    unknown: str = ""
    by_parameter: bool = False


#: What a table, a path or a schema is known by in every task: its kind, then the parts of its name.
Id = tuple[str, ...]


@dataclass
class Current:
    """The catalog and schema that hold for names without them, and the temporary views of the session."""

    catalog: str | None = None
    schema: str | None = None
    views: set[str] = field(default_factory=set)


def split_name(text: str) -> list[str]:
    """Return the parts of a dotted name, without backticks."""
    return [quoted.replace("``", "`") if quoted else plain for quoted, plain in _PART.findall(text)]


def is_dotted(text: str) -> bool:
    """Return whether a text is a name and nothing else, not a sentence that has one."""
    return _NAME.fullmatch(text.strip()) is not None


def table_name(parts: list[str], current: Current, unknown: str) -> Name:
    """Return the table that a dotted name names.

    Args:
        parts: one to three parts, the table's own name last.
        current: what holds for parts that are missing.
        unknown: source of what only the run knows in it; a catalog that is not known does not matter.
    """
    *above, table = [part.lower() for part in parts]
    schema = above[-1] if above else current.schema
    catalog = above[-2] if len(above) > 1 else current.catalog
    if schema == "live":  # a pipeline's own tables
        schema = None
    catalog = None if catalog and has_hole(catalog) else catalog
    lost = has_hole(table) or bool(schema and has_hole(schema))
    return Name("table", table, schema, catalog, unknown if lost else "")


def path_name(text: str, unknown: str) -> Name:
    """Return the files that a path names; from the first part that is a pattern on, all files below the folder."""
    plain = _SCHEMES.sub("", text.strip()).replace(OF_ENVIRONMENT, "{catalog}")
    parts = plain.split("/")
    cut = next((i for i, part in enumerate(parts) if _GLOB.search(_PARAMETER.sub("", part))), len(parts))
    return Name("path", "/".join(parts[:cut]).rstrip("/") or "/", unknown=unknown if has_hole(text) else "")


def overlap(one: str, other: str) -> bool:
    """Return whether one path is the other, or lies below it."""
    return one == other or one.startswith(other.rstrip("/") + "/") or other.startswith(one.rstrip("/") + "/")


def may_be_one_schema(one: str | None, other: str | None) -> bool:
    """Return whether two schemas may be the same: one is not said, or has a parameter that the other may fill."""
    if not one or not other:
        return True
    patterns = [".+".join(map(re.escape, _PARAMETER.split(each))) for each in (one, other)]
    return any(re.fullmatch(pattern, each) for pattern, each in zip(patterns, (other, one), strict=True))


class Layers:
    """Knows which schema of the project's environments is which layer.

    Args:
        project: its environments are asked.
    """

    def __init__(self, project: Project) -> None:
        self._layers: dict[str, str] = {}
        self._catalogs: set[str] = set()
        for name in environment_names(project) if project.exists else ():
            try:
                environment = load_environment(name, start=project.root)
            except DexError:
                continue  # an environment that cannot be used is `dex doctor`'s business
            self._catalogs.add(environment.catalog.lower())
            for layer in environment.schemas:
                self._layers[environment.schema_of(layer).lower()] = layer.lower()

    def layer(self, name: Name) -> str | None:
        """Return the layer, or the schema where it is none of the project's; None where none was said."""
        if name.schema is None or name.catalog == OF_ENVIRONMENT:
            return name.schema
        return self._layers.get(name.schema, name.schema)

    def foreign_catalog(self, name: Name) -> str | None:
        """Return the catalog where it is said and no environment's."""
        return None if name.catalog in (None, OF_ENVIRONMENT) or name.catalog in self._catalogs else name.catalog


def shown_id(name: Id) -> str:
    """Return a name as a person reads it."""
    return ".".join(part for part in name[1:] if part)
