"""The columns of a frame as a plan sees them: a name and Spark's short word for the type."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

from dex_dbutils.errors import PlanError

#: Column name -> Spark's ``simpleString`` of its type, in the frame's order.
Columns = dict[str, str]

INTEGERS: Final = frozenset({"tinyint", "smallint", "int", "bigint"})
NUMBERS: Final = INTEGERS | {"float", "double"}
TIMES: Final = frozenset({"timestamp", "timestamp_ntz", "date"})


def is_text(kind: str) -> bool:
    """Return whether a type holds text."""
    return kind == "string" or kind.startswith(("varchar", "char"))


def is_number(kind: str) -> bool:
    """Return whether a type holds numbers."""
    return kind in NUMBERS or kind.startswith("decimal")


def text_columns(columns: Mapping[str, str]) -> list[str]:
    """Return the names of the columns that hold text."""
    return [name for name, kind in columns.items() if is_text(kind)]


def need(columns: Mapping[str, str], names: Iterable[str], step: str) -> None:
    """Make sure that a step names columns that are there, each once.

    Raises:
        PlanError: DEX-AGENT-11, a name is unknown or stands twice.
    """
    seen = set()
    for name in names:
        if name not in columns:
            near = difflib.get_close_matches(name, columns, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise PlanError(
                "DEX-AGENT-11",
                f"Step `{step}` names a column '{name}' that is not there at that point.{hint}",
                remedy=f"The columns are: {', '.join(columns)}.",
            )
        if name in seen:
            raise PlanError("DEX-AGENT-11", f"Step `{step}` names column '{name}' twice.", remedy="Name it once.")
        seen.add(name)


def need_type(columns: Mapping[str, str], name: str, wanted: Iterable[str], step: str) -> None:
    """Make sure that a column's type is one that a step can work on.

    Raises:
        PlanError: DEX-AGENT-12, it is of another type.
    """
    kind = columns[name]
    words = set(wanted)
    groups = {"text": is_text(kind), "number": is_number(kind), "integer": kind in INTEGERS, "time": kind in TIMES}
    if not any(groups.get(word, kind == word) for word in words):
        raise PlanError(
            "DEX-AGENT-12",
            f"Step `{step}` needs {' or '.join(sorted(words))} in column '{name}', which is {kind}.",
            remedy="Cast the column in an earlier step, or leave it out of this one.",
        )


def literal(value: object) -> str:
    """Return a value as Python source; text in double quotes unless it holds some, everything unprintable escaped."""
    source = repr(value)
    if isinstance(value, str) and source[0] == "'" and '"' not in value:
        return '"' + source[1:-1] + '"'
    return source


def reference(name: str) -> str:
    """Return a column's name as Python source where Spark would take a dot for the way into a struct."""
    return literal(f"`{name}`" if "." in name else name)


def sql_text(text: str) -> str:
    """Return a text as SQL source."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def sql_name(name: str) -> str:
    """Return a column's name quoted for a SQL expression."""
    return "`" + name.replace("`", "``") + "`"
