"""The guard knows every message of the installed Spark client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dex.guard.classes import CLASSES, EXAMINED, REQUESTS
from dex.guard.plans import _EXAMINE
from pyspark.sql.connect.proto import base_pb2


def messages() -> dict[str, Any]:
    """Return every message that a request of the service can hold, by name."""
    service = base_pb2.DESCRIPTOR.services_by_name["SparkConnectService"]
    found: dict[str, Any] = {}
    stack = [method.input_type for method in service.methods]
    while stack:
        message = stack.pop()
        if message.full_name not in found:
            found[message.full_name] = message
            stack += [field.message_type for field in message.fields if field.message_type is not None]
    return found


MESSAGES = messages()


def choices(name: str) -> Iterator[str]:
    oneof = CLASSES[name][0]
    yield from (field.name for field in MESSAGES[name].oneofs_by_name[oneof].fields)


@pytest.mark.parametrize("name", list(CLASSES))
def test_every_choice_of_the_installed_protocol_has_a_class(name: str) -> None:
    assert sorted(set(choices(name)) - set(CLASSES[name][1])) == []


@pytest.mark.parametrize("name", list(CLASSES))
def test_no_class_is_left_of_a_choice_that_the_protocol_does_not_have(name: str) -> None:
    assert sorted(set(CLASSES[name][1]) - set(choices(name))) == []


def test_every_request_of_the_service_has_a_class() -> None:
    service = base_pb2.DESCRIPTOR.services_by_name["SparkConnectService"]
    assert sorted({method.input_type.name for method in service.methods} - set(REQUESTS)) == []


def test_what_is_examined_has_somebody_who_examines_it() -> None:
    walked_on = {
        ("spark.connect.Plan", "root"),
        ("spark.connect.Plan", "command"),
        ("spark.connect.Plan", "compressed_operation"),
    }
    inside = {("spark.connect.Relation", "catalog"), ("spark.connect.Command", "ml_command")}
    wanted = {
        (name, choice) for name, (_, classes) in CLASSES.items() for choice, kind in classes.items() if kind == EXAMINED
    }
    assert sorted(wanted - set(_EXAMINE) - walked_on - inside) == []


def test_every_place_that_can_hold_a_text_of_sql_is_known() -> None:
    """A new field called `sql` or `query` in a message that the guard takes for harmless must not go unseen."""
    known = {
        "spark.connect.SQL.query",
        "spark.connect.SqlCommand.sql",
        # where a command came from, and names of running streams:
        "spark.connect.JvmOrigin.sql_text",
        "spark.connect.WriteStreamOperationStart.query_name",
        "spark.connect.StreamingQueryManagerCommand.get_query",
        # inside of a command that counts as a write as a whole:
        "spark.connect.PipelineCommand.DefineSqlGraphElements.sql_file_path",
        "spark.connect.PipelineCommand.DefineSqlGraphElements.sql_text",
    }
    found = {
        f"{name}.{field.name}"
        for name, message in MESSAGES.items()
        for field in message.fields
        if field.type == field.TYPE_STRING and ("sql" in field.name or "query" in field.name)
    }
    assert sorted(found - known) == []
