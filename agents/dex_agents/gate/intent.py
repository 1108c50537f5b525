"""Whether a result is what the request asks for: every phrase that is understood is looked for in the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dex_agents.clock import clock_columns
from dex_agents.context import Context
from dex_agents.evidence import count_rows
from dex_agents.plan import Columns, is_number, is_text, sql_name, sql_text
from dex_agents.wishes import Wishes

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def unmet(wishes: Wishes, context: Context, result: DataFrame, after: Columns, rows: int) -> list[str]:
    """Return which wishes a result does not fulfil, without any value of the data.

    Args:
        wishes: what the request asks for, as far as it is understood.
        context: request and frames.
        result: what the code makes of the sample.
        after: the result's columns.
        rows: its rows.
    """
    names = {name: wishes.renames.get(name, name) for name in context.columns}
    return [
        *_shape(wishes, names, after),
        *_types(wishes, context, names, after),
        *(_values(wishes, names, result, after, rows) if rows else []),
    ]


def _shape(wishes: Wishes, names: Mapping[str, str], after: Columns) -> list[str]:
    found = [
        f"{old} is not renamed to {new}" for old, new in wishes.renames.items() if new not in after or old in after
    ]
    return found + [f"column {name} is still there" for name in wishes.drops if names[name] in after]


def _types(wishes: Wishes, context: Context, names: Mapping[str, str], after: Columns) -> list[str]:
    wanted: dict[str, str] = {}
    if wishes.types:
        texts = context.evidence.texts.items()
        wanted = {n: v.type for n, v in texts if v.type != "string" and not wishes.stays_text(n)}
    wanted.update(wishes.casts)
    wanted.update(dict.fromkeys(wishes.as_text, "string"))
    for subject in wishes.clocks:
        wanted.update(dict.fromkeys(clock_columns(subject, context), "timestamp"))
    found = []
    for name, kind in wanted.items():
        is_now = after.get(names[name])
        if is_now is None or name in wishes.drops:
            continue
        fits = (
            is_now == kind
            or (is_number(kind) and is_number(is_now))
            or (name not in wishes.casts and not is_text(is_now))
        )
        if not fits:
            found.append(f"{names[name]} is {is_now}, asked for is {kind}")
    return found


def _values(wishes: Wishes, names: Mapping[str, str], result: DataFrame, after: Columns, rows: int) -> list[str]:
    texts = [name for name, kind in after.items() if is_text(kind)]
    needed = [names[name] for name in wishes.needed if names[name] in after]
    asked: list[tuple[str, str]] = []
    if wishes.missing:
        words = ", ".join(map(sql_text, wishes.missing))
        asked += [
            (f"{{}} values of {name} are still a word for missing", f"{sql_name(name)} in ({words})") for name in texts
        ]
    trimmed = [name for name in (wishes.trim or names.values()) if name in texts] if wishes.trim is not None else []
    asked += [(f"{{}} values of {n} still have spaces", f"{sql_name(n)} != trim({sql_name(n)})") for n in trimmed]
    asked += [(f"{{}} rows are without {name}", f"{sql_name(name)} is null") for name in needed]
    found = []
    if asked:
        _, counts, _ = count_rows(result, [condition for _, condition in asked])
        found = [what.format(f"{count:,}") for (what, _), count in zip(asked, counts, strict=True) if count]
    if wishes.unique_rows and not any(kind.startswith("map<") for kind in after.values()):
        extra = rows - result.distinct().count()
        if extra:
            found.append(f"{extra:,} rows are the same as another")
    return found
