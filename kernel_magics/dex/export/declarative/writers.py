"""Writes in Python: what a chain of calls behind `write`, `writeTo` and `writeStream` declares."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from dex.export.declarative.models import Options, Write
from dex.export.pieces import source_of

#: Options of a writer that a pipeline decides itself.
_BY_ITSELF = frozenset({"overwriteSchema", "mergeSchema", "checkpointLocation", "maxRecordsPerFile", "optimizeWrite"})
_PARTIAL = frozenset({"replaceWhere", "partitionOverwriteMode"})
_VIEWS = frozenset({"createOrReplaceTempView", "createTempView", "registerTempTable"})
_GLOBAL_VIEWS = frozenset({"createOrReplaceGlobalTempView", "createGlobalTempView"})
_SETTINGS = frozenset("mode format option options partitionBy clusterBy bucketBy sortBy".split())
_ENDS = frozenset({"saveAsTable", "insertInto", "toTable"})
_TO = {
    "createOrReplace": "overwrite",
    "replace": "overwrite",
    "create": "overwrite",
    "append": "append",
}
ONE_PART = "A declarative table is made whole: a part of it cannot be overwritten."
WHOLE = (
    'Write the whole table with mode("overwrite"), or let its rows be a stream (`spark.readStream`), which only adds what '
    "is new."
)


@dataclass(frozen=True)
class NoWrite:
    """Why a write has no declarative meaning, and what to do instead."""

    message: str
    remedy: str


@dataclass
class _Chain:
    """Calls behind the writer, in order.

    Attributes:
        root: write, writeStream or writeTo.
        frame: what is written.
        name: the table, where `writeTo` says it.
        calls: name and call.
    """

    root: str
    frame: ast.expr
    name: ast.expr | None
    calls: list[tuple[str, ast.Call]] = field(default_factory=list)


def write_of(node: ast.stmt, text: str) -> Write | NoWrite | None:
    """Return what a statement writes, why it cannot be declared, or None where it writes nothing that is known.

    Args:
        node: a statement; its positions are those of the text.
        text: its source.
    """
    value = node.value if isinstance(node, ast.Expr | ast.Assign) else None
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return None
    name = value.func.attr
    if name in _VIEWS | _GLOBAL_VIEWS and len(value.args) == 1:
        return _view(value, name, text)
    chain = _chain(value)
    if chain is None:
        return None
    if chain.root == "writeTo":
        return _to(chain, text)
    return _stream(chain, text) if chain.root == "writeStream" else _batch(chain, text)


def _chain(call: ast.expr) -> _Chain | None:
    calls: list[tuple[str, ast.Call]] = []
    node = call
    while True:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "writeTo" and node.args:
                return _Chain("writeTo", node.func.value, node.args[0], calls[::-1])
            calls.append((node.func.attr, node))
            node = node.func.value
        elif isinstance(node, ast.Attribute) and node.attr in ("write", "writeStream"):
            return _Chain(node.attr, node.value, None, calls[::-1])
        else:
            return None


def _view(call: ast.Call, name: str, text: str) -> Write | NoWrite:
    assert isinstance(call.func, ast.Attribute)
    if name in _GLOBAL_VIEWS:
        return NoWrite(
            "A global temporary view outlives the notebook; a pipeline has none.",
            "Make it a temporary view or a table.",
        )
    if _literal(call.args[0]) is None:
        return NoWrite("The name of a temporary view is only known when it runs.", "Name it with a literal text.")
    return _made("view", call.args[0], call.func.value, text)


def _batch(chain: _Chain, text: str) -> Write | NoWrite | None:
    end, call = chain.calls[-1] if chain.calls else ("", None)
    if end in _SETTINGS or call is None:
        return NoWrite(
            "A writer gets a name of its own.", "Write in one chain: frame.write.mode(...).saveAsTable(name)."
        )
    if end not in _ENDS:
        return NoWrite(
            f"`{end}` writes files, which are no table of a pipeline.",
            "Write a table with saveAsTable; files for others are a sink (`dp.create_sink`) or a task of their own.",
        )
    options = Options()
    left: list[str] = []
    mode = _argument(call, None, "mode") if end == "saveAsTable" else None
    said = _settings(chain.calls[:-1], options, left, text)
    if isinstance(said, NoWrite):
        return said
    mode = mode or said
    for keyword in call.keywords:
        if keyword.arg == "partitionBy":
            options.partitions += _columns([keyword.value], text)
        elif keyword.arg == "format":
            _format(keyword.value, left)
        elif keyword.arg not in ("name", "mode", "tableName", "overwrite"):
            problem = _option(ast.Constant(keyword.arg), keyword.value, options, left, text)
            if problem:
                return problem
    name = _argument(call, 0, "name", "tableName")
    if name is None:
        return None
    word = "error" if mode is None else _literal(mode)
    if end == "insertInto":
        over = _argument(call, 1, "overwrite")
        anew = (isinstance(over, ast.Constant) and over.value is True) or (over is None and word == "overwrite")
        word = "overwrite" if anew else "append"
    if word is None:
        return NoWrite(
            f"Whether the table begins anew or grows is only known when it runs: `{source_of(text, mode or call)}`.",
            "Say the mode with a literal text.",
        )
    if word == "ignore":
        return NoWrite("It writes only where there is no table yet.", WHOLE)
    if word in ("error", "errorifexists"):
        left.append("that there must be no table yet: the pipeline makes it anew")
    made = _made("append" if word == "append" else "overwrite", name, chain.frame, text)
    made.by_position, made.options, made.left_out = end == "insertInto", options, left
    return made


def _to(chain: _Chain, text: str) -> Write | NoWrite | None:
    end = chain.calls[-1][0] if chain.calls else ""
    if end in ("overwrite", "overwritePartitions"):
        return NoWrite(ONE_PART, WHOLE)
    if end not in _TO or chain.name is None:
        return None
    options = Options()
    left: list[str] = []
    said = _settings(chain.calls[:-1], options, left, text)
    if isinstance(said, NoWrite):
        return said
    if end == "create":
        left.append("that there must be no table yet: the pipeline makes it anew")
    made = _made("append" if _TO[end] == "append" else "overwrite", chain.name, chain.frame, text)
    made.options, made.left_out, made.replaces = options, left, end in ("createOrReplace", "replace")
    return made


def _stream(chain: _Chain, text: str) -> Write | NoWrite | None:
    words = [name for name, _ in chain.calls]
    if "foreachBatch" in words or "foreach" in words:
        return NoWrite(
            "`foreachBatch` runs code for every batch, which no table declares.",
            "To upsert, use AUTO CDC: `dp.create_auto_cdc_flow(target=..., source=..., keys=[...], sequence_by=...)`; else "
            "write the stream with toTable.",
        )
    calls = [(name, call) for name, call in chain.calls if name not in ("awaitTermination", "processAllAvailable")]
    end, call = calls[-1] if calls else ("", None)
    if call is None or end not in ("toTable", "table"):
        return NoWrite(
            "The stream does not end in a table.", "Write it with toTable; other targets are sinks (`dp.create_sink`)."
        )
    options = Options()
    left: list[str] = []
    quiet = [each for each in calls[:-1] if each[0] not in ("trigger", "queryName", "outputMode")]
    left += [f"`{name}`: the pipeline decides it" for name, _ in calls[:-1] if name in ("trigger", "queryName")]
    modes = [each.args[0] for name, each in calls if name == "outputMode" and each.args]
    if any(_literal(mode) not in ("append", "Append") for mode in modes):
        return NoWrite(
            "A stream that rewrites its table (outputMode complete or update) is no streaming table.",
            'Read the source as a batch and write it with mode("overwrite"): a materialized view is kept up to date.',
        )
    said = _settings(quiet, options, left, text)
    if isinstance(said, NoWrite):
        return said
    name = _argument(call, 0, "tableName")
    if name is None:
        return None
    made = _made("stream", name, chain.frame, text)
    made.options, made.left_out = options, left
    return made


def _settings(
    calls: list[tuple[str, ast.Call]], options: Options, left: list[str], text: str
) -> ast.expr | NoWrite | None:
    """Take in what is said before the end of a chain; return the mode, or why it cannot be declared."""
    mode: ast.expr | None = None
    for name, call in calls:
        if name == "mode" and call.args:
            mode = call.args[0]
        elif name in ("partitionBy", "partitionedBy"):
            columns = _columns(call.args, text)
            if any(not _is_text(column) for column in columns):
                return NoWrite(
                    "The table is partitioned by computed values.", "Partition it by columns, named by texts."
                )
            options.partitions += columns
        elif name == "clusterBy":
            options.clusters += _columns(call.args, text)
        elif name in ("format", "using") and call.args:
            _format(call.args[0], left)
        elif name in ("option", "tableProperty") and len(call.args) == 2:
            problem = _option(call.args[0], call.args[1], options, left, text)
            if problem:
                return problem
        elif name == "options" and not call.args:
            for keyword in call.keywords:
                problem = _option(ast.Constant(keyword.arg), keyword.value, options, left, text)
                if problem:
                    return problem
        elif name == "outputMode":
            continue
        else:
            return NoWrite(f"`{name}` of a writer has no counterpart in a pipeline.", "Take it out.")
    return mode


def _option(key: ast.expr, value: ast.expr, options: Options, left: list[str], text: str) -> NoWrite | None:
    word = _literal(key)
    if word is None:
        return NoWrite("An option of the writer is only known when it runs.", "Name it with a literal text.")
    if word in _PARTIAL:
        return NoWrite(ONE_PART, WHOLE)
    if word == "path":
        return NoWrite("The table lies at a path of its own.", "Leave the path out: the catalog has a place for it.")
    if word.startswith("delta."):
        options.properties[word] = source_of(text, value) if not isinstance(value, ast.Constant) else repr(value.value)
    elif word == "comment":
        options.comment = source_of(text, value) if not isinstance(value, ast.Constant) else repr(value.value)
    else:
        why = "the pipeline decides it" if word in _BY_ITSELF else "a pipeline's table has no such option"
        left.append(f"option `{word}`: {why}")
    return None


def _format(value: ast.expr, left: list[str]) -> None:
    if _literal(value) != "delta":
        left.append("its format: tables of a pipeline are Delta")


def _columns(nodes: list[ast.expr], text: str) -> list[str]:
    return [each for node in nodes for each in _each_column(node, text)]


def _each_column(node: ast.expr, text: str) -> Iterator[str]:
    if isinstance(node, ast.List | ast.Tuple):
        for element in node.elts:
            yield from _each_column(element, text)
    elif isinstance(node, ast.Call) and len(node.args) == 1 and getattr(node.func, "attr", "") in ("col", "column"):
        yield from _each_column(node.args[0], text)
    else:
        yield repr(node.value) if isinstance(node, ast.Constant) else source_of(text, node)


def _is_text(source: str) -> bool:
    return source[:1] in "'\"" or source.isidentifier()


def _made(how: str, name: ast.expr, frame: ast.expr, text: str) -> Write:
    source = source_of(text, frame)
    return Write(
        how,  # type: ignore[arg-type]  # one of its words, by the callers above
        source_of(text, name),
        f"({source})" if "\n" in source else source,
    )


def _argument(call: ast.Call, position: int | None, *names: str) -> ast.expr | None:
    if position is not None and len(call.args) > position:
        return call.args[position]
    return next((k.value for k in call.keywords if k.arg in names), None)


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
