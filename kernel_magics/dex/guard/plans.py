"""What a request of Spark Connect would do: a walk through its messages, whatever client made them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dex_dbutils import GuardError

from dex.guard.classes import CATALOG_WRITES, CLASSES, HARMLESS, REQUESTS, UNKNOWN
from dex.guard.effects import Effect, Read, Setting, Stream, Use, Write, split_name, written_name, written_table
from dex.guard.paths import FILE_FORMATS

#: A plan grows no larger than this when it is decompressed.
LARGEST_PLAN = 1 << 30

#: Messages that hold no plan, no SQL text and no extension: the walk does not go in.
LEAVES = frozenset(
    f"spark.connect.{name}"
    for name in (
        "DataType",
        "Expression.Literal",
        "ExpressionCommon",
        "RelationCommon",
        "StorageLevel",
        "UserContext",
        "ExecutePlanRequest.RequestOption",
        "LocalRelation",
        "KeyValue",
    )
)
_MODES_V1 = {1: "append", 2: "overwrite", 3: "error", 4: "ignore"}


def effects_of_request(request: Any) -> list[Effect]:
    """Return what a request would change, and which files it would read, in the order of its messages.

    Args:
        request: a request message of the service, from any version of the client.

    Raises:
        GuardError: DEX-GUARD-05, a compressed plan cannot be read.
    """
    name = request.DESCRIPTOR.name
    if name == "CloneSessionRequest" or REQUESTS.get(name) == HARMLESS:
        return []
    effects = list(_walk(request))
    if name not in REQUESTS:
        effects.append(Write(name, "unknown", reason="this guard does not know the request"))
    return effects


def _walk(root: Any) -> Iterator[Effect]:
    """Visit every message once. A stack instead of recursion: a plan may be a thousand relations deep."""
    stack = [root]
    while stack:
        message = stack.pop()
        name = message.DESCRIPTOR.full_name
        if name in CLASSES:
            oneof, classes = CLASSES[name]
            chosen = message.WhichOneof(oneof)
            kind = classes.get(chosen or "", UNKNOWN)
            if kind == UNKNOWN:
                yield _unknown(message, chosen)
            elif kind != HARMLESS:
                yield from _EXAMINE.get((name, chosen), _nothing)(getattr(message, chosen))
            if name == "spark.connect.Plan" and chosen == "compressed_operation":
                stack.append(decompressed(message))
                continue
        for field, value in message.ListFields():
            inner = field.message_type
            if inner is None or inner.full_name in LEAVES or inner.full_name == "google.protobuf.Any":
                continue
            if hasattr(value, "ListFields"):
                stack.append(value)
            else:  # a repeated field, or a map
                values = value.values() if hasattr(value, "values") else value
                stack.extend(each for each in values if hasattr(each, "ListFields"))


def _unknown(message: Any, chosen: str | None) -> Write:
    operation = f"{message.DESCRIPTOR.name.lower()} {chosen or '(new to this guard)'}"
    return Write(operation, "unknown", reason="this guard cannot read it")


def _nothing(_: Any) -> Iterator[Effect]:
    return iter(())


def decompressed(plan: Any) -> Any:
    """Return the relation or command inside of a compressed plan, as a plan of its own.

    Raises:
        GuardError: DEX-GUARD-05, it cannot be read.
    """
    operation = plan.compressed_operation
    values = operation.DESCRIPTOR.fields_by_name["op_type"].enum_type.values_by_number
    codecs = operation.DESCRIPTOR.fields_by_name["compression_codec"].enum_type.values_by_number
    kind = values[operation.op_type].name if operation.op_type in values else ""
    codec = codecs[operation.compression_codec].name if operation.compression_codec in codecs else ""
    field = {"OP_TYPE_RELATION": "root", "OP_TYPE_COMMAND": "command"}.get(kind)
    if field is None or not codec.endswith("ZSTD"):
        raise _unreadable(f"it is compressed in a way that is not known ({kind or 'kind'}, {codec or 'codec'})")
    try:
        import zstandard

        with zstandard.ZstdDecompressor().stream_reader(operation.data) as reader:
            data = reader.read(LARGEST_PLAN + 1)
        if len(data) > LARGEST_PLAN:
            raise _unreadable(f"it is larger than {LARGEST_PLAN >> 20} MiB")
        opened = type(plan)()
        getattr(opened, field).ParseFromString(data)
    except GuardError:
        raise
    except Exception as error:  # the library's own errors differ from version to version
        raise _unreadable(f"it cannot be decompressed ({type(error).__name__})") from error
    return opened


def _unreadable(reason: str) -> GuardError:
    return GuardError(
        "DEX-GUARD-05",
        f"The guard cannot read a compressed plan: {reason}; nothing was sent.",
        remedy="Make the plan smaller: read large data from a file instead of a literal, or split the SQL text.",
    )


# -- messages that are taken apart -------------------------------------------------------------------------------------


def _sql(message: Any) -> Iterator[Effect]:
    """Take apart a `SQL` relation or a `SqlCommand`; the SQL parser is imported here, at the first text."""
    text = getattr(message, "query", None) or getattr(message, "sql", "")
    if not text:
        return  # a SqlCommand of a newer client: its text is in the relation inside
    from dex.guard.statements import effects_of_sql

    arguments: dict[str, str] = {}
    for field in ("args", "named_arguments"):
        for key, value in (getattr(message, field, None) or {}).items():
            literal = getattr(value, "literal", value)
            if literal.WhichOneof("literal_type") == "string":
                arguments[key] = literal.string
    yield from effects_of_sql(text, tuple(sorted(arguments.items())))


def _read(message: Any) -> Iterator[Effect]:
    if message.HasField("named_table"):
        parts = split_name(message.named_table.unparsed_identifier)
        if len(parts) == 2 and parts[0].lower() in FILE_FORMATS and "/" in parts[1]:
            yield Read("spark.table", parts[1])
    elif (message.data_source.format or "delta").lower() in FILE_FORMATS:
        source = message.data_source
        for path in source.paths or [""]:
            yield Read(f"spark.read, {source.format or 'delta'}", path)


def _options(operation: str, options: Any) -> Iterator[Effect]:
    for key, value in options.items():
        yield Setting(key, value, operation)


def _write_operation(message: Any) -> Iterator[Effect]:
    mode = _MODES_V1.get(message.mode, "")
    kind = message.WhichOneof("save_type")
    options = dict(message.options)
    method = "save"
    if kind == "table":
        method = "insertInto" if message.table.save_method == 2 else "saveAsTable"
        yield written_table(f"{method} ({mode})" if mode else method, message.table.table_name)
    elif message.source != "noop":
        path = message.path or next((options[key] for key in options if key.lower() == "path"), "")
        operation = f"save ({mode})" if mode else "save"
        if path:
            yield Write(operation, "path", (path,))
        elif "dbtable" in {key.lower() for key in options}:
            yield Write(operation, "unknown", reason=f"it goes to another system by {message.source}")
        else:
            yield Write(operation, "unknown", reason="it names neither table nor path")
    yield from _options(method, options)


def _write_operation_v2(message: Any) -> Iterator[Effect]:
    yield written_table("writeTo", message.table_name)
    yield from _options("writeTo", message.options)


def _stream(message: Any) -> Iterator[Effect]:
    destination = message.WhichOneof("sink_destination")
    if destination == "table_name" and message.table_name:
        yield written_table("toTable", message.table_name)
    elif destination == "path" and message.path:
        yield Write("start a stream", "path", (message.path,))
    elif message.HasField("foreach_writer") or message.HasField("foreach_batch"):
        yield Write("start a stream", "unknown", reason="what its function writes runs out of sight")
    elif message.format not in {"memory", "console", "noop"}:
        path = next((value for key, value in message.options.items() if key.lower() == "path"), "")
        if path:
            yield Write("start a stream", "path", (path,))
        else:
            yield Write("start a stream", "unknown", reason=f"it goes to '{message.format}'")
    yield from _options("start a stream", message.options)
    yield Stream(_sink(message))


def _sink(message: Any) -> str:
    if message.table_name:
        return f"the table {message.table_name}"
    if message.HasField("foreach_batch"):
        return "a function of yours (foreachBatch)"
    if message.HasField("foreach_writer"):
        return "a function of yours (foreach)"
    return "" if message.format in {"console", "noop"} and not message.path else message.path or f"'{message.format}'"


def _merge(message: Any) -> Iterator[Effect]:
    yield written_table("mergeInto", message.target_table_name)


def _ml_write(message: Any) -> Iterator[Effect]:
    yield Write("save a model", "path", (message.path,))


def _set_current_catalog(message: Any) -> Iterator[Effect]:
    yield Use(message.catalog_name, sure=True)


def _set_current_database(message: Any) -> Iterator[Effect]:
    parts = split_name(message.db_name)
    yield from (Use(parts[0], sure=False) for _ in parts[1:2])


def _catalog_write(operation: str, field: str, level: Any) -> Callable[[Any], Iterator[Effect]]:
    words = operation.split("_")
    called = f"spark.catalog.{words[0]}{''.join(word.title() for word in words[1:])}"

    def examine(message: Any) -> Iterator[Effect]:
        parts = split_name(getattr(message, field, ""))
        if level == "table":
            yield written_name(called, parts)
        elif all(parts):
            yield Write(called, level, parts)
        else:
            yield Write(called, "unknown", reason="it has no readable name")
        if operation in {"create_table", "create_external_table"} and message.path:
            yield Write(called, "path", (message.path,))

    return examine


def _config_set(message: Any) -> Iterator[Effect]:
    for pair in message.pairs:
        yield Setting(pair.key, pair.value, "spark.conf.set")


_EXAMINE: dict[tuple[str, str | None], Callable[[Any], Iterator[Effect]]] = {
    ("spark.connect.Relation", "read"): _read,
    ("spark.connect.Relation", "sql"): _sql,
    ("spark.connect.Command", "sql_command"): _sql,
    ("spark.connect.Command", "write_operation"): _write_operation,
    ("spark.connect.Command", "write_operation_v2"): _write_operation_v2,
    ("spark.connect.Command", "write_stream_operation_start"): _stream,
    ("spark.connect.Command", "merge_into_table_command"): _merge,
    ("spark.connect.MlCommand", "write"): _ml_write,
    ("spark.connect.Catalog", "set_current_catalog"): _set_current_catalog,
    ("spark.connect.Catalog", "set_current_database"): _set_current_database,
    ("spark.connect.ConfigRequest.Operation", "set"): _config_set,
    **{
        ("spark.connect.Catalog", operation): _catalog_write(operation, field, level)
        for operation, (field, level) in CATALOG_WRITES.items()
    },
}
