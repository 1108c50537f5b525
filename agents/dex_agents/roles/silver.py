"""The role ``silver``: from a bronze frame as it came to one with types and without dirt."""

from __future__ import annotations

from typing import Final, get_args

from dex_agents.context import Context
from dex_agents.models import Message
from dex_agents.plan import CAST_TYPES, AnyStep
from dex_agents.roles.role import Role

_RULES: Final = """You plan how a table is cleaned with Spark.
Answer with one JSON object and nothing else: {"steps": [...]}. The steps are done in their order.
Do what the request asks, all of it, and nothing else. Use only columns of the table.
Words for missing values go first, then casts, then what needs the types, then rows that go.

Operations:
"""
_FIELDS: Final = {
    "null_tokens": '"tokens": [words]',
    "trim": '"columns": [text columns]',
    "standard_case": '"columns": [text columns], "to": "upper" | "lower" | "title"',
    "cast": f'"columns": [columns], "to": "{"|".join(CAST_TYPES)}"',
    "fill": '"columns": [columns], "value": value',
    "derive_timestamp": '"column": new name or the same, "time", "year", "month", "day": whole-number columns',
    "rename": '"column": column, "to": name',
    "drop_columns": '"columns": [columns]',
    "select": '"columns": [columns]',
    "join": '"frame": other table, "on": [shared columns], "bring": [its columns]',
    "filter": '"column": column, "compare": "=="|"!="|"<"|"<="|">"|">="|"in"|"not in"|"is null"|"is not null", "value": value',
    "reject": "as filter",
    "drop_nulls": '"columns": [columns]',
    "drop_duplicates": "",
    "keep_latest": '"key": [columns], "by": number or time column',
}
_EXAMPLES: Final = """
Request: NA means null. amount is a number. Drop exact duplicates.
{"steps": [{"op": "null_tokens", "tokens": ["NA"]}, {"op": "cast", "columns": ["amount"], "to": "double"}, \
{"op": "drop_duplicates"}]}

Request: Cast id and age to int and day to date, then drop rows without id.
{"steps": [{"op": "cast", "columns": ["id", "age"], "to": "int"}, {"op": "cast", "columns": ["day"], "to": "date"}, \
{"op": "drop_nulls", "columns": ["id"]}]}

Request: Trim name. Keep the latest row per id by changed_at.
{"steps": [{"op": "trim", "columns": ["name"]}, {"op": "keep_latest", "key": ["id"], "by": "changed_at"}]}
"""


def prompt(context: Context, digest: str) -> list[Message]:
    """Return the messages for a model.

    Args:
        context: request and frames; of the frames' values nothing is taken from here.
        digest: what a model may know of the first frame's values.
    """
    return [Message(role="system", content=_system(context)), Message(role="user", content=_question(context, digest))]


def _system(context: Context) -> str:
    lines = []
    for step in get_args(get_args(AnyStep)[0]):
        op = step.model_fields["op"].default
        if op == "join" and not context.others:
            continue
        fields = f", {_FIELDS[op]}" if _FIELDS[op] else ""
        lines.append(f'- {{"op": "{op}"{fields}}}: {step.describe}')
    return f"{_RULES}" + "\n".join(lines) + f"\n\nExamples:\n{_EXAMPLES.strip()}\n"


def _question(context: Context, digest: str) -> str:
    parts = [f"Table {context.frame}:\n{digest.strip()}"]
    fits = {name: values.type for name, values in context.evidence.texts.items() if values.type != "string"}
    if fits:
        parts.append("Text columns whose values all have a type: " + ", ".join(f"{n} {k}" for n, k in fits.items()))
    for name, columns in context.others.items():
        parts.append(f"Table {name} to join: " + ", ".join(f"{column} {kind}" for column, kind in columns.items()))
    if context.key:
        parts.append(f"A row is identified by {', '.join(context.key)}.")
    parts.append(f"Request: {' '.join(context.request.text.split())}")
    return "\n\n".join(parts)


SILVER: Final = Role("silver", prompt)
