"""What holds for a result, as code of a second cell; the exporter makes tests of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dex_agents.plan import Columns, sql_name


def assertions_for(into: str, columns: Columns, key: Sequence[str] | None, *, unique_rows: bool) -> str:
    """Return assertions about a frame: its columns with their types, its key, its rows.

    Args:
        into: name of the frame.
        columns: the columns it declares.
        key: columns that identify a row.
        unique_rows: whether no two rows may be the same.
    """
    pairs = [f"    {_text(name)}: {_text(kind)}," for name, kind in columns.items()]
    lines = [f"assert dict({into}.dtypes) == {{", *pairs, "}"]
    if key:
        grouped = ", ".join(_text(name) for name in key)
        missing = " or ".join(f"{_plain(name)} is null" for name in key)
        lines.append(f'assert {into}.groupBy({grouped}).count().filter("count > 1").count() == 0')
        lines.append(f"assert {into}.filter({_text(missing)}).count() == 0")
    elif unique_rows:
        lines.append(f"assert {into}.distinct().count() == {into}.count()")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else sql_name(name)
