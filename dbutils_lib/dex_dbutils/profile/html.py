"""A profile as an HTML table: no scripts, no identifiers, the colours of the page it stands in."""

from __future__ import annotations

from html import escape

from dex_dbutils.profile import wording
from dex_dbutils.profile.model import ColumnProfile, Profile
from dex_dbutils.profile.text import notes

_HEADERS = ("column", "type", "nulls", "distinct", "min", "25 %", "median", "75 %", "max", "mean", "stddev")
_LEFT = "text-align:left"
_RIGHT = "text-align:right"


def profile_html(profile: Profile) -> str:
    """Return the table of the columns and, folded, the sample rows."""
    heads = [f"<th style='{_LEFT}'>{name}</th>" for name in (*_HEADERS, "most frequent", "notes")]
    body = "".join(_row(column) for column in profile.columns)
    parts = [
        f"<p><strong>{escape(wording.headline(profile))}</strong></p>",
        f"<div style='overflow-x:auto'><table><thead><tr>{''.join(heads)}</tr></thead><tbody>{body}</tbody></table></div>",
        *(f"<p><small>{escape(line)}</small></p>" for line in wording.bounds(profile)),
    ]
    if profile.sample:
        parts.append(_sample(profile))
    return "".join(parts)


def _row(column: ColumnProfile) -> str:
    cells = [
        _cell(column.type, _LEFT, 32),
        _cell(wording.nulls(column), _RIGHT),
        _cell(wording.distinct(column), _RIGHT),
        _cell(wording.smallest(column), _RIGHT),
        _cell(wording.median(column, "0.25"), _RIGHT),
        _cell(wording.median(column), _RIGHT),
        _cell(wording.median(column, "0.75"), _RIGHT),
        _cell(wording.largest(column), _RIGHT),
        _cell("" if column.mean is None else wording.number(column.mean), _RIGHT),
        _cell("" if column.stddev is None else wording.number(column.stddev), _RIGHT),
        _cell(wording.top(column, 3), _LEFT, 90),
        _cell(notes(column), _LEFT, 160),
    ]
    return f"<tr><th scope='row' style='{_LEFT}'>{escape(column.name)}</th>{''.join(cells)}</tr>"


def _sample(profile: Profile) -> str:
    names = [column.name for column in profile.columns]
    digits = {name: wording.digits_apart(row[name] for row in profile.sample) for name in names}
    head = "".join(f"<th style='{_LEFT}'>{escape(name)}</th>" for name in names)
    rows = "".join(
        f"<tr>{''.join(_cell(wording.shown(row[name], 40, digits[name]), _LEFT) for name in names)}</tr>"
        for row in profile.sample
    )
    return (
        f"<details><summary>{len(profile.sample)} sample row{'' if len(profile.sample) == 1 else 's'}</summary><div style='overflow-x:auto'><table>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _cell(text: str, style: str, width: int = 60) -> str:
    cut = text if len(text) <= width else text[: width - 1] + "…"
    return f"<td style='{style}'>{escape(cut)}</td>"
