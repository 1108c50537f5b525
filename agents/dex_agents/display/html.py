"""A run as HTML: no scripts, no identifiers; the page's colours in JupyterLab, fair ones elsewhere."""

from __future__ import annotations

import io
import keyword
import tokenize
from html import escape
from typing import TYPE_CHECKING

from dex_agents.display.wording import changed_columns, headline, row_lines

if TYPE_CHECKING:
    from dex_agents.models import Check, Run, Verdict

_COLOURS = {
    "passed": "var(--jp-success-color1, #2e7d32)",
    "failed": "var(--jp-error-color1, #c62828)",
    "incomplete": "var(--jp-warn-color1, #b26a00)",
    "not run": "var(--jp-warn-color1, #b26a00)",
}
_GREY = "var(--jp-ui-font-color2, #757575)"
_BORDER = "1px solid var(--jp-border-color2, #9e9e9e66)"
_MONO = "font-family:var(--jp-code-font-family, monospace);font-size:var(--jp-code-font-size, 13px)"
_MARKS = {"passed": "✓", "failed": "✗", "not run": "–", "incomplete": "–"}
_CODE_COLOURS = {
    "keyword": "var(--jp-mirror-editor-keyword-color, #7b1fa2)",
    "string": "var(--jp-mirror-editor-string-color, #b7410e)",
    "comment": "var(--jp-mirror-editor-comment-color, #607d8b)",
    "number": "var(--jp-mirror-editor-number-color, #2e7d32)",
}


def run_html(run: Run) -> str:
    """Return the run: the verdict, the code, the checks, what changes."""
    colour = _COLOURS.get(run.status, _GREY)
    parts = [
        (
            f"<div style='margin-bottom:.6em'><span style='color:{colour};font-weight:600'>"
            f"{_MARKS.get(run.status, '•')} {escape(headline(run))}</span></div>"
        )
    ]
    if run.problem:
        parts.append(
            f"<pre style='color:{_COLOURS['failed']};white-space:pre-wrap;margin:0 0 .6em'>{escape(run.problem)}</pre>"
        )
    if run.outcome == "dry run":
        parts += [_folded(m.role, _pre(escape(m.content)), opened=True) for m in run.prompt]
        if not run.prompt:
            parts.append(f"<div>The provider {escape(run.provider)} sends nothing anywhere.</div>")
    proposal, verdict = run.proposal, run.verdict
    if proposal is not None:
        parts.append(_pre(_coloured(proposal.code.rstrip())))
    if verdict is not None:
        parts.append(_checks(verdict.checks))
        parts.append(_changes(verdict))
    if proposal is not None and proposal.not_followed:
        items = "".join(f"<li>{escape(phrase)}</li>" for phrase in proposal.not_followed)
        parts.append(f"<div style='color:{_COLOURS['not run']}'>Not followed:<ul style='margin:0'>{items}</ul></div>")
    if proposal is not None and proposal.assertions:
        parts.append(_folded("assertions for a second cell", _pre(_coloured(proposal.assertions.rstrip()))))
    return f"<div style='color:var(--jp-content-font-color1, inherit);max-width:75em'>{''.join(parts)}</div>"


def _checks(checks: list[Check]) -> str:
    rows = "".join(
        f"<tr><td style='text-align:left;white-space:nowrap;color:{_COLOURS[check.status] if check.required else _GREY}'>"
        f"{_MARKS[check.status]} {check.status}</td>"
        f"<th scope='row' style='text-align:left'>{escape(check.name)}</th>"
        f"<td style='text-align:left;white-space:normal'>{escape(check.detail)}</td></tr>"
        for check in checks
    )
    return f"<table style='margin:.6em 0;color:inherit'><tbody>{rows}</tbody></table>"


def _changes(verdict: Verdict) -> str:
    rows = [(kind, lines) for kind, lines in _changed(verdict).items() if lines]
    if not rows:
        return ""
    cells = "".join(
        f"<tr><th scope='row' style='text-align:left;vertical-align:top'>{kind}</th>"
        f"<td style='text-align:left;white-space:normal'>{'<br>'.join(map(escape, lines))}</td></tr>"
        for kind, lines in rows
    )
    return f"<table style='margin:.6em 0;color:inherit'><tbody>{cells}</tbody></table>"


def _changed(verdict: Verdict) -> dict[str, list[str]]:
    return {"rows": row_lines(verdict), "columns": changed_columns(verdict)}


def _folded(title: str, content: str, *, opened: bool = False) -> str:
    return f"<details{' open' if opened else ''}><summary>{escape(title)}</summary>{content}</details>"


def _pre(content: str) -> str:
    return (
        f"<pre style='{_MONO};margin:0;padding:.6em .8em;overflow-x:auto;border:{_BORDER};border-radius:3px;"
        f"background:var(--jp-cell-editor-background, transparent);color:var(--jp-content-font-color1, inherit)'>{content}</pre>"
    )


def _coloured(code: str) -> str:
    """Return Python code as HTML, its words coloured as the editor does; as it is where it cannot be read."""
    lines = code.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    parts, done = [], 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            kind = _kind(token)
            if kind is None:
                continue
            begin = starts[token.start[0] - 1] + token.start[1]
            end = starts[token.end[0] - 1] + token.end[1]
            parts.append(escape(code[done:begin]))
            parts.append(f"<span style='color:{_CODE_COLOURS[kind]}'>{escape(code[begin:end])}</span>")
            done = end
    except (tokenize.TokenError, SyntaxError, IndexError):
        return escape(code)
    return "".join(parts) + escape(code[done:])


def _kind(token: tokenize.TokenInfo) -> str | None:
    if token.type == tokenize.NAME:
        return "keyword" if keyword.iskeyword(token.string) else None
    return {tokenize.STRING: "string", tokenize.COMMENT: "comment", tokenize.NUMBER: "number"}.get(token.type)
