"""What a platform's notebook has without binding it: readers, writers, `dbutils`, and the names of dex_dbutils."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dex.graph.files import opened
from dex.graph.models import How
from dex.graph.names import FRAME, OF_ENVIRONMENT
from dex.graph.utilities import utilities_call
from dex.graph.values import Entries, Unknown, Value, as_function, known, source, unknown

if TYPE_CHECKING:
    from dex.graph.run import Run
    from dex.graph.values import Arguments

_FILES = frozenset("load csv json parquet orc text xml avro delta textFile wholeTextFiles binaryFiles".split())
_VIEWS = frozenset(
    "createOrReplaceTempView createTempView createGlobalTempView createOrReplaceGlobalTempView registerTempTable".split()
)
_PANDAS_FILES = frozenset("csv parquet json excel orc feather pickle delta".split())
_CHANGES = frozenset("merge update delete restoreToVersion restoreToTimestamp replaceWhere".split())
#: What reads a Delta table, or looks after one which somebody else fills.
_CARE = ("toDF", "optimize", "vacuum")
#: Words of a writer's mode, and of a stream's output, as what they do to a table.
_MODES: Mapping[str, How] = {"append": "append", "ignore": "create", "complete": "overwrite", "update": "change"}
_TARGETS: Mapping[str, How] = {
    "append": "append",
    "overwrite": "change",
    "overwritePartitions": "change",
    "create": "overwrite",
    "replace": "overwrite",
    "createOrReplace": "overwrite",
}


@dataclass(frozen=True)
class Reader:
    """`spark.read` and `spark.readStream`."""

    path: Value | None = None


@dataclass(frozen=True)
class Writer:
    """`frame.write` and `frame.writeStream`."""

    how: How = "overwrite"
    path: Value | None = None


@dataclass(frozen=True)
class Target:
    """`frame.writeTo(name)`."""

    name: Value


@dataclass(frozen=True)
class Delta:
    """A `DeltaTable`, by the name or path that it was made of."""

    name: Value
    kind: Any = "table"


def platform_attribute(owner: Any, name: str, text: str) -> Value:
    """Return an attribute of something that the platform gives."""
    if isinstance(owner, Unknown):
        if name in ("read", "readStream"):
            return known(Reader())
        if name in ("write", "writeStream"):
            return known(Writer("overwrite" if name == "write" else "append"))
        return Value((Unknown(f"{owner.text}.{name}", outside=owner.outside),))
    if isinstance(owner, Reader | Writer | Target | Delta):
        return known(owner)
    return unknown(text)


def known_call(run: Run, name: str, given: Arguments, node: ast.Call, owner: Any = None) -> Value | None:
    """Return what a function gives that is known by its name, wherever it comes from; None for any other."""
    count = len(given.positional)
    if name == "get_table_name" and count + len(given.named) == 3:
        return _layer_table(run, given.get(1, "layer"), given.get(2, "table"))
    if name == "table_name" and count == 2:
        return _layer_table(run, given.positional[0], given.positional[1])
    if name in ("schema_of", "schema_name") and count == 1:  # of an environment: the name of a layer stands for both
        layer = given.positional[0]
        above = f"{OF_ENVIRONMENT}." if name == "schema_name" else ""
        return Value(tuple(above + _quoted(run.holes.text(each)) for each in layer.alternatives), layer.assumed)
    if name in ("forName", "forPath") and count:
        value = given.get(1, "tableOrViewName", "path") or given.positional[-1]
        return known(Delta(value, "table" if name == "forName" else "path"))
    if name == "tableName" and count == 1:
        run.use("create", given.positional[0], run.at(run.line))
        return unknown(source(node))
    if owner is None and name in ("sql", "table") and count and isinstance(node.func, ast.Name):
        return _spark(run, Unknown("spark"), name, given, node)
    if owner is None and name == "getArgument" and count:
        return utilities_call(run, Unknown("dbutils.widgets"), name, given, node)
    if owner is None and name == "open" and count and not given.positional[0].is_unknown:
        return opened(run, given.positional[0], given.get(1, "mode"), node)
    verb, _, kind = name.partition("_")
    if kind == "table" and verb in ("read", "to") and (named := given.get(0, "name")) is not None:
        run.use("read" if verb == "read" else "overwrite", named, run.at(run.line))
        return unknown(source(node))
    if kind in _PANDAS_FILES and verb in ("read", "to"):
        path = given.get(0, "path", "path_or_buf", "filepath_or_buffer", "io")
        if path is not None and not path.is_unknown:
            run.use("read" if verb == "read" else "overwrite", path, run.at(run.line), "path")
            return unknown(source(node))
    return None


def platform_call(run: Run, owner: Any, name: str, given: Arguments, node: ast.Call) -> Value | None:
    """Return what a method gives that the platform's objects have; None for any other."""
    kinds: Mapping[type[Any], Callable[..., Value | None]] = {
        Reader: _reader,
        Writer: _writer,
        Target: _target,
        Delta: _delta,
        Unknown: _spark,
    }
    answer = kinds.get(type(owner))
    return answer(run, owner, name, given, node) if answer is not None else None


def _layer_table(run: Run, layer: Value | None, table: Value | None) -> Value:
    """Return the name of a table in a layer of the environment."""
    if layer is None or table is None:
        return unknown("the name of a table")
    texts = tuple(
        ".".join((OF_ENVIRONMENT, _quoted(run.holes.text(one)), _quoted(run.holes.text(other))))
        for one in layer.alternatives
        for other in table.alternatives
    )
    return Value(texts, layer.assumed | table.assumed)


def _quoted(part: str) -> str:
    return part if part.replace("_", "a").isalnum() else f"`{part}`"


def _spark(run: Run, owner: Unknown, name: str, given: Arguments, node: ast.Call) -> Value | None:
    """Read a method of a session, a frame, or `dbutils`."""
    first = given.get(0, "tableName", "name", "sqlQuery")
    text = source(node)
    place = run.at(run.line)
    if name in ("table", "read") and len(given.positional) + len(given.named) == 2 and not name.startswith("_"):
        named = _layer_table(run, given.get(0, "layer"), given.get(1, "table"))
        if name == "table":
            return named
        run.use("read", named, place)
        return unknown(text)
    if name == "table" and first is not None:
        run.use("read", first, place)
        return unknown(text)
    if name == "sql" and first is not None:
        from dex.graph.sql import read_sql

        arguments = given.get(1, "args")
        frames = {k: _argument(v) for k, v in given.named.items() if k not in ("args", "sqlQuery")}
        entries = arguments.one.values if arguments is not None and isinstance(arguments.one, Entries) else {}
        for each in first.alternatives:
            read_sql(run, _filled(run.holes.text(each), frames), place, entries, first.assumed)
        return unknown(text)
    if name in _VIEWS and first is not None:
        run.view(first, place)
        return unknown(text)
    if name == "writeTo" and first is not None:
        return known(Target(first))
    if name == "mergeInto" and (target := given.get(0, "table")) is not None:
        return known(Delta(target))
    if name in ("saveAsTable", "insertInto", "toTable"):
        return _writer(run, Writer("append" if name == "toTable" else "overwrite"), name, given, node)
    return utilities_call(run, owner, name, given, node)


def _argument(value: Value) -> str:
    return value.one if isinstance(value.one, str) else FRAME


def _filled(sql: str, frames: Mapping[str, str]) -> str:
    """Return SQL with the names in braces that `spark.sql(..., name=value)` gives."""
    for name, text in frames.items():
        sql = sql.replace("{" + name + "}", text)
    return sql


def _reader(run: Run, reader: Reader, name: str, given: Arguments, node: ast.Call) -> Value:
    if name == "table" and given.all:
        run.use("read", given.all[0], run.at(run.line))
        return unknown(source(node))
    if (option := _path_option(name, given)) is not None:
        return known(replace(reader, path=option))
    if name in _FILES:
        several = given.positional if name == "parquet" else []
        path = given.get(0, "path", "paths") or reader.path
        for each in several or ([path] if path is not None else []):
            run.use("read", each, run.at(run.line), "path")
        return unknown(source(node))
    return unknown(source(node)) if name in ("jdbc", "changes") else known(reader)


def _writer(run: Run, writer: Writer, name: str, given: Arguments, node: ast.Call) -> Value:
    place = run.at(run.line)
    first = given.get(0, "name", "tableName", "path")
    writer = _with_mode(writer, given.named.get("mode") or given.named.get("outputMode"))
    if name in ("mode", "outputMode"):
        return known(_with_mode(writer, first or given.get(0, "saveMode", "outputMode")))
    if (option := _path_option(name, given)) is not None:
        return known(replace(writer, path=option))
    if name == "foreachBatch" and first is None:
        first = given.get(0, "func")
    if name == "foreachBatch" and first is not None:
        for each in first.alternatives:
            function = as_function(each)
            if function is not None:
                run.call(function, [unknown("batch"), unknown("batch_id")], {})
    if name in ("saveAsTable", "toTable", "table", "insertInto") and first is not None:  # `table`: of a stream
        how = writer.how
        if name == "insertInto":
            over = given.get(1, "overwrite")
            replaces = (
                over.one is True if over is not None else writer is not None and how == "overwrite" and _said(node)
            )
            how = "overwrite" if replaces else "append"
        run.use(how, first, place)
        path = given.named.get("path") or writer.path
        if path is not None:
            run.use(how, path, place, "path")
        return unknown(source(node))
    if name in _FILES | {"save", "start"}:
        path = first if first is not None else writer.path
        if path is not None:
            run.use(writer.how, path, place, "path")
        return unknown(source(node))
    return known(writer)


def _path_option(name: str, given: Arguments) -> Value | None:
    """Return the path that an option of a reader or writer says."""
    if name == "option" and len(given.all) == 2 and given.all[0].one == "path":
        return given.all[1]
    return given.named.get("path") if name == "options" else None


def _said(node: ast.Call) -> bool:
    """Return whether a chain of calls sets a mode: without it, `insertInto` appends."""
    return any(isinstance(part, ast.Attribute) and part.attr == "mode" for part in ast.walk(node.func))


def _with_mode(writer: Writer, mode: Value | None) -> Writer:
    if mode is None:
        return writer
    return replace(writer, how=_MODES.get(mode.one, "overwrite") if isinstance(mode.one, str) else "overwrite")


def _target(run: Run, target: Target, name: str, given: Arguments, node: ast.Call) -> Value:
    if name in _TARGETS:
        run.use(_TARGETS[name], target.name, run.at(run.line))
        return unknown(source(node))
    return known(target)


def _delta(run: Run, table: Delta, name: str, given: Arguments, node: ast.Call) -> Value:
    if name in _CHANGES or name in _CARE:
        run.use("read" if name in _CARE else "change", table.name, run.at(run.line), table.kind)
        return unknown(source(node))
    return known(table)
