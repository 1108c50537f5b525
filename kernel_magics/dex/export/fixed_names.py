"""Tables that a notebook names with their catalog, their schema or their environment, so that no environment turns the name."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from functools import cached_property

from dex_dbutils import DexError
from dex_dbutils.config import Project, environment_names, load_environment

from dex.export.own_names import in_sql, read_by
from dex.export.pieces import Log, Piece
from dex.export.purity import parse_sql

_REMEDY = "`get_table_name` gives the one of the environment"
_NAMING = ("table", "saveAsTable", "insertInto", "writeTo", "toTable")


def note_fixed_names(pieces: list[Piece], log: Log, project: Project) -> None:
    """Note each table once that is named past the environment, at the first statement that names it.

    Args:
        pieces: the notebook's statements.
        log: takes the notes.
        project: a name in two parts is noted where the schema of that layer has another name in an environment of it.
    """
    seen: set[str] = set()
    layers = _Layers(project)
    for piece in pieces:
        if piece.place == "drop" or piece.node is None:
            continue
        for name, remedy in [*_fixed(piece.node), *_past_a_layer(piece.node, layers)]:
            if name not in seen:
                seen.add(name)
                log.note(piece, f"`{name}` is the same table in every environment: {remedy}")


class _Layers:
    """The layers of a project whose schemas have several names.

    Args:
        project: its environments are asked, once.
    """

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def _names(self) -> dict[str, dict[str, str]]:
        """The name of each layer's schema by environment."""
        found: dict[str, dict[str, str]] = {}
        for name in environment_names(self._project) if self._project.exists else ():
            with contextlib.suppress(DexError):  # one that cannot be used is `dex doctor`'s business
                environment = load_environment(name, start=self._project.root)
                for layer in environment.schemas:
                    found.setdefault(layer, {})[name] = environment.schema_of(layer)
        return found

    def elsewhere(self, schema: str) -> tuple[str, list[str]]:
        """Return the layer that a schema is in some environment, and the environments where that has another one."""
        for layer, names in self._names.items():
            if schema.lower() in (name.lower() for name in names.values()):
                return layer, [env for env, name in names.items() if name.lower() != schema.lower()]
        return "", []


def _past_a_layer(node: ast.AST, layers: _Layers) -> Iterator[tuple[str, str]]:
    """Yield names in two parts that are a layer's table in one environment and not in another."""
    for call in [call for call in ast.walk(node) if isinstance(call, ast.Call)]:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        own = in_sql(call.args[0]) if name == "sql" and call.args else read_by(call)
        written = (
            [call.args[0].value] if name in _NAMING and call.args and isinstance(call.args[0], ast.Constant) else []
        )
        for text in dict.fromkeys([*own.reads, *own.writes, *map(str, written)]):
            schema, _, table = text.replace("`", "").partition(".")
            layer, others = layers.elsewhere(schema) if table and "." not in table else ("", [])
            if others:
                yield (
                    text,
                    f'{" and ".join(others)} has another schema; `session.table("{layer}", "{table}")` gives its own',
                )


def _fixed(node: ast.AST) -> list[tuple[str, str]]:
    """Return the names that stay the same, each with what gives the one of the environment."""
    found: list[tuple[str, str]] = []
    for call in ast.walk(node):
        if not (isinstance(call, ast.Call) and call.args):
            continue
        first = call.args[0]
        if isinstance(call.func, ast.Name) and call.func.id == "get_table_name" and isinstance(first, ast.Constant):
            found.append((ast.unparse(call), "`session.table(layer, table)` gives the one of the environment"))
        if not isinstance(call.func, ast.Attribute):
            continue
        if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
            continue
        if call.func.attr in _NAMING and first.value.count(".") >= 2:
            found.append((first.value, _REMEDY))
        elif call.func.attr == "sql" and first.value.count(".") >= 2:
            found += [(name, _REMEDY) for name in _in_sql(first.value)]
    return found


def _in_sql(text: str) -> list[str]:
    from sqlglot import exp

    tables = [table for tree in parse_sql(text) or [] if tree is not None for table in tree.find_all(exp.Table)]
    return [f"{table.catalog}.{table.db}.{table.name}" for table in tables if table.catalog]
