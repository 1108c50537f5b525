"""The scan budget: how many bytes of files a request would read, as the engine plans it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from dex_dbutils import GuardError
from dex_dbutils.config import Environment

from dex.guard.confirmation import where_set
from dex.guard.effects import Effect, Write
from dex.guard.plans import decompressed

#: Asks the engine for the plan of a relation, with every file of it.
Explain = Callable[[Any], str]

_GROUPS = re.compile(r"file_groups=\{\d+ groups?: \[\[(.*?)\]\]\}")
_RANGE = re.compile(r"^(.*):(\d+)\.\.(\d+)$")
#: Asks for the plan of a statement with every file of it.
_ASK = "EXPLAIN COST"
#: Statements that read what their queries name; others define, or look.
_READING = frozenset({"INSERT", "MERGE", "UPDATE", "DELETE", "CREATE TABLE"})


def check_scan(request: Any, effects: list[Effect], environment: Environment, explain: Explain) -> None:
    """Let a request pass that reads no more than the environment's ``guard.max_scan``, or raise.

    Args:
        request: what would be sent; only one that runs a plan reads files.
        effects: what it would change.
        environment: the bound environment.
        explain: asks the engine for a plan.

    Raises:
        GuardError: DEX-GUARD-13, the files are larger; nothing was sent.
    """
    limit = environment.guard.max_scan_bytes
    if limit is None or request.DESCRIPTOR.name != "ExecutePlanRequest":
        return
    relation = _scanned(request.plan, effects)
    if relation is None:
        return
    try:
        plan = explain(relation)
    except Exception:  # noqa: BLE001  the engine says what is wrong with it when it is run
        return
    sizes = dict(files_of(plan))
    total = sum(sizes.values())
    if total > limit:
        raise GuardError(
            "DEX-GUARD-13",
            f"The query would read {total:,} bytes in {len(sizes):,} files; environment '{environment.name}' allows "
            f"{limit:,} bytes ({environment.guard.max_scan}) for one query. It was not sent.",
            where_set(environment, "guard.max_scan"),
            "Filter by the columns that the table is partitioned by, or read fewer files; or raise guard.max_scan if the "
            "scan is meant.",
        )


def files_of(plan: str) -> Iterator[tuple[str, int]]:
    """Yield the files of this machine that a plan of the engine reads, each with the bytes that it reads of it."""
    for groups in _GROUPS.findall(plan):
        for group in groups.split("], ["):
            pending = ""
            for piece in group.split(", "):  # a name may hold a comma
                pending = f"{pending}, {piece}" if pending else piece
                found = _RANGE.match(pending)
                place = f"/{unquote(found[1] if found else pending)}"
                if os.path.isfile(place):
                    yield (pending, int(found[3]) - int(found[2])) if found else (pending, Path(place).stat().st_size)
                    pending = ""


def _scanned(plan: Any, effects: list[Effect]) -> Any:
    """Return the relation whose files a plan reads when it is run; None where it reads none."""
    kind = plan.WhichOneof("op_type")
    if kind == "compressed_operation":
        return _scanned(decompressed(plan), effects)
    if kind == "root":
        return None if _statement(plan.root).sql.query.startswith(_ASK) else plan.root  # the guard's own question
    command = plan.command
    chosen = command.WhichOneof("command_type")
    if chosen in {"write_operation", "write_operation_v2"}:
        return getattr(command, chosen).input
    if chosen == "merge_into_table_command":
        return command.merge_into_table_command.source_table_plan
    written = {each.operation for each in effects if isinstance(each, Write)}
    if chosen == "sql_command" and command.sql_command.HasField("input") and written & _READING:
        return _explaining(command.sql_command.input)
    return None


def _explaining(statement: Any) -> Any:
    """Return a query for the plan of a statement that changes something; it runs nothing of it."""
    query = type(statement)()
    query.CopyFrom(statement)
    inner = _statement(query)
    inner.sql.query = f"{_ASK} {inner.sql.query}"
    return query


def _statement(relation: Any) -> Any:
    """Return the relation that a SQL text is in, frames in its text or not."""
    return relation.with_relations.root if relation.WhichOneof("rel_type") == "with_relations" else relation


def plans_of(spark: Any) -> Explain:
    """Return what asks a session's engine for a plan with every file of it: its mode `cost` leaves none out."""

    def explain(relation: Any) -> str:
        from pyspark.sql.connect.proto import base_pb2

        plan = base_pb2.Plan(root=relation)
        if _statement(relation).sql.query.startswith(_ASK):
            return str(spark.client.to_table(plan, {})[0][0][0])
        return str(spark.client.explain_string(plan, "cost"))

    return explain
