"""Arguments of SQL commands in the text: all of them, or the command stays as it was."""

from __future__ import annotations

from typing import Any

import pytest
from dex.guard.arguments import write_arguments
from pyspark.sql.connect import proto


def command(text: str, *listed: int, older: bool = False, **named: str) -> Any:
    made = proto.SqlCommand()
    message = made if older else made.input.sql
    if older:
        made.sql = text
    else:
        made.input.sql.query = text
    for name, value in named.items():
        message.named_arguments[name].literal.string = value
    for number in listed:
        message.pos_arguments.add().literal.integer = number
    return made


@pytest.mark.parametrize("older", [False, True])
def test_text_and_comments_are_no_parameters(older: bool) -> None:
    made = command("DELETE FROM t WHERE a=:a AND b = ':a' -- :a\n", older=older, a="it's")
    write_arguments(made)
    message = made if older else made.input.sql
    assert (message.sql if older else message.query) == "DELETE FROM t WHERE a='it\\'s' AND b = ':a' -- :a\n"
    assert not message.named_arguments


def test_a_path_into_json_is_no_parameter() -> None:
    made = command("INSERT INTO t SELECT raw:a, CAST(:a AS INT) :: BIGINT FROM s", a="1")
    write_arguments(made)
    assert made.input.sql.query == "INSERT INTO t SELECT raw:a, CAST('1' AS INT) :: BIGINT FROM s"


@pytest.mark.parametrize(
    ("text", "listed", "named"),
    [
        ("SELECT :a", [], {"a": "1"}),
        ("WITH x AS (SELECT 1) SELECT :a FROM x", [], {"a": "1"}),
        ("DELETE FROM t WHERE a = :a AND b = :b", [], {"a": "1"}),
        ("DELETE FROM t WHERE a = ? AND b = ?", [1], {}),
        ("DELETE FROM t WHERE a = ?", [1, 2], {}),
        ("OPTIMIZE t WHERE a = :a", [], {"a": "1"}),
        ("DELETE FROM t WHERE a = 'open", [], {"a": "1"}),
    ],
)
def test_a_query_and_what_is_not_sure_stay_as_they_were(text: str, listed: list[int], named: dict[str, str]) -> None:
    made = command(text, *listed, **named)
    before = made.SerializeToString(deterministic=True)
    write_arguments(made)
    assert made.SerializeToString(deterministic=True) == before


def test_a_query_that_leads_to_a_change_is_a_command() -> None:
    made = command("WITH x AS (SELECT 1 AS a) INSERT INTO t SELECT a + ? FROM x", 5)
    write_arguments(made)
    assert made.input.sql.query == "WITH x AS (SELECT 1 AS a) INSERT INTO t SELECT a + 5 FROM x"


def test_a_value_without_a_literal_leaves_the_whole_command_as_it_was() -> None:
    made = command("INSERT INTO t SELECT :a, :b", a="1")
    made.input.sql.named_arguments["b"].unresolved_function.function_name = "array"
    write_arguments(made)
    assert made.input.sql.query == "INSERT INTO t SELECT :a, :b"
    assert len(made.input.sql.named_arguments) == 2
