"""Words of a run that text and HTML share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dex_agents.models import Run, Verdict

#: Columns of one change that are named before the rest is counted.
MOST_NAMES = 12


def headline(run: Run) -> str:
    """Return the run in one line."""
    who = run.provider if run.model is None else f"{run.provider}, {run.model}"
    if run.verdict is None or run.proposal is None:
        return f"{run.role}: {run.outcome} ({who})"
    sample = f", on {run.verdict.sample}" if run.verdict.sample else ""
    return f"{run.role}: {run.verdict.status}{sample} ({who})"


def row_lines(verdict: Verdict) -> list[str]:
    """Return rows in and out, a line a step."""
    return [f"{step.step}: {step.rows_in:,} -> {step.rows_out:,}" for step in verdict.rows]


def changed_columns(verdict: Verdict) -> list[str]:
    """Return what the columns become, a line a kind of change."""
    groups: dict[str, list[str]] = {}
    for change in verdict.columns:
        if change.before is None:
            what = f"new {change.after}"
        elif change.after is None:
            what = f"gone, was {change.before}"
        else:
            what = f"{change.before} -> {change.after}"
        groups.setdefault(what, []).append(change.name)
    lines = []
    for what, names in groups.items():
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        lines.append(f"{what}: {', '.join(names[:MOST_NAMES])}{more}")
    return lines
