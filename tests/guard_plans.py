"""Plans of Spark Connect as clients send them, and what is expected of the guard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from dex_dbutils import Environment, GuardError
from pyspark.sql.connect.proto import base_pb2, catalog_pb2, commands_pb2, expressions_pb2, relations_pb2

Plan, Relation, Command = base_pb2.Plan, relations_pb2.Relation, commands_pb2.Command
Env = Callable[[str], Environment]
MakeLine = Callable[[Environment], Any]


def sql(text: str, **arguments: str) -> Any:
    named = {k: expressions_pb2.Expression(literal={"string": v}) for k, v in arguments.items()}
    return Plan(command=Command(sql_command={"input": Relation(sql={"query": text, "named_arguments": named})}))


def read(name: str) -> Any:
    return Relation(read={"named_table": {"unparsed_identifier": name}})


def save(name: str, **options: str) -> Any:
    write = commands_pb2.WriteOperation(input=read("lab.bronze.t"), mode=2, options=options)
    write.table.table_name, write.table.save_method = name, 1
    return Plan(command=Command(write_operation=write))


def save_path(path: str) -> Any:
    return Plan(command=Command(write_operation={"input": read("t"), "source": "delta", "path": path}))


def catalog(**call: Any) -> Any:
    return Plan(root=Relation(catalog=catalog_pb2.Catalog(**call)))


def refused(line: Any, plan: Any, code: str) -> GuardError:
    before = len(line.server.arrived)
    with pytest.raises(GuardError) as caught:
        line.run(plan)
    assert caught.value.code == code
    assert len(line.server.arrived) == before
    assert caught.value.remedy
    return caught.value


def read_path(*paths: str, format: str = "csv", **options: str) -> Any:
    source = {"format": format, "paths": list(paths), "options": options}
    return Plan(root=Relation(limit={"limit": 1, "input": Relation(read={"data_source": source})}))


def config(**pairs: str) -> Any:
    return base_pb2.ConfigRequest(
        session_id="s",
        operation={"set": {"pairs": [{"key": k.replace("__", "."), "value": v} for k, v in pairs.items()]}},
    )
