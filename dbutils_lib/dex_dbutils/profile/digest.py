"""What a model should know of a frame before it proposes code for it: short, quoted, without secrets."""

from __future__ import annotations

import json

from dex_dbutils.config import is_secret_key
from dex_dbutils.profile import wording
from dex_dbutils.profile.masking import masked
from dex_dbutils.profile.model import ColumnProfile, Profile, Value

#: How much is said of each column, from most to least: number of frequent values, and characters of a value.
_LEVELS = ((5, 40), (3, 24), (1, 16), (0, 0))


def profile_digest(profile: Profile, max_chars: int) -> str:
    """Return as much of a profile as fits, every column at the same detail; names of columns are given up last."""
    head = f"{profile.name or 'frame'}: {profile.rows} rows, {len(profile.columns)} columns"
    for top, width in _LEVELS:
        lines = [head, *(_line(column, top, width) for column in profile.columns)]
        text = "\n".join(lines)
        if len(text) <= max_chars:
            return text
    return _cut(lines, max_chars)


def _cut(lines: list[str], max_chars: int) -> str:
    """Return the first lines that fit, and how many columns are left out."""
    kept = lines[:1]
    size = len(lines[0]) + 40  # room for the last line
    for line in lines[1:]:
        size += len(line) + 1
        if size > max_chars:
            break
        kept.append(line)
    return "\n".join([*kept, f"... and {len(lines) - len(kept)} more columns"])[:max_chars]


def _line(column: ColumnProfile, top: int, width: int) -> str:
    facts = [f"{column.nulls} null" if column.nulls else "no nulls"]
    if column.distinct is not None:
        about = "" if column.distinct_exact else "about "
        facts.append("all different" if column.unique and column.count > 1 else f"{about}{column.distinct} distinct")
    if column.nan:
        facts.append(f"{column.nan} NaN")
    if column.blanks:
        facts.append(f"{column.blanks} blank")
    if width and column.min is not None and not _secret(column):
        facts.append(f"{_quoted(column.min, width)} to {_quoted(column.max, width)}")
    if width and column.mean is not None and not _secret(column):
        facts.append(f"mean {wording.number(column.mean)}")
    if looks := wording.looks_like(column):
        facts.append(f"looks like {looks}")
    if column.patterns and column.patterns.formats and width:
        facts.append(f"format {next(iter(column.patterns.formats))}")
    if words := wording.null_words(column):
        facts.append(f"null words {words}")
    if top and column.top:
        if _secret(column):
            facts.append("values not shown")
        else:
            values = ", ".join(f"{_quoted(pair.value, width)} x{pair.count}" for pair in column.top[:top])
            facts.append(f"most frequent {values}")
    return f"- {_name(column.name)} {column.type[:60]}: {'; '.join(facts)}"


def _secret(column: ColumnProfile) -> bool:
    """Return whether a column's name says that its values are secrets."""
    return is_secret_key(column.name)


def _quoted(value: Value | None, width: int) -> str:
    """Return a value as a literal in one line, so that no text of the data can pass for words of the prompt."""
    if not isinstance(value, bool) and isinstance(value, (str, int)) and masked(str(value)) != str(value):
        value = masked(str(value))  # numbers as well: a card's number needs no text
    if isinstance(value, str):
        value = value if len(value) <= width else value[: width - 1] + "…"
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _name(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name, ensure_ascii=False)
